"""Filters as SQL, and their bounds."""

from uuid import UUID

import pytest
from sqlalchemy.dialects import postgresql

from app.accounts.actor import Actor
from app.accounts.roles import OrganisationRole
from app.core.errors import TooLarge
from app.files.comparisons import ChoiceTest, IdTest, RangeTest, TextTest
from app.files.models import FileType
from app.metadata import expressions
from app.metadata.kinds import Scalar, ScalarKind
from app.search import conditions, filters, prefixes
from app.search.filters import FileFilter, MetadataTest, PlaceTest
from app.search.keys import Key, Keys

ID = UUID(int=1)
ACTOR = Actor(
    user_id=ID,
    organisation_id=ID,
    role=OrganisationRole.ADMIN,
    scopes=frozenset(),
    credential="test",
)
KEYS = Keys(
    ID,
    {
        kind.value: Key(kind.value, number, Scalar(kind))
        for number, kind in enumerate(ScalarKind, start=1)
    },
)


def sql(tree: FileFilter) -> str:
    """The condition as PostgreSQL reads it."""
    compiled = conditions.condition(ACTOR, tree, KEYS).compile(
        dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
    )
    return " ".join(str(compiled).split())


def of_key(key: str, **test: object) -> FileFilter:
    return FileFilter(metadata=[MetadataTest(key=key, **test)])


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (FileFilter(), "file.is_component IS false"),
        (FileFilter(is_component=True), "file.is_component IS true"),
        (FileFilter(id=IdTest(eq=ID)), f"file.id = '{ID}'"),
        (FileFilter(type=ChoiceTest(eq=FileType.PDF)), "file.type = 'PDF'"),
        (
            FileFilter(byte_size=RangeTest(gt=1, lte=2)),
            "file.byte_size > 1 AND file.byte_size <= 2",
        ),
        (
            FileFilter(name=TextTest(starts_with="ab")),
            "file.name >= 'ab' AND file.name < 'ac'",
        ),
        (
            FileFilter(mime_type=TextTest(eq="A", ignore_case=True)),
            "lower(file.mime_type COLLATE \"default\") = lower('A')",
        ),
        (FileFilter(folder=PlaceTest(folder_id=ID)), f"file.folder_id = '{ID}'"),
        (
            FileFilter(folder=PlaceTest(folder_id=ID, is_recursive=True)),
            "file.folder_id IN (SELECT folder_ancestor.folder_id",
        ),
        (FileFilter(not_=FileFilter(id=IdTest(eq=ID))), f"(file.id = '{ID}') IS NOT true"),
    ],
)
def test_a_test_becomes_sql(tree: FileFilter, expected: str) -> None:
    assert expected in sql(tree)


@pytest.mark.parametrize("kind", [kind for kind in ScalarKind if kind is not ScalarKind.TEXT])
def test_keys_are_compared_as_their_indexes_say_it(kind: ScalarKind) -> None:
    number = KEYS.by_name[kind.value].number
    printed = expressions.expression(Scalar(kind), number).replace("(attrs", "(file.attrs")
    assert f"{printed} IS NOT NULL" in sql(of_key(kind.value, exists=True))


def test_a_beginning_of_a_value_is_a_range() -> None:
    assert "COLLATE \"C\") < 'ac'" in sql(of_key("varchar", text=TextTest(starts_with="ab")))


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", None),
        ("a", "b"),
        ("ab", "ac"),
        ("a\U0010ffff", "b"),
        ("\U0010ffff", None),
        ("\ud7ff", "\ue000"),
        ("a\x7f", "a\x80"),
    ],
)
def test_behind_a_prefix_comes_the_next_code_point(prefix: str, expected: str | None) -> None:
    assert prefixes.behind(prefix) == expected


@pytest.mark.parametrize(
    "tree",
    [
        FileFilter(is_component=False),
        FileFilter(or_=[FileFilter(not_=FileFilter(is_component=True))]),
    ],
)
def test_a_filter_that_speaks_of_parts_decides_alone(tree: FileFilter) -> None:
    assert sql(tree).count("is_component IS") == 1


def nested(levels: int) -> FileFilter:
    """A filter of so many levels."""
    return FileFilter(not_=nested(levels - 1)) if levels > 1 else FileFilter()


@pytest.mark.parametrize(
    ("fine", "over"),
    [
        (nested(5), nested(6)),
        (FileFilter(or_=[FileFilter()] * 200), FileFilter(or_=[FileFilter()] * 201)),
        (
            FileFilter(and_=[FileFilter(is_component=True)] * 200),
            FileFilter(and_=[FileFilter(is_component=True)] * 201),
        ),
        (
            FileFilter(metadata=[MetadataTest(key="k", exists=True)] * 200),
            FileFilter(metadata=[MetadataTest(key="k", exists=True)] * 201),
        ),
        (FileFilter(id=IdTest(in_=[ID] * 1_000)), FileFilter(id=IdTest(in_=[ID] * 1_001))),
        (
            FileFilter(name=TextTest(in_=["a"] * 1_000)),
            FileFilter(name=TextTest(in_=["a"] * 1_001)),
        ),
    ],
)
def test_a_filter_has_bounds(fine: FileFilter, over: FileFilter) -> None:
    assert filters.check(fine) is fine
    with pytest.raises(TooLarge):
        filters.check(over)
