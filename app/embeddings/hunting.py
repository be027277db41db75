"""Looks for near duplicates: the work of a job, which goes on where a killed worker left off.

So many vectors as fit into HELD are held and compared with each other: exact, and up to there quicker than the
index. If there are more, each is looked up in the index, which is linear, and may miss some.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.background import service
from app.background.models import BackgroundJob
from app.core.errors import Conflict
from app.core.runtime import Runtime
from app.embeddings import comparing, grouping, neighbours, tables, walk
from app.embeddings.comparing import Groups, Numbers
from app.embeddings.duplicates import FIND, MOST_PAIRS
from app.embeddings.grouping import Stopped
from app.embeddings.projection import Matrix
from app.embeddings.walk import Ground, Key, Narrowing

HELD = 2**27
"""Numbers of half precision: 256 MiB."""
LOOKED_UP = 200
"""Vectors whose neighbours one statement finds."""
WRITTEN = 20_000
"""Pairs that one statement writes."""
READ = 50_000
SHOWN_GROUPS = 100

Found = tuple[UUID, int, UUID, int, float]
"""File and frame, the other file and frame, cosine. The lower file first."""

_SCAN = text("select set_config('hnsw.ef_search', :candidates, true)")
_WRITE = text(
    "insert into near_duplicate"
    " (organisation_id, job_id, file_id, frame, other_file_id, other_frame, score)"
    " select :organisation_id, :job_id, given.* from unnest("
    "cast(:files as uuid[]), cast(:frames as int[]), cast(:others as uuid[]),"
    " cast(:other_frames as int[]), cast(:scores as float8[])) as given"
    " on conflict do nothing"
)
_READ = text(
    "select file_id, frame, other_file_id, other_frame from near_duplicate"
    " where organisation_id = :organisation_id and job_id = :job_id"
    " and (file_id, frame, other_file_id, other_frame) > (:file, :frame, :other, :other_frame)"
    " order by file_id, frame, other_file_id, other_frame limit :most"
)


class Full(Exception):
    """There are as many pairs as one job may find."""


@dataclass(slots=True)
class Hunt:
    """One run of one job."""

    runtime: Runtime
    ground: Ground
    job: BackgroundJob
    after: Key = walk.START
    """The vectors up to this one have been compared with those behind them."""
    done: int = 0
    pair_count: int = 0
    is_exact: bool = True
    vector_count: int = field(default=0)

    @property
    def threshold(self) -> float:
        """The lowest cosine."""
        found: float = self.job.input["threshold"]
        return found

    async def note(self, done: int, after: Key, found: Sequence[Found] = ()) -> None:
        """Write pairs, and how far the job is. Raises Stopped if it has ended, Full at the most pairs."""
        organisation_id = self.job.organisation_id
        async with self.runtime.db.transaction(self.ground.actor.scope) as tx:
            job = await service.locked(tx, self.job.id)
            if not service.is_running(job) or _after(job) > after:
                raise Stopped
            room = MOST_PAIRS - self.pair_count
            files = {file_id for pair in found[:room] for file_id in (pair[0], pair[2])}
            there = await walk.held(tx, organisation_id, files) if files else {}
            kept = [pair for pair in found[:room] if pair[0] in there and pair[2] in there]
            if kept:
                written = await tx.execute(_WRITE, {**self._whose, **_columns(kept)})
                self.pair_count += int(written.rowcount)  # type: ignore[attr-defined]
            job.result = {"after": [after[0].hex, after[1]], "pair_count": self.pair_count}
            self.done, self.after = done, after
            service.progressed(tx, job, done, max(done, self.vector_count or self.ground.count))
        if len(found) > room:
            raise Full

    @property
    def _whose(self) -> dict[str, UUID]:
        return {"organisation_id": self.job.organisation_id, "job_id": self.job.id}

    async def files(self) -> AsyncIterator[list[tuple[UUID, UUID]]]:
        """The files of all pairs, some at a time."""
        last: tuple[Any, ...] = (*walk.START, *walk.START)
        while True:
            given = dict(zip(("file", "frame", "other", "other_frame"), last, strict=True))
            async with self.runtime.db.read(self.ground.actor.scope) as session:
                found = await session.execute(_READ, {**self._whose, **given, "most": READ})
                rows = found.all()
            if not rows:
                return
            last = tuple(rows[-1])
            yield [(row[0], row[2]) for row in rows]


def tasks(narrowing: Narrowing) -> dict[str, Callable[..., Awaitable[None]]]:
    """The worker's tasks by name; `narrowing` understands the filter that a job keeps."""

    async def find_near_duplicates(
        runtime: Runtime, *, organisation_id: str, job_id: str, user_id: str
    ) -> None:
        work = partial(_find, runtime, narrowing)
        await service.run(runtime, organisation_id, job_id, user_id, work)

    return {FIND: find_near_duplicates}


async def _find(runtime: Runtime, narrowing: Narrowing, job: BackgroundJob) -> None:
    ground = await Ground.of(runtime, job, narrowing)
    if ground is None:
        raise _without_vectors()
    begun = job.result or {}
    hunt = Hunt(runtime, ground, job, _after(job), job.done_count, begun.get("pair_count", 0))
    try:
        is_complete = await _search(hunt)
        await _finish(hunt, is_complete)
    except Stopped:
        return
    except DBAPIError as error:
        if not tables.is_gone(error):
            raise
        raise _without_vectors() from error


