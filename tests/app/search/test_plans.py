"""Every operator of the filter language reaches its index as the application's role, with row security on."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.core.runtime import Runtime
from app.core.settings import Settings
from app.files.comparisons import ChoiceTest, IdTest, RangeTest, TextTest
from app.files.models import FileType, Folder
from app.metadata import service
from app.metadata.kinds import ScalarKind
from app.search import explain, indexing, listings
from app.search.filters import FileFilter, MetadataTest, PlaceTest
from app.search.plans import Plan, Strategy
from app.search.sorts import SortField, SortKey
from tests.app.search.filling import fill, owner
from tests.world import Person, World

FILES, NEIGHBOURS = 20_000, 4_000
START = datetime(2026, 1, 1, tzinfo=UTC)
ATTRS = f"""jsonb_build_object('k1', g, 'k2', sin(g), 'k3', chr(97 + g % 5), 'k4', g % 500 = 0,
 'k5', 'v' || md5(g::text), 'k6', 1767225600000000 + g * 1000000::bigint, 'k7', md5(g::text)::uuid)
 - case when g > {FILES - 20} then '{{k1,k2,k3,k4,k5,k6,k7}}'::text[] else '{{}}' end
 || case when g % 100 = 0 then jsonb_build_object('k9', g) else '{{}}' end"""
"""The last ones, which a look at one after the other comes to last, have no value of the first seven keys."""
KEYS = {
    "count": ScalarKind.NUMBER,
    "score": ScalarKind.NUMBER,
    "grade": None,
    "rare": ScalarKind.BOOLEAN,
    "serial": ScalarKind.VARCHAR,
    "taken": ScalarKind.DATETIME,
    "twin": ScalarKind.UUID,
    "notes": ScalarKind.TEXT,
    "sparse": ScalarKind.NUMBER,
}


@dataclass(frozen=True, slots=True)
class Ground:
    """Two organisations in the default partition; the first one's keys have indexes."""

    runtime: Runtime
    person: Person
    folder: Folder

    async def plan(self, tree: FileFilter, *sort: SortKey) -> Plan:
        """The plan of the first page, as the server would run it."""
        listing = await listings.found(
            self.runtime.reads, self.person.actor, tree, sort, whole_organisation=True
        )
        return await explain.planned(self.runtime.db, self.person.actor, listing)


@pytest.fixture(scope="module")
async def ground(runtime: Runtime, settings: Settings) -> AsyncGenerator[Ground]:
    world = World(runtime)
    person, neighbour = await world.organisation(), await world.organisation()
    folder, theirs = await world.folder(person), await world.folder(neighbour)
    name = "'scan_' || substr(md5(g::text), 1, 12) || '.png'"
    fill(settings, person, folder, FILES, attrs=ATTRS, name=name)
    fill(settings, neighbour, theirs, NEIGHBOURS, attrs=ATTRS, name="'slide_' || g")
    with owner(settings) as connection:
        connection.execute(
            "insert into file_text (organisation_id, file_id, key_number, document)"
            " select organisation_id, id, 8, to_tsvector('simple', 'common word' || byte_size %% 2000)"
            " from file where organisation_id = any(%s)",
            ([person.organisation_id, neighbour.organisation_id],),
        )
        connection.execute("vacuum analyze file_text")
        connection.execute("vacuum analyze file_part_default")
    async with runtime.db.transaction(person.actor.scope) as tx:
        for key, kind in KEYS.items():
            if kind is None:
                await service.add_enum(tx, person.actor, key=key, options=list("abcde"))
            else:
                await service.add_scalar(tx, person.actor, key=key, kind=kind)
    await indexing.build(runtime, person.organisation_id.hex)
    yield Ground(runtime, person, folder)
    with owner(settings) as connection:
        connection.execute(
            "delete from file where organisation_id = any(%s)",
            ([person.organisation_id, neighbour.organisation_id],),
        )


def metadata(key: str, **test: Any) -> FileFilter:
    return FileFilter(metadata=[MetadataTest(key=key, **test)])


