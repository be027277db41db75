"""What a JSON value becomes under the type of its key."""

import json
import math
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.metadata import kinds
from app.metadata.kinds import Embedding, Geospatial, Scalar, ScalarKind
from app.metadata.values import Mismatch, cast, moment

BOOLEAN, DATETIME, NUMBER, UUID, VARCHAR, TEXT = (
    Scalar(kind)
    for kind in (
        ScalarKind.BOOLEAN,
        ScalarKind.DATETIME,
        ScalarKind.NUMBER,
        ScalarKind.UUID,
        ScalarKind.VARCHAR,
        ScalarKind.TEXT,
    )
)
WEATHER = kinds.enumeration(["rain", "sunny", "x" * 600])
PAIR = Embedding(2)
EVERY = [BOOLEAN, DATETIME, NUMBER, UUID, VARCHAR, TEXT, WEATHER, PAIR, Geospatial()]

SMALL_ID = "0b7e9c1a-5d2f-4e3b-8a6c-7d9e0f1a2b3c"
DAY = 86_400_000_000
"""Microseconds."""

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("type_", "value", "canonical"),
    [
        (BOOLEAN, True, True),
        (BOOLEAN, "false", False),
        (BOOLEAN, "true", True),
        (NUMBER, 3, 3.0),
        (NUMBER, 1.5, 1.5),
        (NUMBER, 2**53 + 1, 2.0**53),
        (DATETIME, "1970-01-02", DAY),
        (DATETIME, "1970-01-02T00:00:00", DAY),
        (DATETIME, "1970-01-02 00:00", DAY),
        (DATETIME, "1970-01-02T00:00:00Z", DAY),
        (DATETIME, "1970-01-02t00:00:00z", DAY),
        (DATETIME, "1970-01-02T02:00:00+02:00", DAY),
        (DATETIME, "1970-01-01T00:00:00.000001", 1),
        (DATETIME, "1969-12-31T23:59:59.999999Z", -1),
        (DATETIME, "1970-01-01T00:00:00.123456789Z", 123_456),
        (DATETIME, "9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
        (DATETIME, "0001-01-01", -62_135_596_800_000_000),
        (UUID, SMALL_ID.upper(), SMALL_ID),
        (UUID, "00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"),
        (VARCHAR, "", ""),
        (VARCHAR, "a" * 8192, "a" * 512),
        (VARCHAR, "𝄞" * 513, "𝄞" * 512),
        (TEXT, "a" * 10_000, "a" * 10_000),
        (WEATHER, "rain", "rain"),
        (WEATHER, "x" * 600, "x" * 512),
        (PAIR, [1, -0.5], [1.0, -0.5]),
        (PAIR, [65_504, -65_504], [65_504.0, -65_504.0]),
        (PAIR, [0, 1e-7], [0.0, 1e-7]),
    ],
)
def test_a_fitting_value_has_one_canonical_form(type_, value, canonical):
    found = cast(type_, value)
    assert found == canonical
    assert type(found) is type(canonical)


def test_there_is_no_negative_zero():
    assert math.copysign(1, cast(NUMBER, -0.0)) == 1


@pytest.mark.parametrize("type_", EVERY)
def test_null_is_nothing(type_):
    assert cast(type_, None) is None


@pytest.mark.parametrize("value", ["POINT(1 2)", [1, 2], {"lat": 1}])
def test_coordinates_stay_raw(value):
    assert cast(Geospatial(), value) is None


