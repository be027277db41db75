"""The life of the indexes over vectors, a table each key: when one is built, built anew, or dropped.

A worker looks at the statistics that PostgreSQL keeps of every table, every few seconds; a table that changed is
counted, and what its index needs is decided by `decided`. Answers are exact without an index; only slower.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import text
from sqlmodel import select

from app.core import clock, db, jobs, owner
from app.core.db import Scope, Tx
from app.core.owner import Builder, Progress
from app.core.runtime import Runtime
from app.embeddings import building
from app.embeddings.models import VectorIndexState, VectorTable

BUILD = "build_vector_index"
"""The job: the index of one key is made what it should be."""

COUNTED_UP_TO = 200_000
"""Vectors; larger tables are as large as PostgreSQL's statistics say."""
DEAD_PART = 0.02
"""Of the vectors in an index; more of them make it slow to search and to clear up."""
GROWN_BY = 2.0
LOAD_PART = 0.1
"""A load above this part of an indexed table is quicker without the index, which is built afterwards."""
RETRIED_AFTER = timedelta(minutes=10)

_LOG = structlog.get_logger("embeddings")
_STATISTICS = (
    "select relname as name, n_tup_ins + n_tup_upd + n_tup_del as changes,"
    " n_live_tup as alive, n_dead_tup as dead"
    " from pg_stat_user_tables where relname ~ '^vectors_[0-9a-f]{32}_[0-9]+$'"
)
_IS_LOADING = text(
    "select exists (select from background_job j join metadata_key k"
    " on k.organisation_id = j.organisation_id and k.name = j.input ->> 'key'"
    " where j.organisation_id = :organisation_id and k.number = :number"
    " and j.kind = 'SET_EMBEDDINGS' and j.state in ('QUEUED', 'RUNNING'))"
)


