"""The life of the indexes by metadata key and by column: what there is becomes what there should be.

The same comparison adds, drops, repairs and moves; running it again does nothing. An organisation with few files
has no such index, since a scan is as quick. Answers are the same in every state, only their cost differs.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from app.core import clock, jobs, owner
from app.core.db import Scope, Tx
from app.core.owner import Builder, Progress
from app.core.runtime import Runtime
from app.files import reindex
from app.metadata.models import KeyState, MetadataKey
from app.metadata.service import REINDEX
from app.search import building, indexes, wanted
from app.search.indexes import KeyIndex, Purpose
from app.search.models import IndexState, MetadataIndex

RECONCILE = "reconcile_indexes"
"""The job: see whether an organisation's indexes are what they should be."""
BUILD = "build_indexes"
"""The job: make them so. One after the other, so that builds leave workers to others."""

NOTHING_DONE: Mapping[str, int | None] = {"done_count": 0, "total_count": None}

_ORGANISATIONS = "select id from organisation"
_PRESENT = text(
    "select c.relname as name, t.relname as table_name, c.reltuples as entries,"
    " i.indisvalid and (c.relname not like 'file\\_k%'"
    "  or exists (select from pg_statistic_ext s where s.stxname = c.relname)) as is_whole"
    " from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid"
    " where c.relname like any(cast(:patterns as text[])) and t.relname like 'file\\_part\\_%'"
)
ROUNDS = 2
"""Whether files without a value need an index is known when those with one have theirs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done for an organisation."""

    builds: Sequence[KeyIndex] = ()
    drops: Sequence[str] = ()
    """Names of indexes, with their statistics."""
    forgotten: Sequence[int] = ()
    """Numbers of keys that need no index any more."""
    deferred: Sequence[KeyIndex] = field(default=())
    """To be built when the values of older files have been read."""

    @property
    def is_empty(self) -> bool:
        """Whether all is as it should be."""
        return not (self.builds or self.drops or self.forgotten or self.deferred)


async def ask(tx: Tx, organisation_id: UUID) -> None:
    """Have the indexes of an organisation looked at, after this transaction."""
    await jobs.enqueue(tx, RECONCILE, organisation_id=organisation_id.hex)


async def reconcile(runtime: Runtime, organisation_id: str) -> None:
    """The job: say what there is to do, and have it done."""
    scope = Scope(UUID(organisation_id))
    plan = await plan_of(runtime, scope)
    await _note_plan(runtime, scope, plan)
    if plan.builds or plan.drops:
        async with runtime.db.transaction(scope) as tx:
            await jobs.enqueue(tx, BUILD, lock=BUILD, organisation_id=organisation_id)


async def build(runtime: Runtime, organisation_id: str) -> None:
    """The job: drop what nobody needs, build what is missing or broken."""
    scope = Scope(UUID(organisation_id))
    plan = await plan_of(runtime, scope)
    if not plan.builds and not plan.drops:
        return
    try:
        async with owner.alone(runtime.settings, runtime.settings.index_memory) as builder:
            for _ in range(ROUNDS):
                plan = await plan_of(runtime, scope)  # somebody else may have been at work
                await _carry_out(runtime, scope, builder, plan)
    except asyncpg.InsufficientPrivilegeError as error:
        await _failed(runtime, scope, plan.builds, f"{error}; OWNER_DATABASE_URL names the owner.")


async def read_again(runtime: Runtime, organisation_id: str) -> None:
    """The job after a change of the schema: read older files, then see to the indexes."""
    await reindex.reindex(runtime, organisation_id)
    async with runtime.db.transaction(Scope(UUID(organisation_id))) as tx:
        await ask(tx, UUID(organisation_id))


async def keep(runtime: Runtime) -> None:
    """Upkeep: have every organisation seen to whose indexes are not what they should be."""
    for row in await runtime.system_reads.fetch(Scope(), _ORGANISATIONS):
        plan = await plan_of(runtime, Scope(row.id))
        if plan.builds or plan.drops or plan.forgotten:
            async with runtime.db.transaction(Scope(row.id)) as tx:
                await ask(tx, row.id)


async def plan_of(runtime: Runtime, scope: Scope) -> Plan:
    """What there should be, compared with what there is."""
    assert scope.organisation_id is not None  # noqa: S101  indexes belong to one
    async with runtime.db.read(scope) as session:
        rows = {row.key_number: row for row in await session.exec(_rows(scope.organisation_id))}
        threshold = runtime.settings.index_threshold // (2 if rows else 1)
        patterns = [f"file\\_{mark}%\\_{scope.organisation_id.hex}" for mark in "kcnmt"]
        found = await session.execute(_PRESENT, {"patterns": patterns})
        present = {row.name: row for row in found}
        needed = await wanted.indexes_of(session, scope.organisation_id, threshold, present)
        unread = set(await session.exec(_unread(scope.organisation_id)))
    missing = [
        index
        for index in needed
        if not wanted.is_there(present.get(index.name), index)
        or index.number not in rows
        or rows[index.number].state is not IndexState.READY
    ]
    tables = {index.name: index.table for index in needed}
    return Plan(
        builds=[index for index in missing if index.number not in unread],
        deferred=[index for index in missing if index.number in unread],
        drops=[name for name, row in present.items() if tables.get(name) != row.table_name],
        forgotten=sorted(rows.keys() - {index.number for index in needed}),
    )