def _without_vectors() -> Conflict:
    return Conflict("The key has no vectors any more.")


async def _search(hunt: Hunt) -> bool:
    """Find the pairs; whether all of them."""
    try:
        held = await _hold(hunt)
        if held is not None:
            await _compare(hunt, *held)
        else:
            await _look_up(hunt)
    except Full:
        return False
    return True


async def _hold(hunt: Hunt) -> tuple[list[Key], Matrix] | None:
    """All vectors, in half precision as they are stored; None if they are too many."""
    keys: list[Key] = []
    parts: list[Matrix] = []
    async for window in hunt.ground.windows():
        keys += window.keys
        parts.append(window.vectors.astype(np.float16))
        if len(keys) * hunt.ground.dimensions > HELD:
            return None
    hunt.vector_count = len(keys)
    return keys, np.concatenate(parts)


async def _compare(hunt: Hunt, keys: list[Key], vectors: Matrix) -> None:
    """Each with all behind it."""
    files = _numbered(keys)
    start = sum(key <= hunt.after for key in keys)
    while start < len(keys):
        stop = min(start + comparing.BLOCK, len(keys))
        before = keys[start - 1] if start else walk.START
        tiles = comparing.near_pairs(vectors, files, start, hunt.threshold)
        while (pairs := await asyncio.to_thread(_next, tiles)) is not None:
            for part in range(0, len(pairs), WRITTEN):
                found = list(_named(keys, pairs, part))
                await hunt.note(start, before, found)
        await hunt.note(stop, keys[stop - 1])
        start = stop


def _numbered(keys: list[Key]) -> Numbers:
    """A number for each file, in the order of its vectors."""
    is_new = [number == 0 or keys[number - 1][0] != key[0] for number, key in enumerate(keys)]
    return np.cumsum(is_new)


def _next(tiles: Iterator[comparing.Pairs]) -> comparing.Pairs | None:
    return next(tiles, None)


def _named(keys: list[Key], pairs: comparing.Pairs, start: int) -> Iterator[Found]:
    part = slice(start, start + WRITTEN)
    columns = pairs.first[part].tolist(), pairs.second[part].tolist(), pairs.scores[part].tolist()
    for first, second, score in zip(*columns, strict=True):
        yield (*keys[first], *keys[second], score)


async def _look_up(hunt: Hunt) -> None:
    """The neighbours of each by the index."""
    if not hunt.ground.is_indexed:
        raise Conflict(
            "So many vectors need their index, which is not ready; try again when it is."
        )
    hunt.is_exact = False
    async for window in hunt.ground.windows(hunt.after):
        for start in range(0, len(window.keys), LOOKED_UP):
            keys = window.keys[start : start + LOOKED_UP]
            found = await _neighbours(hunt, keys)
            for part in range(0, len(found), WRITTEN):
                await hunt.note(hunt.done, hunt.after, found[part : part + WRITTEN])
            await hunt.note(hunt.done + len(keys), keys[-1])


async def _neighbours(hunt: Hunt, keys: Sequence[Key]) -> list[Found]:
    given = {"files": [key[0] for key in keys], "frames": [key[1] for key in keys]}
    async with hunt.runtime.db.read(hunt.ground.actor.scope) as session:
        await session.execute(_SCAN, {"candidates": str(neighbours.CANDIDATES)})
        rows = (await session.execute(neighbours.nearest(hunt.ground, hunt.threshold), given)).all()
    pairs = ((*sorted(((row[0], row[1]), (row[2], row[3]))), row[4]) for row in rows)
    return list(
        {(*one, *other): (*one, *other, min(score, 1.0)) for one, other, score in pairs}.values()
    )


async def _finish(hunt: Hunt, is_complete: bool) -> None:
    groups = Groups()
    async for pairs in hunt.files():
        await asyncio.to_thread(groups.join, pairs)
    found = await asyncio.to_thread(groups.members)
    await grouping.write(hunt.runtime, hunt.ground.actor, hunt.job, found)
    sizes = [len(files) for files in found]
    async with hunt.runtime.db.transaction(hunt.ground.actor.scope) as tx:
        job = await service.locked(tx, hunt.job.id)
        if service.is_running(job):
            service.finish(
                tx,
                job,
                {
                    "pair_count": hunt.pair_count,
                    "is_complete": is_complete,
                    "is_exact": hunt.is_exact,
                    "vector_count": hunt.vector_count or hunt.done,
                    "file_count": sum(sizes),
                    "group_count": len(sizes),
                    "group_sizes": sizes[:SHOWN_GROUPS],
                },
            )


def _after(job: BackgroundJob) -> Key:
    """How far an earlier run came."""
    told = (job.result or {}).get("after")
    return walk.START if told is None else (UUID(told[0]), told[1])


def _columns(found: Sequence[Found]) -> dict[str, list[Any]]:
    names = "files", "frames", "others", "other_frames", "scores"
    return dict(zip(names, map(list, zip(*found, strict=True)), strict=True))