class Step(Enum):
    """What an index needs."""

    NOTHING = auto()
    LATER = auto()
    """Something, but not while vectors come in."""
    BUILD = auto()
    """To be built, or built anew."""
    DROP = auto()


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of a table of vectors."""

    changes: int
    """Rows written and deleted since statistics began."""
    alive: int
    dead: int


@dataclass(slots=True)
class Lookout:
    """Looks at all tables of vectors now and again, in one process."""

    runtime: Runtime
    settled: dict[str, int] = field(default_factory=dict)
    """By table: its changes when there was last nothing to do."""

    async def look(self) -> None:
        """See to every table that changed since the last look."""
        rows = await self.runtime.system_reads.fetch(Scope(), _STATISTICS)
        for row in rows:
            if self.settled.get(row["name"]) == row["changes"]:
                continue
            found = Figures(row["changes"], row["alive"], row["dead"])
            if await see_to(self.runtime, row["name"], found) is Step.NOTHING:
                self.settled[row["name"]] = row["changes"]
        self.settled = {row["name"]: self.settled.get(row["name"], -1) for row in rows}


async def see_to(runtime: Runtime, name: str, found: Figures) -> Step:
    """Count a table, and ask for what its index needs; LATER if somebody else is just at it."""
    organisation_id = UUID(hex=name.split("_")[1])
    async with runtime.db.transaction(Scope(organisation_id)) as tx:
        statement = select(VectorTable).where(VectorTable.name == name)
        row = (await tx.exec(statement.with_for_update(skip_locked=True))).one_or_none()
        if row is None:
            return Step.LATER
        before, row.vector_count = row.vector_count, await _count(tx, name, found.alive)
        row.change_count = found.changes
        step = decided(row, before, found.dead, runtime.settings.vector_index_threshold)
        if step is Step.BUILD and await _is_loading(tx, row):
            step = Step.LATER
        if step in {Step.BUILD, Step.DROP}:
            await ask(tx, row)
        return step


def decided(row: VectorTable, before: int, dead: int, threshold: int) -> Step:
    """What the index of a table needs that had `before` vectors at the last look, and has `dead` rows now."""
    count, state = row.vector_count, row.index_state
    if state in {VectorIndexState.QUEUED, VectorIndexState.WAITING, VectorIndexState.BUILDING}:
        return Step.NOTHING
    if state is VectorIndexState.FAILED and clock.now() - row.updated_at < RETRIED_AFTER:
        return Step.LATER
    if count < (threshold / 2 if row.indexed_count else threshold):
        return Step.DROP if row.indexed_count else Step.NOTHING
    if row.indexed_count and not (
        dead > DEAD_PART * count or count >= GROWN_BY * row.indexed_count
    ):
        return Step.NOTHING
    return Step.LATER if count > before * (1 + LOAD_PART) else Step.BUILD


async def ask(tx: Tx, row: VectorTable) -> None:
    """Have the index of a table made what it should be, after this transaction."""
    row.index_state, row.message, row.updated_at = VectorIndexState.QUEUED, "", clock.now()
    row.done_count, row.total_count = 0, row.vector_count
    tx.add(row)
    await jobs.enqueue(
        tx,
        BUILD,
        lock=BUILD,
        organisation_id=row.organisation_id.hex,
        name=row.name,
    )


async def build(runtime: Runtime, organisation_id: str, name: str) -> None:
    """The job: build the index over a table of vectors anew, or drop it if there are too few."""
    scope = Scope(UUID(organisation_id))
    row = await _row(runtime, scope, name)
    if row is None:
        return
    try:
        async with _alone(runtime) as builder:
            if row.vector_count < runtime.settings.vector_index_threshold / 2:
                await _note(runtime, scope, name, state=VectorIndexState.NONE, indexed_count=0)
                await building.drop(builder, row.name)
                return
            told = partial(_told, runtime, scope, row)
            await building.build(builder, row.name, row.dimensions, told)
    except Exception as error:
        if db.is_passing(error):
            raise
        _LOG.exception("an index over vectors was not built", table=row.name)
        await _note(runtime, scope, name, state=VectorIndexState.FAILED, message=_in_words(error))
        return
    await _note(runtime, scope, name, state=VectorIndexState.READY, indexed_count=row.vector_count)


async def suspend(runtime: Runtime, scope: Scope, name: str, load: int) -> None:
    """Drop the index before a load of so many vectors, if that is the quicker way; it is built again after."""
    row = await _row(runtime, scope, name)
    if row is None or not row.indexed_count or load <= LOAD_PART * row.indexed_count:
        return
    await _note(runtime, scope, name, state=VectorIndexState.NONE, indexed_count=0)
    async with _alone(runtime) as builder:
        await building.drop(builder, row.name)


def _alone(runtime: Runtime) -> AbstractAsyncContextManager[Builder]:
    return owner.alone(runtime.settings, runtime.settings.vector_index_memory)


async def _count(tx: Tx, name: str, estimate: int) -> int:
    if estimate > COUNTED_UP_TO:
        return estimate
    counted = await tx.execute(text(f"select count(*) from {name}"))  # noqa: S608  its name is ours
    return int(counted.scalar_one())


async def _is_loading(tx: Tx, row: VectorTable) -> bool:
    of = {"organisation_id": row.organisation_id, "number": row.key_number}
    return bool((await tx.execute(_IS_LOADING, of)).scalar_one())


async def _row(runtime: Runtime, scope: Scope, name: str) -> VectorTable | None:
    async with runtime.db.read(scope) as session:
        statement = select(VectorTable).where(VectorTable.name == name)
        return (await session.exec(statement)).one_or_none()


async def _told(runtime: Runtime, scope: Scope, row: VectorTable, progress: Progress) -> None:
    await _note(
        runtime,
        scope,
        row.name,
        state=VectorIndexState.WAITING if progress.is_waiting else VectorIndexState.BUILDING,
        message=progress.message,
        done_count=round(progress.done / (progress.total or 1) * row.vector_count),
    )


async def _note(
    runtime: Runtime,
    scope: Scope,
    name: str,
    *,
    state: VectorIndexState,
    message: str = "",
    **figures: int,
) -> None:
    """Say where the index stands."""
    async with runtime.db.transaction(scope) as tx:
        statement = select(VectorTable).where(VectorTable.name == name)
        row = (await tx.exec(statement.with_for_update())).one_or_none()
        if row is None:
            return
        row.index_state, row.message, row.updated_at = state, message, clock.now()
        row.sqlmodel_update(_figures(row, state, figures))
        tx.add(row)


def _figures(
    row: VectorTable, state: VectorIndexState, figures: Mapping[str, int]
) -> dict[str, Any]:
    is_over = state in {VectorIndexState.READY, VectorIndexState.NONE}
    totals = {"done_count": row.vector_count, "total_count": row.vector_count} if is_over else {}
    return {**totals, **figures}


def _in_words(error: Exception) -> str:
    fact = str(error).partition("\n")[0].rstrip(".")[:500]
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return f"{fact}; OWNER_DATABASE_URL names the owner."
    return f"{fact}. It will be tried again."


TASKS: dict[str, Callable[..., Awaitable[None]]] = {BUILD: build}
"""By name, for the worker."""
