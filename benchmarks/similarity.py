"""The nearest files through GraphQL beside pgvector by hand, and how much of the truth is found behind filters.

`VECTORS=200000 python -m benchmarks --only similarity` takes so many vectors; otherwise there are 50,000.
"""

import base64
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy import ColumnElement

from app.accounts import credentials
from app.accounts.actor import Actor
from app.accounts.tokens import TokenScope
from app.core import clock, halfvec, owner
from app.core import runtime as runtimes
from app.core.halfvec import Floats
from app.core.orders import Order
from app.core.paging import Listing
from app.core.runtime import Runtime
from app.core.settings import Settings
from app.embeddings import building, similarity, tables, writing
from app.embeddings.asked import Asked, Candidates, Vectors
from app.embeddings.similarity import Search
from app.files import access, folders
from app.files.models import File
from app.metadata import service as metadata
from benchmarks import contest, field, ground, questions, wire
from benchmarks.contest import FLOOR, OURS
from benchmarks.ground import Ground
from benchmarks.measure import Row, turns
from benchmarks.shelf import Shelf
from benchmarks.vectors import DIMENSIONS, KEY, clustered
from benchmarks.wire import Line

COUNT = int(os.environ.get("VECTORS", "50000"))
PIVOTS = 200
"""Every file belongs to the nearest of so many: filters towards and away from a query choose among them."""
PARTS = (0.001, 0.01, 0.1, 0.5)
KINDS = ("independent", "towards", "away")
QUERIES = 20
ROUNDS, REQUESTS = 15, 20

PAGE = """
query Near($to: SimilarityInput!, $first: Int!) {
  files(similarTo: $to, first: $first, includeOrganisationAccess: true) {
    edges { score node { id name } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
_BY_HAND = """
select f.id, f.name, 1 - near.distance as score
from (select file_id, vector <=> $1 as distance from {table} order by vector <=> $1 limit $2) near
join file f on f.organisation_id = $3 and f.id = near.file_id
order by near.distance
"""
_FILES = """
insert into file (organisation_id, id, folder_id, type, name, description, storage_location, byte_size, width,
    is_component, is_tombstone, created_at, updated_at)
