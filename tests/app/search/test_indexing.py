"""The life of the indexes by metadata key, on the real database."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.core.db import Scope
from app.core.runtime import Runtime
from app.core.settings import Settings
from app.files.models import Folder
from app.search import indexes, indexing
from app.search.indexes import Purpose
from app.worker import working
from tests.app.search.filling import fill, owner, tables_of, with_threshold
from tests.client import Api
from tests.world import Person, World

ADD = """mutation ($key: String!, $type: MetadataScalarType!) {
  addMetadataScalar(input: {key: $key, type: $type}) { userErrors { message } } }"""
DELETE = """mutation ($key: String!) {
  deleteMetadataKey(input: {key: $key}) { userErrors { message } } }"""
RESTORE = """mutation ($key: String!) {
  restoreMetadataKey(input: {key: $key}) { userErrors { message } } }"""
STATES = "{ metadataSchema { keys { name index { state doneCount totalCount message } } } }"

FILES = 60


@pytest.fixture
def small(runtime: Runtime) -> Runtime:
    """A process for which so many files are many."""
    return with_threshold(runtime, FILES)


@pytest.fixture
async def person(api: Api) -> Person:
    assert api.person is not None
    return api.person


@pytest.fixture
async def folder(world: World, person: Person, settings: Settings) -> Folder:
    """With as many files as begin to be many."""
    made = await world.folder(person)
    fill(settings, person, made, FILES, attrs="jsonb_build_object('k1', g, 'k2', 'text ' || g)")
    return made


async def states(api: Api) -> dict[str, str | None]:
    """The state of each key's index."""
    keys = (await api(STATES))["metadataSchema"]["keys"]
    return {key["name"]: key["index"] and key["index"]["state"] for key in keys}


async def until(found: Callable[[], Any], wanted: Any) -> None:
    async with asyncio.timeout(60):
        while await found() != wanted:  # noqa: ASYNC110  another process
            await asyncio.sleep(0.02)


def asked_for(settings: Settings, person: Person) -> int:
    """How often somebody has asked to look at the indexes of this organisation."""
    with owner(settings) as connection:
        found = connection.execute(
            "select count(*) from procrastinate_jobs where task_name = %s"
            " and args ->> 'organisation_id' = %s",
            (indexing.RECONCILE, person.organisation_id.hex),
        )
        return int(found.fetchall()[0][0])


async def reconcile(runtime: Runtime, person: Person) -> None:
    await indexing.reconcile(runtime, person.organisation_id.hex)
    await indexing.build(runtime, person.organisation_id.hex)


@asynccontextmanager
async def unfinished_write(settings: Settings, folder: Folder) -> AsyncGenerator[None]:
    """Somebody who has changed a file and takes their time to commit."""
    with owner(settings) as connection, connection.transaction():
        connection.execute("update file set description = 'x' where folder_id = %s", (folder.id,))
        yield


@pytest.mark.usefixtures("folder")
async def test_a_key_gets_its_index_and_statistics_by_the_worker(
    api: Api, small: Runtime, person: Person, settings: Settings
) -> None:
    async with working(small, grace_seconds=1):
        await api.change(ADD, key="score", type="NUMBER")
        await api.change(ADD, key="site", type="VARCHAR")
        await until(lambda: states(api), {"score": "READY", "site": "READY"})
    names = [f"file_k{number}_{person.organisation_id.hex}" for number in (1, 2)]
    assert tables_of(settings, person.organisation_id) == dict.fromkeys(names, True)
    with owner(settings) as connection:
        analysed = connection.execute(
            "select statistics_name from pg_stats_ext_exprs where statistics_name = any(%s)"
            " and histogram_bounds is not null",
            (names,),
        )
        assert {row[0] for row in analysed} == set(names)


async def test_few_files_need_no_index(
    api: Api, world: World, small: Runtime, person: Person, settings: Settings
) -> None:
    fill(settings, person, await world.folder(person), FILES - 1)
    await api.change(ADD, key="score", type="NUMBER")
    await reconcile(small, person)
    assert await states(api) == {"score": "NONE"}
    assert tables_of(settings, person.organisation_id) == {}


