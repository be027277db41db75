"""The worker, on a real database: jobs run, and go on elsewhere when their worker dies."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from sqlalchemy import text

from app import worker
from app.core import jobs
from app.core.clock import new_id
from app.core.db import Scope
from app.core.errors import Unavailable
from app.core.relay import Relay
from app.core.runtime import Runtime
from app.worker import Retry, working
from tests.world import World

ROOT = Path(__file__).parents[2]


@pytest.fixture
def impatient(runtime: Runtime) -> Runtime:
    """Workers that are silent for a second are taken for dead."""
    quick = {"heartbeat_seconds": 0.2, "stalled_after_seconds": 1.0}
    return replace(runtime, settings=runtime.settings.model_copy(update=quick))


@pytest.fixture
def key() -> str:
    """A list in Valkey in which jobs write what they do."""
    return f"test:{new_id().hex}"


async def note(runtime: Runtime, key: str, word: str = "done") -> None:
    """A short job."""
    await runtime.bus.rpush(key, word)


async def hang(runtime: Runtime, key: str) -> None:
    """A job that begins and never ends."""
    await runtime.bus.rpush(key, "began")
    await asyncio.sleep(3600)


async def enqueue(runtime: Runtime, task: str, **arguments: str) -> None:
    async with runtime.db.transaction(Scope()) as tx:
        await jobs.enqueue(tx, task, **arguments)


async def written(runtime: Runtime, key: str) -> list[str]:
    return [word.decode() for word in await runtime.bus.lrange(key, 0, -1)]


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Wait for it; the test fails if it does not come true."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110  another process makes it true
            await asyncio.sleep(0.02)


async def until_written(runtime: Runtime, key: str, words: list[str]) -> None:
    async def is_written() -> bool:
        return await written(runtime, key) == words

    await until(is_written)


@asynccontextmanager
async def process(runtime: Runtime) -> AsyncGenerator[Process]:
    """A worker in a process of its own."""
    settings = runtime.settings
    given = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "LABELGRAPH_HOME": str(settings.home),
        "LABELGRAPH_SECRET": runtime.secret.decode(),
        "LABELGRAPH_HEARTBEAT_SECONDS": str(settings.heartbeat_seconds),
        "LABELGRAPH_STALLED_AFTER_SECONDS": str(settings.stalled_after_seconds),
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.app.a_worker", cwd=ROOT, env={**os.environ, **given}
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def test_a_job_is_run_when_its_transaction_has_committed(runtime: Runtime, key: str) -> None:
    async with working(runtime, {"test_note": note}):
        async with runtime.db.transaction(Scope()) as tx:
            await jobs.enqueue(tx, "test_note", key=key)
            await asyncio.sleep(0.2)
            assert await written(runtime, key) == []
        await until_written(runtime, key, ["done"])


async def test_a_job_whose_transaction_was_rolled_back_is_never_run(
    runtime: Runtime, key: str
) -> None:
    async with working(runtime, {"test_note": note}):
        with pytest.raises(ZeroDivisionError):  # noqa: PT012  the block is the transaction
            async with runtime.db.transaction(Scope()) as tx:
                await jobs.enqueue(tx, "test_note", key=key, word="undone")
                raise ZeroDivisionError
        await enqueue(runtime, "test_note", key=key)
        await until_written(runtime, key, ["done"])


async def test_a_job_is_announced_and_waits_for_no_poll(
    runtime: Runtime, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "POLL_SECONDS", 3600)
    async with working(runtime, {"test_note": note}):
        await enqueue(runtime, "test_note", key=key, word="first")
        await until_written(runtime, key, ["first"])
        await enqueue(runtime, "test_note", key=key, word="second")
        await until_written(runtime, key, ["first", "second"])


async def test_what_a_killed_worker_was_doing_is_finished_by_another(
    impatient: Runtime, key: str
) -> None:
    async with process(impatient) as child:
        await enqueue(impatient, "test_hang", key=key)
        await until_written(impatient, key, ["began"])
        async with working(impatient, {"test_hang": note}):
            await asyncio.sleep(1.5)  # longer than the silence that is allowed
            assert await written(impatient, key) == ["began"], "a living worker keeps its job"
            child.send_signal(signal.SIGKILL)
            await until_written(impatient, key, ["began", "done"])


async def test_a_worker_that_is_told_to_stop_gives_its_job_back(runtime: Runtime, key: str) -> None:
    await enqueue(runtime, "test_hang", key=key)
    async with working(runtime, {"test_hang": hang}, grace_seconds=0.1):
        await until_written(runtime, key, ["began"])
    async with working(runtime, {"test_hang": note}):
        await until_written(runtime, key, ["began", "done"])


async def test_sigterm_ends_the_process_in_peace(runtime: Runtime, key: str) -> None:
    async with process(runtime) as child:
        await enqueue(runtime, "test_hang", key=key)
        await until_written(runtime, key, ["began"])
        child.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(child.wait(), 60) == 0
    async with working(runtime, {"test_hang": note}):
        await until_written(runtime, key, ["began", "done"])


async def test_a_worker_whose_connections_break_goes_on(impatient: Runtime, key: str) -> None:
    url = impatient.settings.database_url or ""
    async with working(impatient, {"test_note": note}):
        await enqueue(impatient, "test_note", key=key, word="before")
        await until_written(impatient, key, ["before"])
        with psycopg.connect(jobs.driver_url(url), autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'labelgraph worker' and datname = current_database()"
            )
        await enqueue(impatient, "test_note", key=key, word="after")
        await until_written(impatient, key, ["before", "after"])


async def test_the_end_of_a_job_outlives_a_broken_connection(
    runtime: Runtime, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = [ConnectorException(), ConnectorException()]
    execute = PsycopgConnector.execute_query_async

    async def fragile(self: PsycopgConnector, query: str, **arguments: object) -> None:
        if "finish_job" in query and faults:
            raise faults.pop()
        await execute(self, query, **arguments)

    monkeypatch.setattr(PsycopgConnector, "execute_query_async", fragile)
    async with working(runtime, {"test_note": note}):
        await enqueue(runtime, "test_note", key=key)
        await until_written(runtime, key, ["done"])

        async def is_finished() -> bool:
            return await status(runtime, key) == "succeeded"

        await until(is_finished)
    assert faults == []


async def test_a_worker_stops_though_it_cannot_say_goodbye(
    runtime: Runtime, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(self: JobManager, worker_id: int) -> None:
        raise ConnectorException

    async with asyncio.timeout(30):
        async with working(runtime, {"test_note": note}):
            await enqueue(runtime, "test_note", key=key)
            await until_written(runtime, key, ["done"])
            monkeypatch.setattr(JobManager, "unregister_worker", unreachable)


async def status(runtime: Runtime, key: str) -> str:
    async with runtime.db.read(Scope()) as session:
        query = "select cast(status as text) from procrastinate_jobs where args ->> 'key' = :key"
        found: str = (await session.execute(text(query), {"key": key})).scalar_one()
    return found


@pytest.mark.parametrize(
    ("error", "attempts", "pause_seconds"),
    [
        (asyncio.CancelledError(), 50, None),
        (Unavailable(), 0, 1),
        (Unavailable(), 3, 8),
        (Unavailable(), 50, 60),
        (OSError(), 50, 60),
        (ZeroDivisionError(), 0, 1),
        (ZeroDivisionError(), 3, 8),
    ],
)
def test_a_failed_job_is_tried_again_after_a_growing_pause(error, attempts, pause_seconds):
    decision = Retry().get_retry_decision(exception=error, job=a_job(attempts))
    assert decision is not None
    if pause_seconds is None:
        assert decision.retry_at is None
    else:
        pause = decision.retry_at - decision.retry_at.now(decision.retry_at.tzinfo)
        assert pause_seconds - 1 < pause.total_seconds() <= pause_seconds


def test_a_job_that_meets_a_bug_is_given_up():
    assert Retry().get_retry_decision(exception=ZeroDivisionError(), job=a_job(4)) is None


def a_job(attempts: int) -> Job:
    return Job(
        id=1, queue="default", lock=None, queueing_lock=None, task_name="t", attempts=attempts
    )


async def test_old_keys_and_signatures_are_forgotten_in_every_organisation(
    runtime: Runtime, world: World
) -> None:
    person = await world.organisation()
    async with runtime.db.transaction(person.actor.scope) as tx:
        await tx.execute(
            text(
                "insert into idempotency values"
                " (:o, :u, 'old', 'op', '', '{}', now() - interval '25 hours'),"
                " (:o, :u, 'new', 'op', '', '{}', now() - interval '23 hours')"
            ),
            {"o": person.organisation_id, "u": person.user_id},
        )
    async with runtime.system.transaction(Scope()) as tx:
        await tx.execute(
            text(
                "insert into seen_signature values ('\\x01', now() - interval '1 second'),"
                " ('\\x02', now() + interval '1 minute')"
            )
        )
    async with jobs.queue(runtime.settings.database_url or "").open_async() as queue:
        await worker.keep_house(
            runtime, Relay(runtime.system, runtime.system_reads, runtime.bus), queue
        )
    async with runtime.db.read(person.actor.scope) as session:
        keys = await session.execute(text("select key from idempotency"))
        assert keys.scalars().all() == ["new"]
    async with runtime.system.transaction(Scope()) as tx:
        digests = await tx.execute(text("select digest from seen_signature"))
        assert {b"\x01", b"\x02"}.intersection(digests.scalars()) == {b"\x02"}