MINUTE = timedelta(minutes=1)
BY_KEY = {
    "number eq": (1, metadata("count", number=RangeTest(eq=77))),
    "number in": (1, metadata("count", number=RangeTest(in_=[7, 8, 9]))),
    "number range": (1, metadata("count", number=RangeTest(gte=7, lt=90))),
    "number open range": (1, metadata("count", number=RangeTest(gt=FILES - 40))),
    "fraction range": (2, metadata("score", number=RangeTest(gte=0.5, lt=0.505))),
    "flag true": (4, metadata("rare", flag=True)),
    "varchar eq": (5, metadata("serial", text=TextTest(eq="vabc"))),
    "varchar in": (5, metadata("serial", text=TextTest(in_=["vabc", "vdef"]))),
    "varchar prefix": (5, metadata("serial", text=TextTest(starts_with="vabc"))),
    "instant range": (6, metadata("taken", instant=RangeTest(gte=START, lt=START + MINUTE))),
    "instant eq": (6, metadata("taken", instant=RangeTest(eq=START + MINUTE))),
    "uuid eq": (7, metadata("twin", text=TextTest(eq=str(UUID(int=5))))),
    "uuid in": (7, metadata("twin", text=TextTest(in_=[str(UUID(int=5)), str(UUID(int=6))]))),
    "and": (
        1,
        FileFilter(
            and_=[
                metadata("count", number=RangeTest(lt=90)),
                metadata("grade", text=TextTest(eq="b")),
            ]
        ),
    ),
    "or": (
        5,
        FileFilter(
            or_=[
                metadata("count", number=RangeTest(eq=90)),
                metadata("serial", text=TextTest(starts_with="vabc")),
            ]
        ),
    ),
    "beside a folder": (1, None),
}


@pytest.mark.parametrize("operator", BY_KEY)
async def test_conditions_on_keys_reach_the_key_s_index(operator: str, ground: Ground) -> None:
    number, tree = BY_KEY[operator]
    if tree is None:
        place = PlaceTest(folder_id=ground.folder.id, is_recursive=True)
        test = MetadataTest(key="count", number=RangeTest(eq=3))
        tree = FileFilter(folder=place, metadata=[test])
    plan = await ground.plan(tree)
    assert f"file_k{number}_{ground.person.organisation_id.hex}" in plan.indexes
    assert plan.strategy in {Strategy.INDEX, Strategy.BITMAP}
    assert plan.looked_at is not None
    assert plan.looked_at < FILES / 20


LACKING = {
    "number": (1, metadata("count", exists=False)),
    "number is null": (1, metadata("count", number=RangeTest(is_null=True))),
    "fraction": (2, metadata("score", exists=False)),
    "enum": (3, metadata("grade", exists=False)),
    "flag": (4, metadata("rare", exists=False)),
    "varchar": (5, metadata("serial", exists=False)),
    "varchar is null": (5, metadata("serial", text=TextTest(is_null=True))),
    "instant": (6, metadata("taken", exists=False)),
    "uuid": (7, metadata("twin", exists=False)),
}


@pytest.mark.parametrize("operator", LACKING)
async def test_the_few_files_without_a_value_have_an_index(operator: str, ground: Ground) -> None:
    number, tree = LACKING[operator]
    plan = await ground.plan(tree)
    # that of flags holds files without one as well
    marks = "kn" if operator == "flag" else "n"
    names = {f"file_{mark}{number}_{ground.person.organisation_id.hex}" for mark in marks}
    assert names & set(plan.indexes)
    assert plan.strategy in {Strategy.INDEX, Strategy.BITMAP}
    assert plan.looked_at == plan.found == 20


async def test_where_few_have_a_value_those_without_are_found_on_the_way(ground: Ground) -> None:
    plan = await ground.plan(metadata("sparse", exists=False))
    assert plan.strategy is Strategy.ORDERED_SCAN
    assert plan.looked_at == plan.found == 51


async def test_a_column_without_a_value_has_an_index(ground: Ground) -> None:
    plan = await ground.plan(FileFilter(byte_size=RangeTest(is_null=True)))
    assert plan.indexes == [f"file_m1_{ground.person.organisation_id.hex}"]
    assert plan.looked_at == 0


IN_ANY_CASE = TextTest(in_=["V4D5E", "VFF"], ignore_case=True)
PARTS = {
    "substring": TextTest(contains="4d5e6"),
    "substring in any case": TextTest(contains="4D5E6", ignore_case=True),
    "with a wildcard": TextTest(contains="%4d5e6"),
    "of nothing": TextTest(contains="zzz9x"),
    "whole in any case": TextTest(eq="V4D5E", ignore_case=True),
    "beginning in any case": TextTest(starts_with="V4D5", ignore_case=True),
    "one of a list in any case": IN_ANY_CASE,
}


@pytest.mark.parametrize("operator", PARTS)
async def test_parts_of_values_are_found_by_their_trigrams(operator: str, ground: Ground) -> None:
    plan = await ground.plan(metadata("serial", text=PARTS[operator]))
    assert f"file_t5_{ground.person.organisation_id.hex}" in plan.indexes
    assert plan.strategy is Strategy.BITMAP
    assert plan.looked_at is not None
    assert plan.looked_at < FILES / 20