@pytest.mark.usefixtures("folder")
async def test_texts_have_one_index_for_all_and_vectors_one_elsewhere(
    api: Api, small: Runtime, person: Person
) -> None:
    await api.change(ADD, key="notes", type="TEXT")
    await api.change(
        'mutation { addMetadataEmbedding(input: {key: "look", dimensions: 3}) { userErrors { code } } }'
    )
    await reconcile(small, person)
    assert await states(api) == {"look": None, "notes": "READY"}


async def test_a_build_waits_for_older_transactions_and_nobody_for_the_build(
    api: Api, world: World, small: Runtime, person: Person, folder: Folder, settings: Settings
) -> None:
    await api.change(ADD, key="score", type="NUMBER")
    async with unfinished_write(settings, folder), asyncio.timeout(60):
        build = asyncio.create_task(reconcile(small, person))
        await until(lambda: states(api), {"score": "WAITING"})
        file = await world.file(person, folder, metadata={"score": 3})
        assert file.attrs == {"k1": 3}
        assert not build.done()
    await build
    assert await states(api) == {"score": "READY"}


async def test_what_a_crash_has_left_half_made_is_built_again(
    api: Api, small: Runtime, person: Person, folder: Folder, settings: Settings
) -> None:
    await api.change(ADD, key="score", type="NUMBER")
    async with unfinished_write(settings, folder):
        build = asyncio.create_task(reconcile(small, person))
        await until(lambda: states(api), {"score": "WAITING"})
        with owner(settings) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_progress_create_index"
                " where datname = current_database()"
            )
        with pytest.raises(Exception, match=r"terminat|closed"):
            await build
    name = f"file_k1_{person.organisation_id.hex}"
    assert tables_of(settings, person.organisation_id) == {name: False}
    await reconcile(small, person)
    assert tables_of(settings, person.organisation_id) == {name: True}
    assert await states(api) == {"score": "READY"}


@pytest.mark.usefixtures("folder")
async def test_a_retyped_key_gets_another_index(
    api: Api, small: Runtime, person: Person, settings: Settings
) -> None:
    await api.change(ADD, key="score", type="NUMBER")
    await reconcile(small, person)
    await api.change(ADD, key="score", type="VARCHAR")
    await reconcile(small, person)
    assert tables_of(settings, person.organisation_id) == {
        f"file_k2_{person.organisation_id.hex}": True
    }
    assert await states(api) == {"score": "READY"}


@pytest.mark.usefixtures("folder")
async def test_the_index_of_a_deleted_key_goes_and_comes_back(
    api: Api, small: Runtime, person: Person, settings: Settings
) -> None:
    await api.change(ADD, key="score", type="NUMBER")
    await reconcile(small, person)
    await api.change(DELETE, key="score")
    await reconcile(small, person)
    assert tables_of(settings, person.organisation_id) == {}
    await api.change(RESTORE, key="score")
    await reconcile(small, person)
    assert list(tables_of(settings, person.organisation_id).values()) == [True]


@pytest.mark.usefixtures("folder")
async def test_varchars_have_an_index_of_their_parts(
    api: Api, small: Runtime, person: Person, settings: Settings
) -> None:
    await api.change(ADD, key="score", type="NUMBER")
    await api.change(ADD, key="site", type="VARCHAR")
    await reconcile(small, person)
    of_parts = indexes.name_of(person.organisation_id, 2, Purpose.PARTS)
    assert tables_of(settings, person.organisation_id, Purpose.PARTS) == {of_parts: True}
    await api.change(DELETE, key="site")
    await reconcile(small, person)
    assert tables_of(settings, person.organisation_id, Purpose.PARTS) == {}


async def counted(settings: Settings, index: str, count: int) -> None:
    """Make an index's statistics exact. Rows that are gone count for as long as anybody may still see them."""

    async def found() -> float:
        with owner(settings) as connection:
            connection.execute(f"reindex index {index}")
            asked = "select reltuples from pg_class where relname = %s"
            return float(connection.execute(asked, [index]).fetchall()[0][0])

    await until(found, count)