def _rows(organisation_id: UUID) -> SelectOfScalar[MetadataIndex]:
    return select(MetadataIndex).where(MetadataIndex.organisation_id == organisation_id)


def _unread(organisation_id: UUID) -> SelectOfScalar[int]:
    return select(MetadataKey.number).where(
        MetadataKey.organisation_id == organisation_id, MetadataKey.state == KeyState.INDEXING
    )


async def _carry_out(runtime: Runtime, scope: Scope, builder: Builder, plan: Plan) -> None:
    for name in plan.drops:
        await building.drop(builder, name)
    await _forget(runtime, scope, plan.forgotten)
    built, failed = list[KeyIndex](), set[int]()
    for index in plan.builds:
        if index.number in failed:
            continue  # the key says why, and all of its indexes are tried again
        if await _build(runtime, scope, builder, index):
            built.append(index)
        else:
            failed.add(index.number)
    for table in {index.table for index in built if index.purpose is Purpose.VALUES}:
        await building.analyze(builder, table)
    for number in {index.number for index in built} - failed:
        await _note(runtime, scope, number, IndexState.READY)


async def _build(runtime: Runtime, scope: Scope, builder: Builder, index: KeyIndex) -> bool:
    """Build one; a failure is noted, and the others go on."""
    await _note(runtime, scope, index.number, IndexState.BUILDING)
    try:
        await building.build(builder, index, partial(_told, runtime, scope, index))
    except asyncpg.InsufficientPrivilegeError:
        raise
    except asyncpg.PostgresError as error:
        if builder.is_lost:
            raise
        await _failed(runtime, scope, [index], f"{error} It will be tried again.")
        return False
    return True


async def _note_plan(runtime: Runtime, scope: Scope, plan: Plan) -> None:
    """Say what is going to happen."""
    for index in plan.builds:
        await _note(runtime, scope, index.number, IndexState.QUEUED)
    reading = "The values of older files are being read first."
    for index in plan.deferred:
        await _note(runtime, scope, index.number, IndexState.QUEUED, reading)
    if not plan.drops:
        await _forget(runtime, scope, plan.forgotten)
        return
    async with runtime.db.transaction(scope) as tx:
        of_key = col(MetadataIndex.key_number).in_(plan.forgotten)
        for row in await tx.exec(select(MetadataIndex).where(of_key)):
            row.state = IndexState.DROPPING


async def _failed(runtime: Runtime, scope: Scope, failed: Sequence[KeyIndex], message: str) -> None:
    for index in failed:
        await _note(runtime, scope, index.number, IndexState.FAILED, message)


async def _forget(runtime: Runtime, scope: Scope, numbers: Sequence[int]) -> None:
    if numbers:
        async with runtime.db.transaction(scope) as tx:
            await tx.exec(delete(MetadataIndex).where(col(MetadataIndex.key_number).in_(numbers)))


async def _told(runtime: Runtime, scope: Scope, index: KeyIndex, progress: Progress) -> None:
    state = IndexState.WAITING if progress.is_waiting else IndexState.BUILDING
    figures = {"done_count": progress.done, "total_count": progress.total}
    await _note(runtime, scope, index.number, state, progress.message, figures)


async def _note(
    runtime: Runtime,
    scope: Scope,
    number: int,
    state: IndexState,
    message: str = "",
    counts: Mapping[str, int | None] = NOTHING_DONE,
) -> None:
    """Write down where the indexes of a key stand."""
    assert scope.organisation_id is not None  # noqa: S101  indexes belong to one
    figures = {
        "name": indexes.name_of(scope.organisation_id, number),
        "state": state,
        **counts,
        "message": message,
        "updated_at": clock.now(),
    }
    row = {"organisation_id": scope.organisation_id, "key_number": number, **figures}
    keys = ["organisation_id", "key_number"]
    async with runtime.db.transaction(scope) as tx:
        statement = insert(MetadataIndex).values(**row)
        await tx.execute(statement.on_conflict_do_update(index_elements=keys, set_=figures))


TASKS: dict[str, Callable[..., Awaitable[None]]] = {
    RECONCILE: reconcile,
    BUILD: build,
    REINDEX: read_again,
}
"""By name, for the worker; reading older files again ends with a look at the indexes."""
