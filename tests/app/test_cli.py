"""The command line, in processes of its own, as an operator has it."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from app.core.settings import Settings

PATIENCE_SECONDS = 60.0
ROLES = ["ADMIN", "MEMBER", "WORKFORCE_MANAGER", "TASKER"]
SERVICES = ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "LABELGRAPH_SECRET")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def environment(**said: str) -> dict[str, str]:
    """This process's, without what names services of others."""
    plain = {name: value for name, value in os.environ.items() if name not in SERVICES}
    return {**plain, "NO_COLOR": "1", "COLUMNS": "200", **said}


def started(*arguments: str, **said: str) -> "subprocess.Popen[str]":
    """`labelgraph …` in a session of its own, as a terminal would have it."""
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", *arguments],
        env=environment(**said),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(*arguments: str, **said: str) -> "subprocess.CompletedProcess[str]":
    """`labelgraph …` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        env=environment(**said),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )


def until_ready(port: int, process: "subprocess.Popen[str]") -> dict[str, Any]:
    """What /readyz says once it says yes and knows a worker; the test fails if the process ends before."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[0]
        try:
            answer = httpx2.get(f"http://127.0.0.1:{port}/readyz", trust_env=False)
        except httpx2.TransportError:
            answer = None
        if answer is not None and answer.json()["status"] == "ok":
            found: dict[str, Any] = answer.json()["checks"]
            return found
        time.sleep(0.1)
    raise AssertionError("It was not ready in time.")


def ask(port: int, token: str, query: str) -> dict[str, Any]:
    """The answer of the API."""
    answer = httpx2.post(
        f"http://127.0.0.1:{port}/graphql",
        json={"query": query},
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
    )
    found: dict[str, Any] = answer.json()
    return found


def processes_of(home: Path) -> list[psutil.Process]:
    """Everything that runs with this home: server, worker, PostgreSQL, Valkey."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        told = [
            *(process.info["cmdline"] or ()),
            (process.info["environ"] or {}).get("LABELGRAPH_HOME", ""),
        ]
        if any(str(home) in part for part in told) and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that the account of the embedded servers can enter; whatever is left in it is ended."""
    with tempfile.TemporaryDirectory(prefix="labelgraph-cli-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)
        for process in processes_of(Path(folder)):
            process.kill()
            process.wait()


def test_the_demo_runs_everything_and_leaves_nothing_behind(home):
    port = free_port()
    arguments = ("demo", "--no-data", "--port", str(port))
    demo = started(*arguments, LABELGRAPH_HOME=str(home))
    assert until_ready(port, demo)["workers"]["state"] == "ok"
    said = json.loads((home / "demo.json").read_text())
    assert stat.S_IMODE((home / "demo.json").stat().st_mode) == 0o600
    assert [person["role"] for person in said["people"]] == ROLES
    for person in said["people"]:
        assert ask(port, person["token"], "{ __typename }") == {"data": {"__typename": "Query"}}

    # killed without warning: server and worker end by themselves, and the next start takes over
    demo.kill()
    demo.communicate()
    again = started(*arguments, LABELGRAPH_HOME=str(home))
    assert again.stdout is not None
    until_token = list(iter(again.stdout.readline, f"  {said['people'][0]['token']}\n"))
    assert "labelgraph is ready.\n" in until_token
    assert json.loads((home / "demo.json").read_text()) == said

    again.send_signal(signal.SIGINT)
    output, _ = again.communicate(timeout=PATIENCE_SECONDS)
    assert again.returncode == 0, output
    assert "Traceback" not in "".join(until_token) + output
    assert processes_of(home) == []


def test_a_server_that_is_told_to_stop_lets_clients_know_and_ends_cleanly(settings, home):
    port = free_port()
    server = started("serve", "--port", str(port), **services_of(settings, home))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while server_status(port) != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    with connect(
        f"ws://127.0.0.1:{port}/graphql", subprotocols=["graphql-transport-ws"], proxy=None
    ) as client:
        server.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert server_status(port) == 503
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=PATIENCE_SECONDS)
    output, _ = server.communicate(timeout=PATIENCE_SECONDS)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    assert server.returncode == 0, output


def services_of(settings: Settings, home: Path) -> dict[str, str]:
    """The settings of the tests, as an operator would give them."""
    assert settings.database_url is not None
    assert settings.redis_url is not None
    assert settings.secret is not None
    return {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "LABELGRAPH_SECRET": settings.secret.get_secret_value(),
        "LABELGRAPH_HOME": str(home),
        "LABELGRAPH_DRAIN_SECONDS": "1.5",
    }


def server_status(port: int) -> int:
    """What /readyz answers with; 0 if nobody listens."""
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code
    except httpx2.TransportError:
        return 0


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_that_is_taken_is_said_in_a_sentence(command, settings, home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(command, "--port", str(port), **services_of(settings, home))
    assert done.returncode == 1
    assert f"Port {port} is in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_doctor_finds_nothing_wrong_with_services_that_are_well(settings, home):
    done = run("doctor", **services_of(settings, home))
    assert done.returncode == 0, done.stdout
    assert "row security holds for labelgraph_app" in done.stdout
    assert "wrong" not in done.stdout


def test_the_doctor_says_what_is_wrong(settings, home):
    services = services_of(settings, home)
    services |= {"REDIS_URL": "unix:///nowhere/valkey.sock", "STORAGE_URL": "file:///proc/nowhere"}
    done = run("doctor", **services)
    assert done.returncode == 1
    told = {line.split()[1]: line.split()[0] for line in done.stdout.splitlines() if line.strip()}
    assert told["database"] == told["schema"] == told["walls"] == "ok"
    assert told["valkey"] == told["storage"] == "wrong"


def test_the_doctor_names_a_database_that_is_away(settings, home):
    away = services_of(settings, home) | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    done = run("doctor", **away)
    assert done.returncode == 1
    assert "wrong  database" in done.stdout


def test_a_new_server_gets_its_first_organisation_and_token(settings, home):
    services = services_of(settings, home)
    email = f"first-{os.getpid()}-{time.monotonic_ns()}@example.org"
    done = run("organisation", "create", "Acme", email, **services)
    organisation, token = done.stdout.split()
    assert organisation.startswith("org_")
    assert token.startswith("lg_")

    listed = run("token", "list", email, **services).stdout
    token_id = next(word for word in listed.split() if word.startswith("tok_"))
    assert "until" in listed
    assert run("token", "revoke", email, token_id, **services).returncode == 0
    assert "revoked" in run("token", "list", email, **services).stdout


def test_tokens_of_strangers_are_refused_in_a_sentence(settings, home):
    done = run("token", "create", "nobody@example.org", **services_of(settings, home))
    assert done.returncode == 1
    assert done.stderr.strip() == "Nobody here has the e-mail nobody@example.org."


def test_the_migrations_make_what_the_models_say():
    done = run("migrate", "--check")
    assert done.returncode == 0, done.stderr


def test_migrations_are_printed_for_whoever_runs_them_by_hand():
    done = run("migrate", "--sql")
    assert "CREATE TABLE organisation" in done.stdout
    assert "CREATE TABLE organisation" not in run("migrate", "--sql", "--since", "0001").stdout


def test_a_setting_that_cannot_be_used_is_named():
    done = run("doctor", LABELGRAPH_POOL_SIZE="none")
    assert done.returncode == 1
    assert done.stderr.startswith("The setting pool_size cannot be used")
