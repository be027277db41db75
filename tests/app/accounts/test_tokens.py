"""API tokens and session tokens: what is handed out comes back, and nothing else gets in."""

import string
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts import tokens
from app.accounts.tokens import TokenScope
from app.core.errors import Invalid, Unauthenticated

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOKEN_ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
SECRET = bytes(range(32))
GOOD = tokens.mint(TOKEN_ID, SECRET).text
HEAD, BODY, SECRET_TEXT, CHECKSUM = GOOD.split("_")
GREATEST = tokens.mint(UUID(int=2**128 - 1), b"\xff" * 32).text


@given(st.uuids(), st.binary(min_size=32, max_size=32), st.binary(max_size=40))
def test_a_minted_token_names_its_row_and_holds_its_digest(
    token_id: UUID, randomness: bytes, pepper: bytes
) -> None:
    minted = tokens.mint(token_id, randomness, pepper=pepper)
    parsed = tokens.parse(minted.text, pepper=pepper)
    assert parsed.token_id == token_id
    assert tokens.matches(minted.digest, parsed.digest)


@given(
    st.binary(min_size=32, max_size=32),
    st.integers(0, len(GOOD) - 1),
    st.sampled_from(string.printable + "é"),
)
def test_a_token_with_one_character_changed_is_refused(
    randomness: bytes, place: int, letter: str
) -> None:
    text = tokens.mint(TOKEN_ID, randomness).text
    changed = text[:place] + letter + text[place + 1 :]
    if changed != text:
        with pytest.raises(Unauthenticated):
            tokens.parse(changed)


