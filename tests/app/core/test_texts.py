"""What text is let in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import texts
from app.core.errors import Invalid


@pytest.mark.parametrize("text", ["night", " night ", "夜", "😀" * 255])
def test_a_name_is_kept_as_it_was_sent(text: str) -> None:
    assert texts.name(text) == text


@pytest.mark.parametrize("text", ["", "  ", "\u2003", "n" * 256, "a\0b", "a\ud800b"])
def test_a_name_that_cannot_be_kept_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        texts.name(text)
    assert refused.value.field == ("name",)


def test_a_description_may_be_empty_and_has_a_limit() -> None:
    assert texts.description("") == ""
    with pytest.raises(Invalid, match="4,097 characters"):
        texts.description("d" * 4_097)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_all_other_unicode_is_storable(text: str) -> None:
    assert texts.is_storable(text)
