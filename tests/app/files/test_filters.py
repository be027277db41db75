"""Filters of folders: their bounds."""

from typing import Any

import pytest

from app.core.errors import Invalid, TooLarge
from app.files import filters
from app.files.comparisons import TextTest
from app.files.filters import FolderFilter


@pytest.mark.parametrize("text", ["\0", "\ud800", "x" * 1_001])
@pytest.mark.parametrize("member", ["eq", "ne", "contains", "starts_with", "in_", "not_in"])
def test_texts_that_the_database_cannot_take_are_refused(member: str, text: str) -> None:
    value: Any = ["a", text] if member.endswith("in_") or member == "not_in" else text
    with pytest.raises(Invalid) as refused:
        filters.check(FolderFilter(name=TextTest(**{member: value})))
    place = (member.rstrip("_"), 1) if isinstance(value, list) else (member,)
    assert refused.value.field == ("filter", "name", *place)


def test_tags_of_folders_are_bounded() -> None:
    with pytest.raises(TooLarge) as refused:
        filters.check(FolderFilter(tags=["a"] * 1_001))
    assert refused.value.field == ("filter", "tags")
