"""The casts inside PostgreSQL: no value makes them fail, and they reach their index below row security."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from app.core import jobs
from app.core.clock import new_id
from app.core.settings import Settings
from app.metadata.expressions import expression
from app.metadata.kinds import Enumeration, Scalar, ScalarKind
from tests.world import Person, World

NUMBER, TEXT, FLAG = Scalar(ScalarKind.NUMBER), Enumeration(("a",)), Scalar(ScalarKind.BOOLEAN)
ROWS = 8_000


@pytest.fixture(scope="module")
def owner(settings: Settings) -> Iterator[psycopg.Connection]:
    """The database as its owner, whom no policy holds."""
    url = jobs.driver_url(settings.database_url or "")
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def read(owner: psycopg.Connection, type_: Any, attrs: str) -> Any:
    """The value of key 1 in a typed document."""
    value = expression(type_, 1)
    query = f"select {value} from (select cast(%s as jsonb) as attrs) as file"
    row = owner.execute(query, [attrs]).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("type_", "value", "found"),
    [
        (NUMBER, "0.5", 0.5),
        (NUMBER, "-0", 0.0),
        (NUMBER, "5e-324", 5e-324),
        (NUMBER, "1.7976931348623157e308", 1.7976931348623157e308),
        (NUMBER, "-62135596800000000", -62135596800000000.0),
        (TEXT, '"a b"', "a b"),
        (TEXT, '""', ""),
        (TEXT, '"é😀"', "é😀"),
        (FLAG, "true", True),
        (FLAG, "false", False),
    ],
)
def test_a_value_of_the_right_type_is_read(owner, type_, value, found):
    assert read(owner, type_, f'{{"k1": {value}}}') == found


FOREIGN = [
    "null",
    "true",
    "0",
    '"x"',
    '"1"',
    '"true"',
    '"1e5"',
    "[]",
    "[1]",
    "{}",
    '{"k1": 1}',
    "1e400",
    "-1e400",
    "1e-400",
    "2e308",
    "1e131071",
    "1e-16000",
]
OWN = {"float8": {"0"}, "text": {'"x"', '"1"', '"true"', '"1e5"'}, "bool": {"true"}}


@pytest.mark.parametrize("value", FOREIGN)
@pytest.mark.parametrize(("type_", "own"), [(NUMBER, "float8"), (TEXT, "text"), (FLAG, "bool")])
def test_any_other_value_is_null_and_never_an_error(owner, type_, own, value):
    if value not in OWN[own]:
        assert read(owner, type_, f'{{"k1": {value}}}') is None


@pytest.mark.parametrize("attrs", ["{}", '{"k11": 1}', "[]", '["k1"]', "1", '"k1"', "null", "true"])
@pytest.mark.parametrize("type_", [NUMBER, TEXT, FLAG])
def test_a_document_without_the_key_has_no_value(owner, type_, attrs):
    assert read(owner, type_, attrs) is None


@pytest.fixture
async def many(world: World, owner: psycopg.Connection) -> Any:
    """The administrator of an organisation with many files, beside another with as many."""
    people = [await world.organisation(), await world.organisation()]
    for person in people:
        put_files(owner, person)
    for name, type_ in INDEXES.items():
        value = expression(type_, NUMBERS[name])
        owner.execute(
            f"create index probe_{name} on file_part_default ({value}, id) where {value} is not null"
        )
        owner.execute(f"create statistics probe_stat_{name} on ({value}) from file_part_default")
    owner.execute("analyze file_part_default")
    yield people[0]
    for name in INDEXES:
        owner.execute(f"drop index probe_{name}")
        owner.execute(f"drop statistics probe_stat_{name}")
    ids = [person.organisation_id for person in people]
    owner.execute("delete from file where organisation_id = any(%s)", [ids])


INDEXES = {"number": NUMBER, "text": TEXT, "flag": FLAG}
NUMBERS = {"number": 901, "text": 902, "flag": 903}


def put_files(owner: psycopg.Connection, person: Person) -> None:
    organisation_id, folder_id = person.organisation_id, new_id()
    owner.execute(
        "insert into folder (organisation_id, id, name, description, client_metadata, revision,"
        " created_at, updated_at) values (%s, %s, 'f', '', '{}', 1, now(), now())",
        [organisation_id, folder_id],
    )
    owner.execute(
        "insert into file (organisation_id, id, folder_id, type, name, description,"
        " storage_location, is_component, is_tombstone, attrs, created_at, updated_at)"
        " select %s, gen_random_uuid(), %s, 'IMAGE', 'a file', '', 'OWN', false, false,"
        " jsonb_build_object('k901', n, 'k902', 'name' || n, 'k903', n %% 1000 = 0), now(), now()"
        " from generate_series(1, %s) as n",
        [organisation_id, folder_id, ROWS],
    )


def conditions(name: str, value: str) -> str:
    return {
        "range": f"{value} >= 100 and {value} < 110",
        "equal": f"{value} = 'name77'",
        "listed": f"{value} in ('name77', 'name78')",
        "prefix": f"{value} >= 'name777' and {value} < 'name778'",
        "true": f"{value} = true",
    }[name]


@pytest.mark.parametrize(
    ("name", "condition", "count"),
    [
        ("number", "range", 10),
        ("text", "equal", 1),
        ("text", "listed", 2),
        ("text", "prefix", 11),
        ("flag", "true", 8),
    ],
)
async def test_a_condition_reaches_its_index_below_row_security(
    world: World, many: Person, name: str, condition: str, count: int
) -> None:
    where = conditions(condition, expression(INDEXES[name], NUMBERS[name]))
    query = f"select id from file where {where}"
    async with world.runtime.db.read(many.actor.scope) as session:
        found = await session.execute(text(query))
        assert len(found.all()) == count, "of this organisation only"
        plan = (await session.execute(text(f"explain (format json) {query}"))).scalar_one()
    written = plan if isinstance(plan, str) else json.dumps(plan)
    assert f"probe_{name}" in written
    assert "md_" in " ".join(index_conditions(json.loads(written)))


def index_conditions(plan: Any) -> list[str]:
    """What the plan's index scans look for."""
    if isinstance(plan, list):
        return [one for part in plan for one in index_conditions(part)]
    if not isinstance(plan, dict):
        return []
    here = [plan["Index Cond"]] if "Index Cond" in plan else []
    return here + [one for part in plan.values() for one in index_conditions(part)]