async def test_files_without_a_value_have_an_index_while_enough_have_one(
    api: Api, small: Runtime, person: Person, folder: Folder, settings: Settings
) -> None:
    await api.change(ADD, key="sparse", type="NUMBER")
    await reconcile(small, person)
    name = indexes.name_of(person.organisation_id, 1, Purpose.MISSING)
    # of sixty files; it goes with less than a twentieth, and comes back with a tenth
    for holders, there in ((3, {name: True}), (2, {}), (5, {}), (6, {name: True})):
        with owner(settings) as connection:
            connection.execute(
                "update file set attrs = case when byte_size <= %s then jsonb_build_object('k1', 1)"
                " else '{}' end where folder_id = %s",
                (holders, folder.id),
            )
        for number, count in ((1, holders), (indexes.ALL_FILES, FILES)):
            await counted(settings, indexes.name_of(person.organisation_id, number), count)
        await reconcile(small, person)
        assert tables_of(settings, person.organisation_id, Purpose.MISSING) == there
        assert await states(api) == {"sparse": "READY"}
        assert (await indexing.plan_of(small, Scope(person.organisation_id))).is_empty


async def test_a_key_is_ready_when_all_of_its_indexes_are(
    api: Api, small: Runtime, person: Person, settings: Settings, folder: Folder
) -> None:
    assert folder
    await api.change(ADD, key="grade", type="NUMBER")
    await api.change(ADD, key="site", type="VARCHAR")
    taken = indexes.name_of(person.organisation_id, 2, Purpose.PARTS)
    with owner(settings) as connection:
        connection.execute(f"create view {taken} as select 1")
    await reconcile(small, person)
    assert await states(api) == {"grade": "READY", "site": "FAILED"}
    with owner(settings) as connection:
        connection.execute(f"drop view {taken}")
    await reconcile(small, person)
    assert await states(api) == {"grade": "READY", "site": "READY"}


async def test_indexes_go_when_half_of_the_files_have_gone(
    api: Api, small: Runtime, person: Person, folder: Folder, settings: Settings
) -> None:
    await api.change(ADD, key="score", type="NUMBER")
    await reconcile(small, person)
    for left, state in ((FILES // 2, "READY"), (FILES // 2 - 1, "NONE")):
        with owner(settings) as connection:
            connection.execute(
                "delete from file where folder_id = %s and byte_size > %s", (folder.id, left)
            )
        await reconcile(small, person)
        assert await states(api) == {"score": state}
    assert tables_of(settings, person.organisation_id) == {}


@pytest.mark.usefixtures("folder")
async def test_a_failed_build_says_why_and_the_others_go_on(
    api: Api, small: Runtime, person: Person, settings: Settings
) -> None:
    await api.change(ADD, key="score", type="NUMBER")
    await api.change(ADD, key="site", type="VARCHAR")
    taken = f"file_k1_{person.organisation_id.hex}"
    with owner(settings) as connection:
        connection.execute(f"create view {taken} as select 1")
    await reconcile(small, person)
    score, site = (await api(STATES))["metadataSchema"]["keys"]
    assert site["index"]["state"] == "READY"
    assert score["index"]["state"] == "FAILED"
    assert "already exists" in score["index"]["message"]
    with owner(settings) as connection:
        connection.execute(f"drop view {taken}")
    await reconcile(small, person)
    assert set((await states(api)).values()) == {"READY"}


@pytest.mark.usefixtures("folder")
async def test_upkeep_finds_who_has_grown(
    api: Api, runtime: Runtime, small: Runtime, person: Person, settings: Settings
) -> None:
    await api.change(ADD, key="score", type="NUMBER")
    await reconcile(runtime, person)
    assert await states(api) == {"score": "NONE"}
    before = asked_for(settings, person)
    await indexing.keep(small)
    assert asked_for(settings, person) == before + 1
    await reconcile(small, person)
    assert (await indexing.plan_of(small, Scope(person.organisation_id))).is_empty
    await indexing.keep(small)
    assert asked_for(settings, person) == before + 1
