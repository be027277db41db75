"""How much of the truth the index finds on an organisation's own vectors: searched twice, as a job."""

import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Select, bindparam, func, select

from app.accounts.actor import Actor
from app.accounts.permissions import Permission
from app.background import service as background
from app.background.models import BackgroundJob, JobKind
from app.core import halfvec
from app.core.db import Tx
from app.core.errors import Invalid
from app.core.reads import Reads
from app.core.runtime import Runtime
from app.embeddings import plans, scans, tables
from app.embeddings.asked import Asked, Vectors
from app.embeddings.tables import KeyTable

MEASURE = "measure_embedding_recall"
MOST_QUERIES, MOST_HITS = 1_000, 1_000
MOST_TOLD = 20
"""Queries that fared worst."""
STEP = 5
"""Queries between two looks at whether the job was cancelled."""
_SAME = 1e-9
"""Vectors at equal distances are equally right, whichever of them comes."""


@dataclass(frozen=True, slots=True)
class Query:
    """One of the vectors, searched for: which part of its true neighbours the index found, 0 to 1."""

    file_id: UUID
    frame: int
    recall: float
    index_ms: float
    exact_ms: float


async def ask(tx: Tx, actor: Actor, key: str, sample: int, k: int) -> BackgroundJob:
    """Have it measured with so many vectors, and for so many hits. Administrators of the organisation may.

    Raises Invalid for a key without an index: there, every search compares all.
    """
    actor.must(Permission.SEE_ALL)
    for name, given, most in (("sample", sample, MOST_QUERIES), ("k", k, MOST_HITS)):
        if not 1 <= given <= most:
            raise Invalid(f"{name} is {given:,}; it must be 1 to {most:,}.", field=(name,))
    _indexed(await tables.table_of(tx, actor, key))
    asked = {"key": key, "sample": sample, "k": k}
    return await background.begin(tx, actor, JobKind.EMBEDDING_RECALL, asked, MEASURE)


async def measure_embedding_recall(
    runtime: Runtime, *, organisation_id: str, job_id: str, user_id: str
) -> None:
    """The worker's task."""

    async def work(job: BackgroundJob) -> None:
        await _work(runtime, job)

    await background.run(runtime, organisation_id, job_id, user_id, work)


async def measured(
    reads: Reads, actor: Actor, vectors: Vectors, sample: int, k: int
) -> AsyncIterator[Query]:
    """Vectors of the table, picked at random, each searched for by the index and by comparing all."""
    statement = reads.compiler.compiled(_sample(vectors))
    rows = await reads.fetch(actor.scope, statement.sql, statement.arguments({"sample": sample}))
    for row in rows:
        vector = halfvec.pack(row["vector"])
        asked = Asked(actor.scope, vectors, vector, row["file_id"], row["frame"])
        yield await _compared(reads, asked, k)


def summed(queries: Sequence[Query], k: int, vector_count: int) -> dict[str, Any]:
    """The result of a job."""
    worst = sorted(queries, key=lambda one: one.recall)[:MOST_TOLD]
    return {
        "k": k,
        "vector_count": vector_count,
        "query_count": len(queries),
        "mean": statistics.fmean(one.recall for one in queries),
        "minimum": worst[0].recall,
        "index_ms": statistics.median(one.index_ms for one in queries),
        "exact_ms": statistics.median(one.exact_ms for one in queries),
        "worst": [
            {"file": one.file_id.hex, "frame": one.frame, "recall": one.recall} for one in worst
        ],
    }


async def _work(runtime: Runtime, job: BackgroundJob) -> None:
    actor = await background.actor_of(runtime, job)
    table = await tables.table_of(runtime.reads, actor, job.input["key"])
    vectors, sample, k = _indexed(table), job.input["sample"], job.input["k"]
    queries: list[Query] = []
    async for one in measured(runtime.reads, actor, vectors, sample, k):
        queries.append(one)
        if len(queries) % STEP == 0 and not await _told(runtime, job, actor, len(queries)):
            return
    async with runtime.db.transaction(actor.scope) as tx:
        held = await background.locked(tx, job.id)
        if background.is_running(held):
            background.progressed(tx, held, len(queries), len(queries))
            background.finish(tx, held, summed(queries, k, vectors.count))


async def _told(runtime: Runtime, job: BackgroundJob, actor: Actor, done: int) -> bool:
    """Tell how far it is; whether it is still wanted."""
    async with runtime.db.transaction(actor.scope) as tx:
        held = await background.locked(tx, job.id)
        if not background.is_running(held):
            return False
        background.progressed(tx, held, done, job.input["sample"])
        return True


async def _compared(reads: Reads, asked: Asked, k: int) -> Query:
    size = plans.size_for(k)
    scan, most = plans.scan_for(size, asked.vectors.dimensions)
    began = time.perf_counter()
    found = await scans.scanned(reads, asked, None, scan, most)
    between = time.perf_counter()
    async with reads.scans:
        waited = time.perf_counter()
        true_ones = await scans.all_compared(reads, asked, None, k)
    ended = time.perf_counter()
    assert asked.without_file is not None  # noqa: S101  see measured
    assert asked.without_frame is not None  # noqa: S101
    return Query(
        file_id=asked.without_file,
        frame=asked.without_frame,
        recall=_recall(found, true_ones, k),
        index_ms=(between - began) * 1000,
        exact_ms=(ended - waited) * 1000,
    )


def _recall(found: Sequence[Any], true_ones: Sequence[Any], k: int) -> float:
    if not true_ones:
        return 1.0
    farthest = true_ones[-1]["distance"] + _SAME
    right: int = sum(row["distance"] <= farthest for row in found[:k])
    return right / len(true_ones)


def _indexed(table: KeyTable) -> Vectors:
    if table.name is None or not table.has_index:
        raise Invalid(
            f"`{table.key}` has no index: every search compares all of its {table.vector_count:,} vectors, so"
            " that nothing is missing.",
            field=("key",),
        )
    return Vectors(
        name=table.name,
        dimensions=table.dimensions,
        count=table.vector_count,
        is_indexed=True,
    )


def _sample(vectors: Vectors) -> Select[Any]:
    held = vectors.clause.alias("v")
    picked = select(held.c.file_id, held.c.frame).order_by(func.random())
    ids = picked.limit(bindparam("sample", 1, type_=Integer)).subquery("picked")
    same = (held.c.file_id == ids.c.file_id) & (held.c.frame == ids.c.frame)
    return select(held.c.file_id, held.c.frame, held.c.vector).select_from(ids.join(held, same))


TASKS: dict[str, Callable[..., Awaitable[None]]] = {MEASURE: measure_embedding_recall}
"""By name, for the worker."""