select $1, id, $2, 'IMAGE', 'near ' || number, '', 'OWN', number, pivot, false, false, now(), now()
from unnest($3::uuid[], $4::int[]) with ordinality as given(id, pivot, number)
"""
_READY = """
update vector_table set vector_count = $2, indexed_count = $2, index_state = 'READY' where name = $1
"""
_SIZE = File.__table__.c.byte_size  # type: ignore[attr-defined]
_PIVOT = File.__table__.c.width  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Stock:
    """Files of one organisation with their vectors, of length 1; `pivots` says to which each belongs."""

    actor: Actor
    token: str
    table: str
    ids: list[UUID]
    vectors: Floats
    pivots: NDArray[np.int64]
    centres: Floats
    queries: Floats


async def rows(place: Ground) -> list[Row]:
    """Latency without a filter, and recall behind filters."""
    settings = await field.database(place.runtime.settings, "similarity", 8)
    async with runtimes.opened(settings) as runtime:
        stock = await _filled(runtime)
        who = stock.actor.organisation_id, stock.actor.user_id
        at = field.Place(settings, Shelf(*who, stock.token, COUNT, UUID(int=0)))
        async with field.servers(at, [OURS]) as servers:
            line = await Line.opened(servers[OURS].port)
            found = [await _latency(runtime, line, stock, k) for k in (10, 100)]
        return [*found, *await _recalls(runtime, stock)]


async def _latency(runtime: Runtime, line: Line, stock: Stock, k: int) -> Row:
    """Both sides ask for the same vectors; for information also what HTTP and GraphQL cost with nothing behind."""
    sql = _BY_HAND.format(table=stock.table)
    scope, organisation_id = stock.actor.scope, stock.actor.organisation_id
    packed = [halfvec.pack(one) for one in stock.queries]
    requests = [_request(stock, one, k) for one in stock.queries]
    smallest = wire.post("/graphql", questions.typename(), _bearer(stock))

    async def ours() -> float:
        return await _median(lambda number: line.ask(requests[number]))

    async def by_hand() -> float:
        return await _median(
            lambda number: runtime.reads.fetch(scope, sql, (packed[number], k, organisation_id))
        )

    for number in range(QUERIES):
        answer = orjson.loads(await line.ask(requests[number]))
        assert len(answer["data"]["files"]["edges"]) == k, answer
        await runtime.reads.fetch(scope, sql, (packed[number], k, organisation_id))

    async def nothing() -> float:
        return await _median(lambda _: line.ask(smallest))

    mine, hand, empty = await turns(ROUNDS, ours, by_hand, nothing)
    behind_http = [one + other for one, other in zip(hand, empty, strict=True)]
    return contest.row(
        f"similarity: the {k} nearest of {COUNT:,}",
        {OURS: mine, FLOOR: hand, "by hand + { __typename }": behind_http},
        unit="ms",
        floor_is="pgvector by hand, of the same settings, without HTTP",
        bounds={FLOOR: 1.4} if k == 10 else {},
    )


async def _recalls(runtime: Runtime, stock: Stock) -> list[Row]:
    """For each way that filters point, the worst of the selectivities, at 10 and at 100."""
    found = []
    for kind in KINDS:
        means: dict[int, list[float]] = {10: [], 100: []}
        plans: set[str] = set()
        for part in PARTS:
            for k, told in means.items():
                each = [
                    await _recall(runtime, stock, number, part, kind, k, plans)
                    for number in range(QUERIES)
                ]
                told.append(statistics.fmean(each))
        for k, told in means.items():
            found.append(_row(kind, k, min(told), plans))
    return found


def _row(kind: str, k: int, worst: float, plans: set[str]) -> Row:
    parts = ", ".join(f"{100 * part:g} %" for part in PARTS)
    return Row(
        name=f"similarity: recall@{k}, filters {kind}",
        unit="of the true nearest",
        ours=worst,
        floor=1.0,
        floor_is=f"all compared; the worst of {parts}; plans {', '.join(sorted(plans))}",
        bounds={FLOOR: 0.99},
        is_rate=True,
    )


async def _recall(
    runtime: Runtime, stock: Stock, number: int, part: float, kind: str, k: int, plans: set[str]
) -> float:
    vector = stock.queries[number]
    among, test = _filtered(stock, vector, part, kind)
    statement = access.listed_files(stock.actor, whole_organisation=True).where(test)
    order = Order[File]([File.__table__.c.id])  # type: ignore[attr-defined]
    vectors = Vectors(name=stock.table, dimensions=DIMENSIONS, count=COUNT, is_indexed=True)
    asked = Asked(stock.actor.scope, vectors, halfvec.pack(vector))
    found = await similarity.nearest(
        runtime.reads, Search(asked), Candidates(Listing(statement, order)), k
    )
    plans.add(found.figures.plan.value)
    scores = np.where(among, stock.vectors @ vector, -2)
    true_ones = {stock.ids[int(one)] for one in np.argsort(-scores)[: min(k, int(among.sum()))]}
    hits = [hit.file_id for hit in found.hits[:k]]
    assert len(hits) == len(true_ones), "the page is full if files exist"
    return len({*hits} & true_ones) / len(true_ones)


def _filtered(
    stock: Stock, vector: Floats, part: float, kind: str
) -> tuple[NDArray[np.bool_], ColumnElement[bool]]:
    numbers = np.arange(COUNT) + 1
    if kind == "independent":
        return numbers <= COUNT * part, int(COUNT * part) >= _SIZE
    order = np.argsort(-(stock.centres @ vector))
    chosen = order if kind == "towards" else order[::-1]
    counts = np.cumsum(np.bincount(stock.pivots, minlength=PIVOTS)[chosen])
    some = [int(one) for one in chosen[: int(np.searchsorted(counts, COUNT * part)) + 1]]
    inside = np.flatnonzero(np.isin(stock.pivots, some))[: int(COUNT * part)]
    last = int(inside[-1]) + 1
    return np.isin(stock.pivots, some) & (numbers <= last), _PIVOT.in_(some) & (last >= _SIZE)


def _request(stock: Stock, vector: Floats, k: int) -> bytes:
    told = base64.b64encode(vector.astype("<f4").tobytes()).decode()
    variables = {"to": {"embedding": KEY, "anchor": {"vector": told}}, "first": k}
    asked = {"query": PAGE, "operationName": "Near", "variables": variables}
    return wire.post("/graphql", asked, _bearer(stock))


def _bearer(stock: Stock) -> dict[str, str]:
    return {"Authorization": f"Bearer {stock.token}"}


async def _median(ask: Callable[[int], Awaitable[Any]]) -> float:
    times = []
    for number in range(REQUESTS):
        begin = time.perf_counter()
        await ask(number)
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


async def _filled(runtime: Runtime) -> Stock:
    actor = await ground.administrator(runtime)
    async with runtime.db.transaction(actor.scope) as tx:
        await metadata.add_embedding(tx, actor, key=KEY, dimensions=DIMENSIONS)
        folder = await folders.create(tx, actor, name="Images")
        table = await writing.name_of(tx, actor, await tables.table_of(tx, actor, KEY))
        _, token = await credentials.create_token(
            tx,
            actor.organisation_id,
            actor.user_id,
            name="Benchmarks",
            scopes=[TokenScope.READ],
            expires_at=None,
            pepper=runtime.secret,
        )
    every = clustered(COUNT + QUERIES)
    vectors, queries = every[:COUNT], every[COUNT:]
    centres = vectors[:: COUNT // PIVOTS][:PIVOTS]
    pivots = np.argmax(vectors @ centres.T, axis=1)
    ids = [clock.new_id() for _ in vectors]
    await _write(runtime.settings, actor, folder.id, table, ids, vectors, pivots)
    return Stock(actor, token, table, ids, vectors, pivots, centres, queries)


async def _write(
    settings: Settings,
    actor: Actor,
    folder_id: UUID,
    table: str,
    ids: Sequence[UUID],
    vectors: Floats,
    pivots: NDArray[np.int64],
) -> None:
    """As the owner, past row security: the files are the scenery."""
    bare = await asyncpg.connect(settings.database_url)
    try:
        await halfvec.register(bare)
        places = [int(pivot) for pivot in pivots]
        await bare.execute(_FILES, actor.organisation_id, folder_id, ids, places, timeout=600)
        records = [(one, -1, vector) for one, vector in zip(ids, vectors, strict=True)]
        columns = ("file_id", "frame", "vector")
        await bare.copy_records_to_table(table, records=records, columns=columns)
        async with owner.alone(settings, settings.vector_index_memory) as builder:
            await building.build(builder, table, DIMENSIONS, _unheard)
        await bare.execute(_READY, table, COUNT)
        await bare.execute("vacuum analyze", timeout=600)
    finally:
        await bare.close()


async def _unheard(_: owner.Progress) -> None:
    return None
