"""The command line, in processes of its own, as an operator has it."""

import asyncio
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from app.cli import commands
from app.client import graphql, sending
from app.core.settings import Settings
from app.demo import data, shelves
from app.media.samples import samples

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


def run(*arguments: str, **said: str) -> Result:
    """`labelgraph …` to its end, in this process: importing everything anew takes seconds."""
    runner = CliRunner(env={**dict.fromkeys(SERVICES), "NO_COLOR": "1", "COLUMNS": "200", **said})
    result = runner.invoke(commands(), arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def processes_of(home: Path) -> list[psutil.Process]:
    """What the demo of this home started and is still alive: server, worker, PostgreSQL, Valkey."""
    found = []
    for process in psutil.process_iter(["name", "cmdline", "environ"]):
        told = [
            *(process.info["cmdline"] or ()),
            (process.info["environ"] or {}).get("LABELGRAPH_HOME", ""),
        ]
        is_ours = process.info["name"].startswith(("python", "postgres", "valkey"))
        if is_ours and any(str(home) in part for part in told) and is_alive(process):
            found.append(process)
    return found


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs; one that has ended and waits to be noticed does not."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def new_home() -> Path:
    """A folder that the account of the embedded servers can enter, too."""
    folder = Path(tempfile.mkdtemp(prefix="labelgraph-cli-"))
    folder.chmod(0o711)
    return folder


def remove(home: Path) -> None:
    """End whatever a failed test has left running, and remove the folder."""
    for process in processes_of(home):
        process.kill()
        process.wait()
    shutil.rmtree(home)


@pytest.fixture
def home() -> Iterator[Path]:
    """A home for one test."""
    folder = new_home()
    yield folder
    remove(folder)


@dataclass(frozen=True, slots=True)
class Demo:
    """A running `labelgraph demo`, and what it printed until its files were loaded."""

    home: Path
    process: "subprocess.Popen[str]"
    output: str

    @property
    def people(self) -> list[dict[str, str]]:
        """Who stands in demo.json."""
        found: list[dict[str, str]] = json.loads((self.home / "demo.json").read_text())["people"]
        return found

    @property
    def url(self) -> str:
        """The server's address."""
        found: str = json.loads((self.home / "demo.json").read_text())["url"]
        return found

    def ask(self, query: str, person: int = 0) -> dict[str, Any]:
        """The data that the API answers to one of the people, the administrator first."""
        headers = {"Authorization": f"Bearer {self.people[person]['token']}"}
        asked = {"query": query}
        answer = httpx2.post(
            f"{self.url}/graphql", json=asked, headers=headers, trust_env=False
        ).json()
        assert "errors" not in answer, answer
        found: dict[str, Any] = answer["data"]
        return found

    def new_folder(self) -> str:
        """The id of a new folder."""
        name = f"folder {time.monotonic_ns()}"
        mutation = f'mutation {{ createFolder(input: {{ name: "{name}" }}) {{ folder {{ id }} }} }}'
        folder_id: str = self.ask(mutation)["createFolder"]["folder"]["id"]
        return folder_id


def demo_in(home: Path) -> Demo:
    """Start the demo and wait until it has loaded its files."""
    process = started("demo", "--port", str(free_port()), LABELGRAPH_HOME=str(home))
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ctrl-C stops everything"):
            return Demo(home, process, "".join(lines))
    raise AssertionError("".join(lines))


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """One demo for the tests that leave it running."""
    home = new_home()
    running = demo_in(home)
    yield running
    running.process.send_signal(signal.SIGTERM)
    running.process.communicate(timeout=PATIENCE_SECONDS)
    remove(home)


def test_the_demo_has_a_person_and_a_token_of_each_role(demo):
    assert [person["role"] for person in demo.people] == ROLES
    assert stat.S_IMODE((demo.home / "demo.json").stat().st_mode) == 0o600
    for position, role in enumerate(ROLES):
        assert demo.ask("{ me { role } }", position) == {"me": {"role": role}}


def test_the_demo_loads_real_files_and_reports_the_broken_ones(demo):
    jobs = demo.ask("{ uploadJobs { nodes { status unitCount doneCount errorCount } } }")
    loaded = jobs["uploadJobs"]["nodes"]
    assert len(loaded) == len(shelves.FOLDERS)
    assert all(job["status"] == "DONE" for job in loaded)
    assert sum(job["errorCount"] for job in loaded) == len(
        [sample for sample in samples() if not sample.good]
    )
    assert set().union(*shelves.FOLDERS.values()) == {sample.type for sample in samples()}
    keys = demo.ask("{ metadataSchema { keys { name } typeErrors { nodes { found } } } }")
    assert {key["name"] for key in keys["metadataSchema"]["keys"]} == set(shelves.METADATA_SCHEMA)
    assert keys["metadataSchema"]["typeErrors"]["nodes"] == []


def test_loading_the_demo_again_adds_nothing(demo):
    async def load() -> None:
        async with graphql.connected(demo.url, demo.people[0]["token"]) as api:
            await data.load(api, Console(quiet=True))

    before = demo.ask("{ uploadJobs { nodes { id } } folders { nodes { id } } }")
    asyncio.run(load())
    assert demo.ask("{ uploadJobs { nodes { id } } folders { nodes { id } } }") == before


def test_local_files_are_uploaded_registered_and_not_twice(demo, tmp_path):
    (tmp_path / "a.txt").write_text("a text")
    (tmp_path / "b.csv").write_text("one,two\n1,2\n")
    large = tmp_path / "large.txt"
    large.write_text("line\n" * (sending.LARGE_BYTES // 4))
    folder = demo.new_folder()
    upload = ("upload", folder, str(tmp_path))
    first = run(*upload, LABELGRAPH_HOME=str(demo.home))
    assert first.exit_code == 0, first.stdout + first.stderr
    assert "3 registered, 0 failed" in first.stdout
    again = run(*upload, LABELGRAPH_HOME=str(demo.home))
    assert "An earlier run has registered these" in again.stdout
    files = demo.ask(
        f'{{ files(filter: {{ folder: {{ id: "{folder}" }} }}) {{ nodes {{ name byteSize }} }} }}'
    )
    found = {file["name"]: file["byteSize"] for file in files["files"]["nodes"]}
    assert found == {path.name: path.stat().st_size for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("files", "status", "told"),
    [
        ({"good.txt": b"a text", "bad.png": b"\x89PNG\r\n\x1a\n and no more"}, 1, "bad.png"),
        ({"good.txt": b"a text", "strange.bin": bytes(range(256))}, 1, "strange.bin"),
        ({"strange.bin": bytes(range(256))}, 2, "nothing to upload"),
    ],
)
def test_the_exit_code_of_an_upload_says_how_it_went(demo, tmp_path, files, status, told):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    done = run("upload", demo.new_folder(), str(tmp_path), LABELGRAPH_HOME=str(demo.home))
    assert done.exit_code == status, done.stdout + done.stderr
    assert told in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "document", "status", "told"),
    [
        ("empty.json", '{"images": []}', 0, "0 registered"),
        ("wrong.json", '{"imges": []}', 2, "imges"),
        ("broken.json", "{", 2, "Not registered"),
        ("wrong.txt", "{}", 2, "must end in .json or .csv"),
    ],
)
def test_the_exit_code_of_a_registration_says_how_it_went(
    demo, tmp_path, name, document, status, told
):
    (tmp_path / name).write_text(document)
    done = run("register", demo.new_folder(), str(tmp_path / name), LABELGRAPH_HOME=str(demo.home))
    assert done.exit_code == status, done.stdout + done.stderr
    assert told in done.stdout + done.stderr


def test_a_client_without_rights_or_a_server_is_told_so(demo, tmp_path):
    (tmp_path / "a.txt").write_text("a text")
    upload = ("upload", demo.new_folder(), str(tmp_path))
    nobody = run(*upload, "--token", "lg_none", LABELGRAPH_HOME=str(demo.home))
    assert nobody.exit_code == 2
    assert "no labelgraph API token" in nobody.stderr
    nowhere = run(*upload, "--url", "http://127.0.0.1:1", "--token", "x")
    assert nowhere.exit_code == 2
    assert "cannot be reached" in nowhere.stderr


def test_a_worker_that_dies_is_started_again(demo):
    (before,) = children_of(demo.process, "worker")
    before.kill()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (after := [one for one in children_of(demo.process, "worker") if one != before]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert len(after) == 1
    assert len(children_of(demo.process, "serve")) == 1


def children_of(process: "subprocess.Popen[str]", command: str) -> list[psutil.Process]:
    """The living child processes that do this command."""
    children = psutil.Process(process.pid).children()
    living = [child for child in children if is_alive(child)]
    return [child for child in living if command in child.cmdline()]


def test_a_server_that_dies_ends_everything_with_its_status(home):
    demo = started("demo", "--no-data", "--port", str(free_port()), LABELGRAPH_HOME=str(home))
    until_said(demo, "labelgraph is ready.")
    (server,) = children_of(demo, "serve")
    server.kill()
    output, _ = demo.communicate(timeout=PATIENCE_SECONDS)
    assert demo.returncode == 128 + signal.SIGKILL, output
    assert processes_of(home) == []


def test_a_server_that_was_stuck_is_started_again(home):
    port = free_port()
    demo = started("demo", "--no-data", "--port", str(port), LABELGRAPH_HOME=str(home))
    until_said(demo, "labelgraph is ready.")
    (stuck,) = children_of(demo, "serve")
    stuck.send_signal(signal.SIGALRM)  # as its watchdog does
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (after := [one for one in children_of(demo, "serve") if one != stuck]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert len(after) == 1
    demo.send_signal(signal.SIGINT)
    output, _ = demo.communicate(timeout=PATIENCE_SECONDS)
    assert demo.returncode == 0, output
    assert "a process was stuck and is started again" in output
    assert processes_of(home) == []


def test_the_demo_survives_being_killed_and_leaves_nothing_behind(home):
    arguments = ("demo", "--no-data", "--port", str(free_port()))
    first = started(*arguments, LABELGRAPH_HOME=str(home))
    until_said(first, "labelgraph is ready.")
    said = (home / "demo.json").read_text()

    # server and worker end by themselves; PostgreSQL and Valkey are killed like their parent
    first.kill()
    first.communicate()
    for process in processes_of(home):
        if "app.cli" not in process.cmdline():
            process.kill()
    again = started(*arguments, LABELGRAPH_HOME=str(home))
    until_said(again, "labelgraph is ready.")
    assert (home / "demo.json").read_text() == said

    again.send_signal(signal.SIGINT)
    output, _ = again.communicate(timeout=PATIENCE_SECONDS)
    assert again.returncode == 0, output
    assert "Traceback" not in output
    assert processes_of(home) == []


def until_said(process: "subprocess.Popen[str]", sentence: str) -> None:
    """Read what a process says up to this line."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == f"{sentence}\n":
            return
    raise AssertionError("".join(lines))


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
    assert done.exit_code == 1
    assert f"Port {port} is in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_doctor_finds_nothing_wrong_with_services_that_are_well(settings, home):
    done = run("doctor", **services_of(settings, home))
    assert done.exit_code == 0, done.stdout
    assert "row security holds for labelgraph_app" in done.stdout
    assert "wrong" not in done.stdout


def test_the_doctor_says_what_is_wrong(settings, home):
    services = services_of(settings, home)
    services |= {"REDIS_URL": "unix:///nowhere/valkey.sock", "STORAGE_URL": "file:///proc/nowhere"}
    done = run("doctor", **services)
    assert done.exit_code == 1
    told = {line.split()[1]: line.split()[0] for line in done.stdout.splitlines() if line.strip()}
    assert told["database"] == told["schema"] == told["walls"] == "ok"
    assert told["valkey"] == told["storage"] == "wrong"


def test_the_doctor_names_a_database_that_is_away(settings, home):
    away = services_of(settings, home) | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    done = run("doctor", **away)
    assert done.exit_code == 1
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
    assert run("token", "revoke", email, token_id, **services).exit_code == 0
    assert "revoked" in run("token", "list", email, **services).stdout


def test_a_password_is_set_by_whoever_runs_the_server(settings, home):
    services = services_of(settings, home)
    email = f"first-{os.getpid()}-{time.monotonic_ns()}@example.org"
    run("organisation", "create", "Acme", email, **services)
    good = {**services, "LABELGRAPH_NEW_PASSWORD": "a good long password"}
    assert f"{email} can sign in" in run("password", email, **good).stdout
    short = run("password", email, **{**services, "LABELGRAPH_NEW_PASSWORD": "short"})
    assert (short.exit_code, "at least 10 characters" in short.output) == (1, True)
    assert run("password", "nobody@example.org", **good).exit_code == 1


def test_tokens_of_strangers_are_refused_in_a_sentence(settings, home):
    done = run("token", "create", "nobody@example.org", **services_of(settings, home))
    assert done.exit_code == 1
    assert done.stderr.strip() == "Nobody here has the e-mail nobody@example.org."


def test_the_migrations_make_what_the_models_say():
    done = run("migrate", "--check")
    assert done.exit_code == 0, done.stderr


def test_migrations_are_printed_for_whoever_runs_them_by_hand():
    assert "CREATE TABLE organisation" in printed()
    later = printed("--since", "0001")
    assert "CREATE TABLE organisation " not in later
    assert "CREATE TABLE collection " in later
    assert "CREATE TABLE" not in printed("--since", "0002")


def printed(*arguments: str) -> str:
    """What `labelgraph migrate --sql` prints."""
    output, _ = started("migrate", "--sql", *arguments).communicate(timeout=PATIENCE_SECONDS)
    return output


def test_a_setting_that_cannot_be_used_is_named():
    done = run("doctor", LABELGRAPH_POOL_SIZE="none")
    assert done.exit_code == 1
    assert done.stderr.startswith("The setting pool_size cannot be used")
