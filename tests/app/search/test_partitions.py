"""A big organisation in a partition of its own: the same answers, the same walls."""

from typing import Any

import pytest

from app.core import boot, ids
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.core.settings import Settings
from app.files.comparisons import IdTest, RangeTest
from app.metadata import service
from app.metadata.kinds import ScalarKind
from app.search import explain, indexing, listings, partitions
from app.search.filters import FileFilter, MetadataTest
from app.search.partitions import CannotMove
from tests.app.search.filling import fill, owner, tables_of, with_threshold
from tests.client import Api
from tests.world import Person, World

FILES = 400
COUNTED = "{ files(includeOrganisationAccess: true) { totalCount { value } } }"

DELETE = """mutation ($folder: ID!, $files: [ID!]!) {
  deleteFiles(input: {folderId: $folder, fileIds: $files}) { userErrors { message } } }"""


@pytest.fixture
async def person(api: Api, world: World, settings: Settings) -> Person:
    """Somebody whose organisation has files with a key."""
    assert api.person is not None
    async with world.runtime.db.transaction(api.person.actor.scope) as tx:
        await service.add_scalar(tx, api.person.actor, key="score", kind=ScalarKind.NUMBER)
    folder = await world.folder(api.person)
    fill(settings, api.person, folder, FILES, attrs="jsonb_build_object('k1', g)")
    await world.file(api.person, folder, name="described.png", metadata={"score": 3, "site": "x"})
    return api.person


async def counted(api: Api) -> int:
    found: int = (await api(COUNTED))["files"]["totalCount"]["value"]
    return found


def rows(settings: Settings, sql: str, *arguments: Any) -> list[Any]:
    with owner(settings) as connection:
        return connection.execute(sql, arguments).fetchall()


async def test_files_move_with_all_that_belongs_to_them(
    api: Api, world: World, runtime: Runtime, person: Person, settings: Settings
) -> None:
    small = with_threshold(runtime, FILES)
    await indexing.build(small, person.organisation_id.hex)
    other = await world.organisation()
    await world.file(other, await world.folder(other))
    before = await counted(api)
    name, count = await partitions.own_partition(settings, person.organisation_id)
    assert (count, before) == (FILES + 1, FILES + 1)
    assert await counted(api) == before
    assert await counted(api.as_(other)) == 1
    held = rows(settings, f"select distinct organisation_id from {name}")
    assert held == [(person.organisation_id,)]
    documents = "select count(*) from file_document where organisation_id = %s"
    assert rows(settings, documents, person.organisation_id) == [(1,)]
    await indexing.build(small, person.organisation_id.hex)
    indexes = "select indrelid::regclass::text from pg_index where indexrelid = to_regclass(%s)"
    (key_index,) = tables_of(settings, person.organisation_id)
    assert rows(settings, indexes, key_index) == [(name,)]
    await boot.check_walls(runtime.db)


async def test_new_files_go_there_and_deleted_ones_take_everything_along(
    api: Api, world: World, person: Person, settings: Settings
) -> None:
    name, count = await partitions.own_partition(settings, person.organisation_id)
    again = await partitions.own_partition(settings, person.organisation_id)
    assert again == (name, count)
    folder = await world.folder(person)
    file = await world.file(person, folder, metadata={"score": 5})
    where = "select tableoid::regclass::text from file where id = %s"
    assert rows(settings, where, file.id) == [(name,)]
    await api.change(
        DELETE,
        folder=ids.encode(Kind.FOLDER, folder.id),
        files=[ids.encode(Kind.FILE, file.id)],
    )
    documents = "select count(*) from file_document where file_id = %s"
    assert rows(settings, documents, file.id) == [(0,)]


async def test_searches_reach_the_indexes_of_the_partition(
    runtime: Runtime, person: Person, settings: Settings
) -> None:
    name, _ = await partitions.own_partition(settings, person.organisation_id)
    await indexing.build(with_threshold(runtime, FILES), person.organisation_id.hex)

    async def indexes(tree: FileFilter) -> set[str]:
        listing = await listings.found(
            runtime.reads, person.actor, tree, (), whole_organisation=True
        )
        return set((await explain.planned(runtime.db, person.actor, listing)).indexes)

    score = FileFilter(metadata=[MetadataTest(key="score", number=RangeTest(eq=7))])
    assert f"file_k1_{person.organisation_id.hex}" in await indexes(score)
    assert f"{name}_pkey" in await indexes(FileFilter(id=IdTest(eq=person.user_id)))


async def test_who_has_no_files_needs_no_partition(world: World, settings: Settings) -> None:
    person = await world.organisation()
    with pytest.raises(CannotMove, match="no files"):
        await partitions.own_partition(settings, person.organisation_id)
