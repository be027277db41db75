"""Which names a metadata key may have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.metadata.keys import LONGEST_KEY, check_key


@pytest.mark.parametrize(
    "key",
    [
        "weather",
        "Weather 2",
        "video.description",
        "TeamName.MetadataKey",
        "encord-layout-group",
        "_a",
        " a ",
        "0",
        "Keyframes",
        "keyframes2",
        "k" * LONGEST_KEY,
    ],
)
def test_an_ordinary_name_is_a_key(key):
    check_key(key)


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        ("", "is not empty"),
        ("é", "made of ASCII letters"),
        ("naïve", "made of ASCII letters"),
        ("٣", "made of ASCII letters"),
        ("a$", r"'\$' is none of them"),
        ("a/b", "'/' is none of them"),
        ("a\tb", "made of ASCII letters"),
        ("a\n", "made of ASCII letters"),
        ("\ud800", "made of ASCII letters"),
        (" -_.", "at least one letter or digit"),
        ("$encord", "does not start with"),
        ("keyframes", "is reserved"),
        ("key-frames", "is reserved"),
        (" k.e_yframes-", "is reserved"),
        ("k" * (LONGEST_KEY + 1), "this one has 257"),
    ],
)
def test_a_name_that_breaks_a_rule_is_refused_with_that_rule(key, rule):
    with pytest.raises(Invalid, match=rule):
        check_key(key)


def test_every_broken_rule_has_its_sentence():
    with pytest.raises(Invalid) as refusal:
        check_key("$" + "/" * LONGEST_KEY)
    for rule in ("at most 256", "does not start with", "'/' is none of them"):
        assert rule in refusal.value.message
    assert refusal.value.field == ("key",)


@given(st.text())
def test_a_name_is_taken_or_refused_and_nothing_else_happens(key):
    try:
        check_key(key)
    except Invalid:
        return
    assert key.isascii()
    assert any(character.isalnum() for character in key)
