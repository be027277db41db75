"""Tokens of our own endpoint."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.storage import signing
from app.core.storage.signing import BadToken, Grant, Links

from .conftest import NOW, SECRET

LATER = NOW + timedelta(minutes=5)


def test_a_token_grants_what_was_signed():
    token = signing.sign(SECRET, "PUT", "org/1", LATER, 10, "image/png")

    assert signing.verify(SECRET, token, "PUT", "org/1", NOW) == Grant(LATER, 10, "image/png")


def test_a_token_may_leave_size_and_type_open():
    token = signing.sign(SECRET, "GET", "org/1", LATER)

    assert signing.verify(SECRET, token, "GET", "org/1", NOW) == Grant(LATER, None, None)


@pytest.mark.parametrize(
    ("secret", "method", "key"),
    [
        (b"another", "GET", "org/1"),
        (SECRET, "PUT", "org/1"),
        (SECRET, "GET", "org/2"),
        (SECRET, "GET", "org/1/"),
        (SECRET, "get", "org/1"),
    ],
)
def test_a_token_is_for_one_secret_one_method_and_one_key(secret, method, key):
    token = signing.sign(SECRET, "GET", "org/1", LATER)

    with pytest.raises(BadToken):
        signing.verify(secret, token, method, key, NOW)


def test_a_token_ends_at_its_moment():
    token = signing.sign(SECRET, "GET", "k", LATER)

    signing.verify(SECRET, token, "GET", "k", LATER - timedelta(seconds=1))
    with pytest.raises(BadToken, match="expired at 2026-11-21T12:05:00Z"):
        signing.verify(SECRET, token, "GET", "k", LATER)


@pytest.mark.parametrize("token", ["", ".", "a.b", "ü.ü", "\ud800", "[" * 5000 + ".x"])
def test_what_is_no_token_is_refused(token):
    with pytest.raises(BadToken):
        signing.verify(SECRET, token, "GET", "k", NOW)


@given(st.data())
def test_no_character_of_a_token_can_be_changed(data):
    token = signing.sign(SECRET, "GET", "k", LATER, 10, "image/png")
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda character: character != token[place]))

    with pytest.raises(BadToken):
        signing.verify(SECRET, token[:place] + other + token[place + 1 :], "GET", "k", NOW)


def test_the_secret_does_not_show_in_a_trace():
    assert "secret of the tests" not in repr(Links("https://x", SECRET, lambda: NOW))


def test_links_escape_keys(links: Links):
    url = links.of_object("GET", "org/a b?#.png", timedelta(minutes=1))

    assert url.startswith("https://here.example/storage/objects/org/a%20b%3F%23.png?token=")
