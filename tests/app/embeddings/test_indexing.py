"""The life of the index over a key's vectors, on the real database."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from app.core import clock, halfvec
from app.core.db import Scope
from app.core.runtime import Runtime
from app.embeddings import building, indexing
from app.embeddings.indexing import Lookout, Step, decided
from app.embeddings.models import VectorIndexState, VectorTable
from app.files.models import Folder
from app.worker import TASKS, working
from tests.app.search.filling import owner as owner_of
from tests.client import Api
from tests.schema.embedding import ADD_KEY, KEYS, REMOVE, id_of, put
from tests.world import Person, World

FEW = 40

NONE, QUEUED, BUILDING, READY, FAILED = (
    VectorIndexState.NONE,
    VectorIndexState.QUEUED,
    VectorIndexState.BUILDING,
    VectorIndexState.READY,
    VectorIndexState.FAILED,
)


@pytest.fixture
def small(runtime: Runtime) -> Runtime:
    """A process for which so many vectors are many."""
    settings = runtime.settings.model_copy(update={"vector_index_threshold": FEW})
    return replace(runtime, settings=settings)


@pytest.fixture
async def person(api: Api) -> Person:
    assert api.person is not None
    return api.person


@pytest.fixture
async def folder(world: World, person: Person) -> Folder:
    return await world.folder(person)


def table(
    state: VectorIndexState, count: int, indexed: int = 0, *, minutes_ago: int = 60
) -> VectorTable:
    return VectorTable(
        organisation_id=UUID(int=1),
        key_number=1,
        name="vectors",
        dimensions=3,
        vector_count=count,
        indexed_count=indexed,
        index_state=state,
        updated_at=clock.now() - timedelta(minutes=minutes_ago),
    )


@pytest.mark.parametrize(
    ("row", "before", "dead", "step"),
    [
        (partial(table, NONE, 99), 99, 0, Step.NOTHING),
        (partial(table, NONE, 100), 100, 0, Step.BUILD),
        (partial(table, NONE, 100), 50, 0, Step.LATER),  # they still come in
        (partial(table, NONE, 100), 0, 0, Step.LATER),
        (partial(table, READY, 100, 100), 100, 2, Step.NOTHING),
        (partial(table, READY, 100, 100), 100, 3, Step.BUILD),
        (partial(table, READY, 199, 100), 199, 0, Step.NOTHING),
        (partial(table, READY, 200, 100), 199, 0, Step.BUILD),
        (partial(table, READY, 60, 100), 60, 0, Step.NOTHING),  # not at every turn up and down
        (partial(table, READY, 49, 100), 49, 0, Step.DROP),
        (partial(table, QUEUED, 500), 500, 0, Step.NOTHING),
        (partial(table, BUILDING, 500, 100), 500, 50, Step.NOTHING),
        (partial(table, FAILED, 500, minutes_ago=1), 500, 0, Step.LATER),
        (partial(table, FAILED, 500), 500, 0, Step.BUILD),
    ],
)
def test_what_an_index_needs(
    row: Callable[[], VectorTable], before: int, dead: int, step: Step
) -> None:
    assert decided(row(), before, dead, threshold=100) is step


async def filled(
    api: Api, world: World, folder: Folder, count: int, key: str = "clip"
) -> list[str]:
    """So many images with vectors."""
    assert api.person is not None
    files = [await world.file(api.person, folder) for _ in range(count)]
    items = [{"fileId": id_of(f), "vector": [n, 1, n % 7]} for n, f in enumerate(files)]
    assert {one["status"] for one in await put(api, key, *items)} == {"UPDATED"}
    return [id_of(file) for file in files]


async def index(api: Api) -> dict[str, Any]:
    (key,) = (await api(KEYS))["embeddings"]
    return {"count": key["vectorCount"], **key["index"]}


async def until(api: Api, holds: Callable[[dict[str, Any]], bool], look: Lookout) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            await look.look()
            if holds(found := await index(api)):
                return found
            await asyncio.sleep(0.05)


async def name_of(runtime: Runtime, person: Person) -> str:
    (row,) = await runtime.reads.fetch(person.actor.scope, "select name from vector_table")
    name: str = row["name"]
    return name


def definition(runtime: Runtime, name: str) -> str | None:
    """The index as the database has it, if it serves."""
    with owner_of(runtime.settings) as connection:
        row = connection.execute(
            "select pg_get_indexdef(indexrelid) from pg_index"
            " where indexrelid = to_regclass(%s) and indisvalid",
            (building.index_name(name),),
        ).fetchone()
    return row[0] if row else None


async def test_few_vectors_are_counted_and_have_no_index(
    api: Api, world: World, folder: Folder, person: Person, small: Runtime
) -> None:
    await api.change(ADD_KEY, key="clip", dimensions=3)
    await filled(api, world, folder, 5)
    found = await until(api, lambda one: one["count"] == 5, Lookout(small))
    assert (found["state"], found["isServing"]) == ("NONE", False)
    assert definition(small, await name_of(small, person)) is None


async def test_an_index_is_built_built_anew_and_dropped(
    api: Api, world: World, folder: Folder, person: Person, small: Runtime
) -> None:
    await api.change(ADD_KEY, key="clip", dimensions=3)
    files = await filled(api, world, folder, FEW)
    look = Lookout(small)
    async with working(small, TASKS, grace_seconds=1):
        found = await until(api, lambda one: one["state"] == "READY", look)
        assert found == {
            "count": FEW,
            "state": "READY",
            "isServing": True,
            "doneCount": FEW,
            "totalCount": FEW,
            "message": "",
        }
        name = await name_of(small, person)
        assert "USING hnsw (vector halfvec_cosine_ops)" in (definition(small, name) or "")
        assert "m='32', ef_construction='200'" in (definition(small, name) or "")
        # dead ones: the index is built anew, beside the old one
        before = await made(small, name)
        items = [{"fileId": file, "vector": [1, 2, 3]} for file in files[:10]]
        await put(api, "clip", *items)
        async with asyncio.timeout(60):
            while await made(small, name) == before or (await index(api))["state"] != "READY":
                await look.look()
                await asyncio.sleep(0.05)
        spots = [{"fileId": file} for file in files[:-3]]
        await api.change(REMOVE, input={"key": "clip", "items": spots})
        await until(api, lambda one: (one["count"], one["state"]) == (3, "NONE"), look)
    assert definition(small, name) is None


async def made(runtime: Runtime, name: str) -> int:
    """Changes when the index is made anew."""
    rows = await runtime.reads.fetch(
        Scope(),
        "select pg_relation_filenode(to_regclass($1)) as node",
        [building.index_name(name)],
    )
    node: int = rows[0]["node"]
    return node


async def test_very_long_vectors_are_indexed_by_a_bit_a_component(
    api: Api, world: World, folder: Folder, person: Person, small: Runtime
) -> None:
    await api.change(ADD_KEY, key="long", dimensions=4096)
    file = await world.file(person, folder)
    await put(api, "long", {"fileId": id_of(file), "vector": [1.0] * 4096})
    name = await name_of(small, person)
    await built(small, person, name)
    found = definition(small, name) or ""
    assert "binary_quantize(vector)" in found
    assert "bit(4096)" in found
    assert "bit_hamming_ops" in found


async def built(runtime: Runtime, person: Person, name: str) -> None:
    """As the job does it, whatever the number of vectors."""
    settings = runtime.settings.model_copy(update={"vector_index_threshold": 2})
    ready = replace(runtime, settings=settings)
    async with runtime.db.transaction(person.actor.scope) as tx:
        row = await tx.get_one(VectorTable, (person.organisation_id, await number(runtime, person)))
        row.vector_count = 1
    await indexing.build(ready, person.organisation_id.hex, name)


async def number(runtime: Runtime, person: Person) -> int:
    (row,) = await runtime.reads.fetch(person.actor.scope, "select key_number from vector_table")
    found: int = row["key_number"]
    return found


async def test_what_a_crash_left_half_made_is_dropped_and_built(
    api: Api, world: World, folder: Folder, person: Person, small: Runtime
) -> None:
    await api.change(ADD_KEY, key="clip", dimensions=3)
    await filled(api, world, folder, 3)
    name = await name_of(small, person)
    with owner_of(small.settings) as connection:
        connection.execute(building.creation(name, 3))
        connection.execute(
            "update pg_index set indisvalid = false where indexrelid = to_regclass(%s)",
            (building.index_name(name),),
        )
    assert definition(small, name) is None
    await built(small, person, name)
    assert definition(small, name) is not None
    assert (await index(api))["state"] == "READY"


async def test_a_build_that_fails_says_why(
    api: Api, world: World, folder: Folder, person: Person, small: Runtime
) -> None:
    await api.change(ADD_KEY, key="clip", dimensions=3)
    await filled(api, world, folder, 3)
    name = await name_of(small, person)
    with owner_of(small.settings) as connection:  # its name is taken
        connection.execute(f"create table {building.index_name(name)} (a int)")
    await built(small, person, name)
    found = await index(api)
    assert (found["state"], found["isServing"]) == ("FAILED", False)
    assert "already exists" in found["message"]
    with owner_of(small.settings) as connection:
        connection.execute(f"drop table {building.index_name(name)}")


async def test_a_large_load_goes_without_the_index(
    api: Api, world: World, folder: Folder, person: Person, small: Runtime
) -> None:
    await api.change(ADD_KEY, key="clip", dimensions=3)
    await filled(api, world, folder, 20)
    name = await name_of(small, person)
    await built(small, person, name)
    async with small.db.transaction(person.actor.scope) as tx:
        row = await tx.get_one(VectorTable, (person.organisation_id, await number(small, person)))
        row.indexed_count = 20
    await indexing.suspend(small, person.actor.scope, name, 2)
    assert definition(small, name) is not None
    await indexing.suspend(small, person.actor.scope, name, 3)
    assert definition(small, name) is None
    found = await index(api)
    assert (found["state"], found["isServing"]) == ("NONE", False)


def test_half_precision_comes_back_as_it_went() -> None:
    values = [0.5, -65_504.0, 2.0**-24, 0.0]
    assert halfvec.unpack(halfvec.pack(values)).tolist() == values
