"""Filters as SQL, and their bounds."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.dialects import postgresql

from app.core.errors import Invalid, TooLarge
from app.files import filters
from app.files.filters import (
    ChoiceTest,
    FileFilter,
    FolderFilter,
    IdTest,
    PlaceTest,
    RangeTest,
    TextTest,
)
from app.files.models import FileType

ID = UUID(int=1)


def sql(tree: FileFilter) -> str:
    """The condition as PostgreSQL reads it."""
    compiled = filters.condition(tree).compile(
        dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
    )
    return " ".join(str(compiled).split())


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
        (FileFilter(name=TextTest(contains="%")), "strpos(file.name, '%%') > 0"),
        (
            FileFilter(name=TextTest(eq="A", ignore_case=True)),
            "lower(file.name COLLATE \"default\") = lower('A')",
        ),
        (FileFilter(folder=PlaceTest(folder_id=ID)), f"file.folder_id = '{ID}'"),
        (
            FileFilter(folder=PlaceTest(folder_id=ID, is_recursive=True)),
            "file.folder_id IN (SELECT folder_ancestor.folder_id",
        ),
        (FileFilter(not_=FileFilter(id=IdTest(eq=ID))), "NOT coalesce("),
    ],
)
def test_a_test_becomes_sql(tree: FileFilter, expected: str) -> None:
    assert expected in sql(tree)


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
        (FileFilter(or_=[FileFilter()] * 199), FileFilter(or_=[FileFilter()] * 200)),
        (
            FileFilter(and_=[FileFilter(is_component=True)] * 99),
            FileFilter(and_=[FileFilter(is_component=True)] * 100),
        ),
        (
            FileFilter(id=IdTest(in_=[ID] * 1_000)),
            FileFilter(id=IdTest(in_=[ID] * 1_001)),
        ),
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


@pytest.mark.parametrize("text", ["\0", "\ud800", "x" * 1_001])
@pytest.mark.parametrize("member", ["eq", "contains", "starts_with", "in_"])
def test_texts_that_the_database_cannot_take_are_refused(member: str, text: str) -> None:
    value: Any = [text] if member == "in_" else text
    with pytest.raises(Invalid):
        filters.check(FileFilter(name=TextTest(**{member: value})))


def test_tags_of_folders_are_bounded() -> None:
    with pytest.raises(TooLarge):
        filters.check(FolderFilter(tags=["a"] * 1_001))