def test_a_token_can_be_selected_by_a_double_click_and_found_by_a_scanner() -> None:
    assert GOOD == "lg_02tcRIyrxLXTR81B3dqdOx_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf_1mffPS"
    assert [len(part) for part in GOOD.split("_")] == [2, 22, 43, 6]
    assert set(GOOD) <= set(string.ascii_letters + string.digits + "_")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lg",
        "lg___",
        GOOD[:-1],
        GOOD + "0",
        GOOD + "\n",
        " " + GOOD,
        GOOD.upper(),
        GOOD.lower(),
        GOOD.replace("lg_", "LG_"),
        GOOD.replace("lg_", "gl_"),
        GOOD.replace("_", "-"),
        f"lg_{BODY}_{SECRET_TEXT}",
        f"lg_{BODY}_{SECRET_TEXT}_000000",
        f"lg_{SECRET_TEXT}_{BODY}_{CHECKSUM}",
        f"lg_{BODY}_{SECRET_TEXT[:-1]}_{CHECKSUM}",
        f"lg_{BODY}_{SECRET_TEXT}_{CHECKSUM[::-1]}",
        f"lg_{TOKEN_ID.hex}_{SECRET_TEXT}_{CHECKSUM}",
        f"lg_{BODY}_{SECRET_TEXT}_{CHECKSUM}_{CHECKSUM}",
        GOOD.replace(BODY[-1], "\u0661"),
        GOOD + "\x00",
        "Bearer " + GOOD,
        "lg_" + "9" * 100_000,
    ],
)
def test_what_is_not_a_token_is_refused(text: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.parse(text)


def test_an_id_beyond_128_bits_is_refused_though_its_checksum_fits() -> None:
    body = f"lg_{'z' * 22}_{SECRET_TEXT}"
    with pytest.raises(Unauthenticated):
        tokens.parse(f"{body}_{tokens._checksum(body)}")
    assert tokens.parse(GREATEST).token_id == UUID(int=2**128 - 1)


def test_another_secret_pepper_or_id_gives_another_digest() -> None:
    stored = tokens.mint(TOKEN_ID, SECRET, pepper=b"ours").digest
    others = [
        tokens.mint(TOKEN_ID, bytes(32), pepper=b"ours"),
        tokens.mint(UUID(int=1), SECRET, pepper=b"ours"),
    ]
    for other in others:
        assert not tokens.matches(stored, tokens.parse(other.text, pepper=b"ours").digest)
    assert not tokens.matches(stored, tokens.parse(GOOD, pepper=b"theirs").digest)
    assert len(stored) == 32


def test_a_row_that_does_not_exist_matches_nothing() -> None:
    assert not tokens.matches(None, bytes(32))
    assert not tokens.matches(None, tokens.parse(GOOD).digest)


def test_a_minted_secret_does_not_show_in_logs() -> None:
    assert SECRET_TEXT not in repr(tokens.mint(TOKEN_ID, SECRET))


@pytest.mark.parametrize("count", [0, 16, 31, 33])
def test_a_secret_of_another_size_is_a_bug(count: int) -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        tokens.mint(TOKEN_ID, bytes(count))
    with pytest.raises(ValueError, match="32 random bytes"):
        tokens.mint_session(bytes(count))


@pytest.mark.parametrize(
    ("held", "included"),
    [
        ([], set()),
        ([TokenScope.READ], {TokenScope.READ}),
        ([TokenScope.UPLOAD], {TokenScope.UPLOAD}),
        ([TokenScope.READ, TokenScope.UPLOAD], {TokenScope.READ, TokenScope.UPLOAD}),
        ([TokenScope.WRITE], {TokenScope.READ, TokenScope.UPLOAD, TokenScope.WRITE}),
        ([TokenScope.ADMIN], set(TokenScope)),
    ],
)
def test_a_scope_includes_the_smaller_ones(
    held: list[TokenScope], included: set[TokenScope]
) -> None:
    assert tokens.expand(held) == included


def test_a_token_lasts_ninety_days_unless_its_maker_says_otherwise() -> None:
    assert tokens.expiry(NOW) == NOW + timedelta(days=90)
    assert tokens.expiry(NOW, NOW + timedelta(days=366)) == NOW + timedelta(days=366)
    elsewhere = (NOW + timedelta(days=1)).astimezone(timezone(timedelta(hours=5)))
    assert tokens.expiry(NOW, elsewhere).tzinfo is UTC
    assert tokens.expiry(NOW, elsewhere) == elsewhere


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (NOW, "has passed"),
        (NOW - timedelta(seconds=1), "has passed"),
        (NOW + timedelta(days=366, microseconds=1), "366 days at most"),
        (datetime(2026, 4, 1), "time zone"),  # noqa: DTZ001
    ],
)
def test_an_end_that_makes_no_sense_is_refused(wanted: datetime, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence) as refusal:
        tokens.expiry(NOW, wanted)
    assert refusal.value.field == ("expires_at",)


def test_a_token_ends_at_its_expiry_and_not_before() -> None:
    assert tokens.is_expired(NOW, NOW)
    assert not tokens.is_expired(NOW, NOW - timedelta(microseconds=1))
    assert not tokens.is_expired(None, NOW)


def test_use_is_written_down_once_a_minute() -> None:
    assert tokens.is_use_due(None, NOW)
    assert tokens.is_use_due(NOW - timedelta(seconds=60), NOW)
    assert not tokens.is_use_due(NOW - timedelta(seconds=59), NOW)


@given(st.binary(min_size=32, max_size=32))
def test_a_session_is_found_by_the_digest_of_its_cookie(randomness: bytes) -> None:
    minted = tokens.mint_session(randomness, pepper=b"ours")
    assert tokens.parse_session(minted.text, pepper=b"ours") == minted.digest
    assert tokens.parse_session(minted.text) != minted.digest
    assert minted.text not in repr(minted)


@pytest.mark.parametrize(
    "text", ["", "x", GOOD, SECRET_TEXT[:-1], SECRET_TEXT + "0", SECRET_TEXT + "\n", "é" * 43]
)
def test_a_damaged_session_is_refused(text: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.parse_session(text)