@pytest.mark.parametrize(
    ("type_", "value", "found"),
    [
        (BOOLEAN, "True", 'Expected true or false; found the text "True".'),
        (BOOLEAN, 1, "Expected true or false; found the number 1."),
        (BOOLEAN, 0.0, "found the number 0.0"),
        (NUMBER, True, "Expected a number; found true."),
        (NUMBER, "3", 'Expected a number; found the text "3".'),
        (NUMBER, "n/a", 'found the text "n/a"'),
        (NUMBER, [1], "found a list of 1"),
        (NUMBER, {}, "found an object"),
        (NUMBER, math.nan, "a finite number; found the number nan"),
        (NUMBER, -math.inf, "a finite number; found the number -inf"),
        (NUMBER, 10**400, "double precision; found a number of more than 77 digits"),
        (DATETIME, 0, "Expected an ISO 8601 date; found the number 0."),
        (DATETIME, "", "ISO 8601"),
        (DATETIME, "yesterday", "ISO 8601"),
        (DATETIME, "20240101", "ISO 8601"),
        (DATETIME, "2024-W01-1", "ISO 8601"),
        (DATETIME, "2024-02-30", "ISO 8601"),
        (DATETIME, "2024-01-01x10:00", "ISO 8601"),
        (DATETIME, "2024-01-01T10:00+25:00", "ISO 8601"),
        (DATETIME, "10000-01-01", "ISO 8601"),
        (DATETIME, "0001-01-01T00:00+01:00", "years 1 to 9999"),
        (DATETIME, "9999-12-31T23:59:59-01:00", "years 1 to 9999"),
        (UUID, SMALL_ID.replace("-", ""), "Expected a UUID with hyphens"),
        (UUID, "{" + SMALL_ID + "}", "UUID"),
        (UUID, SMALL_ID + "\n", "UUID"),
        (UUID, "urn:uuid:" + SMALL_ID, "UUID"),
        (VARCHAR, 3, "Expected a text; found the number 3."),
        (VARCHAR, "a" * 8193, "at most 8192 characters is expected; this one has 8193"),
        (TEXT, ["a"], "Expected a text; found a list of 1."),
        (WEATHER, "Rain", 'Expected one of the options; found the text "Rain".'),
        (WEATHER, ["rain"], "found a list of 1"),
        (PAIR, "[1, 2]", "Expected a list of 2 numbers; found the text"),
        (PAIR, [1], "Expected a list of 2 numbers; found a list of 1."),
        (PAIR, [1, True], "found other things in the list"),
        (PAIR, [1, "2"], "found other things in the list"),
        (PAIR, [1, 65_505], "within ±65504"),
        (PAIR, [1, -(10**400)], "within ±65504"),
        (PAIR, [1, math.inf], "within ±65504"),
        (PAIR, [math.nan, 1], "within ±65504"),
        (PAIR, [1, math.nan], "within ±65504"),
        (PAIR, [0, -0.0], "found zeros"),
        (PAIR, [0, 1e-8], "found zeros"),
    ],
)
def test_another_value_is_an_error_that_says_what_was_found(type_, value, found):
    mismatch = cast(type_, value)
    assert isinstance(mismatch, Mismatch)
    assert found in mismatch.found


def test_a_long_text_is_quoted_in_part():
    found = cast(NUMBER, "é" * 1_000).found
    assert found == f'Expected a number; found the text "{"é" * 80}"….'


@given(st.sampled_from(EVERY), json_values)
def test_no_value_raises_and_no_sentence_is_long(type_, value):
    found = cast(type_, value)
    if isinstance(found, Mismatch):
        assert len(found.found) < 600  # eighty characters that are all escaped take six each


@given(st.sampled_from([t for t in EVERY if t != DATETIME]), json_values)
def test_what_is_canonical_stays_as_it_is(type_, value):
    found = cast(type_, value)
    if not isinstance(found, Mismatch):
        assert cast(type_, found) == found


@given(
    st.lists(st.floats(-65_504, 65_504, width=16), min_size=2, max_size=2).filter(any),
    st.uuids(),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_canonical_vectors_ids_and_numbers_stay_as_they_are(vector, uuid, number):
    assert cast(PAIR, vector) == vector
    assert cast(UUID, str(uuid)) == str(uuid)
    assert cast(NUMBER, number) == number


@given(st.datetimes(timezones=st.none() | st.just(UTC)))
def test_an_instant_comes_back_from_its_microseconds(instant):
    assert moment(cast(DATETIME, instant.isoformat())) == instant.replace(tzinfo=UTC)


@given(st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999))
def test_microseconds_come_back_from_their_text(microseconds):
    assert cast(DATETIME, moment(microseconds).isoformat()) == microseconds


@given(st.integers(-(10**16), 10**16), st.timezones())
def test_an_offset_names_the_same_instant(microseconds, zone):
    assert cast(DATETIME, moment(microseconds).astimezone(zone).isoformat()) == microseconds


@given(json_values)
def test_a_varchar_never_outgrows_an_index_entry(value):
    found = cast(VARCHAR, json.loads(json.dumps(value)))
    if isinstance(found, str):
        assert len(found.encode(errors="surrogatepass")) <= 2048