TRIGRAMS = "file_part_default_name_trigrams"
B_TREE = "file_part_default_organisation_id_name_id_idx"
NAMES = {
    "substring": (TRIGRAMS, TextTest(contains="4d5e")),
    "substring in any case": (TRIGRAMS, TextTest(contains="4D5E", ignore_case=True)),
    "with a wildcard": (TRIGRAMS, TextTest(contains="_4d5")),
    "of nothing": (TRIGRAMS, TextTest(contains="zzz9x")),
    "name in any case": (TRIGRAMS, TextTest(eq="SCAN_ABCDEF.PNG", ignore_case=True)),
    "one of a list in any case": (TRIGRAMS, IN_ANY_CASE),
    "beginning in any case": (TRIGRAMS, TextTest(starts_with="SCAN_4D5E", ignore_case=True)),
    "name": (B_TREE, TextTest(eq="scan_abcdef.png")),
    "one of names": (B_TREE, TextTest(in_=["scan_abcdef.png", "other"])),
    "beginning": (B_TREE, TextTest(starts_with="scan_4d5e")),
}


@pytest.mark.parametrize("operator", NAMES)
async def test_names_are_found_by_an_index(operator: str, ground: Ground) -> None:
    index, test = NAMES[operator]
    plan = await ground.plan(FileFilter(name=test))
    assert index in plan.indexes
    assert plan.looked_at is not None
    assert plan.looked_at < FILES / 20


COLUMNS = {
    "size range": (1, FileFilter(byte_size=RangeTest(gte=70, lt=90))),
    "size eq": (1, FileFilter(byte_size=RangeTest(eq=70))),
    "rare type": (9, FileFilter(type=ChoiceTest(eq=FileType.VIDEO))),
    "time range": (8, FileFilter(updated_at=RangeTest(lt=START))),
    "duration": (5, FileFilter(duration_seconds=RangeTest(gt=1))),
    "media type": (11, FileFilter(mime_type=TextTest(eq="image/png"))),
}


@pytest.mark.parametrize("operator", COLUMNS)
async def test_columns_of_big_organisations_have_indexes(operator: str, ground: Ground) -> None:
    number, tree = COLUMNS[operator]
    plan = await ground.plan(tree)
    assert f"file_c{number}_{ground.person.organisation_id.hex}" in plan.indexes
    assert plan.looked_at is not None
    assert plan.looked_at <= 20


@pytest.mark.parametrize("is_descending", [False, True])
async def test_a_sort_by_a_column_reads_its_index_in_order(
    is_descending: bool, ground: Ground
) -> None:
    by_size = SortKey(field=SortField.SIZE, is_descending=is_descending)
    plan = await ground.plan(FileFilter(), by_size)
    assert f"file_c1_{ground.person.organisation_id.hex}" in plan.indexes
    assert plan.looked_at == 51


@pytest.mark.parametrize("words", ["word77", "common word78", '"common word79"', "word5 or word6"])
async def test_words_are_found_by_an_index_and_nobody_pays_for_those_of_others(
    words: str, ground: Ground
) -> None:
    plan = await ground.plan(metadata("notes", words=words))
    assert plan.indexes[0] == "file_text_words"
    assert plan.looked_at is not None
    assert plan.looked_at <= 24


@pytest.mark.parametrize("is_descending", [False, True])
@pytest.mark.parametrize("key", ["count", "score", "serial", "taken"])
async def test_a_sort_by_a_key_reads_its_index_in_order(
    key: str, is_descending: bool, ground: Ground
) -> None:
    plan = await ground.plan(FileFilter(), SortKey(metadata_key=key, is_descending=is_descending))
    number = list(KEYS).index(key) + 1
    assert f"file_k{number}_{ground.person.organisation_id.hex}" in plan.indexes
    assert plan.strategy is Strategy.ORDERED_SCAN
    assert plan.found == 51
    assert plan.looked_at == 51


async def test_a_sort_by_name_reads_an_index_in_order(ground: Ground) -> None:
    plan = await ground.plan(FileFilter(), SortKey(field=SortField.NAME))
    assert plan.strategy is Strategy.ORDERED_SCAN
    assert plan.looked_at == 51


async def test_a_common_value_is_found_on_the_way(ground: Ground) -> None:
    plan = await ground.plan(metadata("grade", text=TextTest(eq="b")))
    assert plan.looked_at is not None
    assert plan.looked_at < 1_000


async def test_no_condition_is_stopped_by_row_security(ground: Ground) -> None:
    plan = await ground.plan(FileFilter(or_=[]))
    assert plan.strategy is Strategy.EMPTY
    other = await ground.plan(FileFilter(id=IdTest(eq=UUID(int=1))))
    assert other.strategy is Strategy.INDEX
