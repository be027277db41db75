"""Collections filled and emptied by preset: a job that goes through the files in the order of their ids.

A batch is looked for without any lock, then written together with the place that the job has come to. Whoever
takes over from a killed worker goes on there. What the filter said when it was asked for is what counts.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlmodel import col

from app.accounts.actor import Actor
from app.background import service as jobs
from app.background.models import BackgroundJob, JobKind
from app.collections import contents, queries, service
from app.collections.models import Collection
from app.core.db import Session, Tx
from app.core.errors import Invalid, NotFound, Path
from app.core.runtime import Runtime
from app.files import tree as folders
from app.files.models import File
from app.presets import fitting
from app.presets.combining import Preset
from app.presets.fitting import Footing
from app.presets.models import FilterPreset
from app.presets.queries import footing_of
from app.search import listings
from app.search.filters import FileFilter
from app.search.keys import Keys

COLLECT = "collect_files"
BATCH = 1_000
MOST_COUNTED = 100_000
"""Files that are counted before the job begins; of more the total stays unknown."""

Read = Callable[[Mapping[str, Any]], FileFilter]
"""Makes a tree of a filter in the API's words."""
START = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Errand:
    """What a job was asked for."""

    collection_id: UUID
    preset: Preset
    is_removal: bool

    @classmethod
    def of(cls, given: Mapping[str, Any], read: Read) -> "Errand":
        """The errand that a job's input tells."""
        folder = given["folder"]
        preset = Preset(read(given["filter"]), UUID(folder) if folder else None)
        return cls(UUID(given["collection"]), preset, given["is_removal"])


@dataclass(frozen=True, slots=True)
class Trip:
    """One run of a job: for whom, what, and with which metadata keys."""

    runtime: Runtime
    actor: Actor
    errand: Errand
    keys: Keys

    def candidates(self, collection: Collection) -> Select[Any]:
        """The ids of the files that the preset lets through and that it could be about."""
        found = listings.statement(
            self.actor,
            self.errand.preset.whole(),
            self.keys,
            whole_organisation=self.actor.is_organisation_admin,
        )
        if self.errand.is_removal:
            found = found.where(col(File.id).in_(queries.file_ids(collection)))
        else:
            below = folders.below_id(collection.organisation_id, collection.folder_id)
            found = found.where(col(File.folder_id).in_(below))
        return found.with_only_columns(col(File.id))


async def begin(
    tx: Tx,
    actor: Actor,
    collection_id: UUID,
    preset: FilterPreset,
    tree: FileFilter,
    *,
    is_removal: bool,
) -> BackgroundJob:
    """Ask for a preset's files to be put into a collection, or taken out. Raises Invalid for a stale preset."""
    await service.changeable(tx, actor, collection_id)
    must_fit(preset.name, tree, await footing_of(tx, actor, tree), field=("preset_id",))
    given = {
        "collection": collection_id.hex,
        "preset": preset.id.hex,
        "filter": preset.filter,
        "folder": preset.folder_id.hex if preset.folder_id else None,
        "is_removal": is_removal,
    }
    return await jobs.begin(tx, actor, JobKind.COLLECT, given, COLLECT)


def must_fit(name: str, tree: FileFilter, footing: Footing, *, field: Path) -> None:
    """Raises Invalid that names the preset if its filter no longer fits the metadata schema, or a plot is gone."""
    found = fitting.problems(tree, footing)
    if found:
        raise Invalid(f"The preset {name!r} no longer fits: {found[0].message}", field=field)


def tasks(read: Read) -> dict[str, Callable[..., Awaitable[None]]]:
    """The worker's tasks by name; `read` understands filters."""

    async def collect_files(
        runtime: Runtime, *, organisation_id: str, job_id: str, user_id: str
    ) -> None:
        async def work(job: BackgroundJob) -> None:
            await _collect(runtime, job, read)

        await jobs.run(runtime, organisation_id, job_id, user_id, work)

    return {COLLECT: collect_files}


async def _collect(runtime: Runtime, job: BackgroundJob, read: Read) -> None:
    actor = await jobs.actor_of(runtime, job)
    errand = Errand.of(job.input, read)
    async with runtime.db.read(actor.scope) as session:
        footing = await footing_of(session, actor, errand.preset.tree)
    must_fit("of this job", errand.preset.tree, footing, field=())
    trip = Trip(runtime, actor, errand, footing.keys)
    result, total = job.result, job.total_count
    if result is None:
        total = await _count(trip)
        result = {"after": START.hex, "matched": 0, "changed": 0}
    while result is not None:
        batch = await _look(trip, UUID(result["after"]))
        result = await _write(trip, job.id, result, batch, total)


async def _count(trip: Trip) -> int | None:
    """How many files there are to go through; None for too many to count."""
    async with trip.runtime.db.read(trip.actor.scope) as session:
        collection = await _collection(session, trip)
        some = trip.candidates(collection).limit(MOST_COUNTED + 1).subquery()
        counted = (await session.execute(select(func.count()).select_from(some))).scalar_one()
    return int(counted) if counted <= MOST_COUNTED else None


async def _look(trip: Trip, after: UUID) -> Sequence[UUID]:
    """The next files, at most a batch."""
    async with trip.runtime.db.read(trip.actor.scope) as session:
        found = trip.candidates(await _collection(session, trip)).where(col(File.id) > after)
        ordered = found.order_by(col(File.id)).limit(BATCH)
        return list((await session.execute(ordered)).scalars())


async def _write(
    trip: Trip, job_id: UUID, result: dict[str, Any], batch: Sequence[UUID], total: int | None
) -> dict[str, Any] | None:
    """Put a batch in, or take it out; the result so far, or None if the job has ended."""
    async with trip.runtime.db.transaction(trip.actor.scope) as tx:
        job = await jobs.locked(tx, job_id)
        if not jobs.is_running(job):
            return None
        if job.result is not None and job.result["after"] != result["after"]:
            return job.result  # another worker has this batch behind it
        if not batch:
            jobs.finish(tx, job, result)
            return None
        changed = await _change(tx, trip, batch)
        matched = result["matched"] + len(batch)
        job.result = {
            "after": batch[-1].hex,
            "matched": matched,
            "changed": result["changed"] + changed,
        }
        jobs.progressed(tx, job, matched, total)
        return job.result


async def _change(tx: Tx, trip: Trip, batch: Sequence[UUID]) -> int:
    collection = await service.changeable(tx, trip.actor, trip.errand.collection_id)
    if trip.errand.is_removal:
        return len(await contents.take(tx, collection, batch))
    held = await contents.hold(tx, trip.actor, batch)
    return len(await contents.put(tx, collection, held))


async def _collection(session: Session, trip: Trip) -> Collection:
    """The collection. Raises NotFound if it has gone meanwhile."""
    key = trip.errand.collection_id
    found = (await queries.by_id(session, trip.actor, [key])).get(key)
    if found is None:
        raise NotFound("The collection is gone.", field=("collection_id",))
    return found
