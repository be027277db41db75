"""What of a client's JSON is let through, and what that costs."""

import time
from typing import Any

import orjson
import pytest

from schema.execution.request import Refusal, Request, Stage
from schema.transport import bodies, statuses
from schema.transport.bodies import Unreadable
from schema.transport.negotiation import MediaType
from schema.transport.statuses import Profile

TYPENAME = "{ __typename }"
LARGEST = 9_999_999_999_999_999_999
"""Of 19 digits."""


def read(value: Any) -> Any:
    """The value as the variable `x` arrives."""
    body = b'{"query":"{ a }","variables":{"x":%s}}' % value
    return bodies.request_of_body(body, "").variables["x"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"1", 1),
        (b"%d" % LARGEST, LARGEST),
        (b"-9223372036854775808", -(2**63)),
        (b"0.12345678901234567890123456789", 0.12345678901234568),
        (b"1e30", 1e30),
        (b'"12345678901234567890123456789"', "12345678901234567890123456789"),
        (b'["12345678901234567890", 7]', ["12345678901234567890", 7]),
        (b'"\\u0000"', "\0"),
        (b'"\\ud83d\\ude42"', "🙂"),
        (b'"' + b"[" * 100 + b'"', "[" * 100),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b"[" * 62 + b"]" * 62, orjson.loads("[" * 62 + "]" * 62)),
    ],
)
def test_what_json_can_say_arrives_as_it_is(text: bytes, value: Any) -> None:
    found = read(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        b"10000000000000000000",
        b"-9223372036854775809",
        b'{"id":"12345678901234567890","n":12345678901234567890}',
        b"[" * 63 + b"]" * 63,
        b'{"a":' * 63 + b"1" + b"}" * 63,
        b"NaN",
        b"1e400",
        b'"\\ud800"',
    ],
)
def test_what_would_arrive_as_something_else_is_refused(text: bytes) -> None:
    with pytest.raises(Unreadable):
        read(text)


def test_names_and_nulls() -> None:
    given = {"query": TYPENAME, "operationName": "", "variables": None, "other": 1}
    assert bodies.request_of(given, "") == Request(query=TYPENAME)


def test_an_ordinary_body_is_read_in_microseconds() -> None:
    variables = {"first": 100, "filter": {"name": {"contains": "cat"}}}
    document = (
        "query Files($first: Int, $filter: FileFilter) { files(first: $first) { nodes { id } } }"
    )
    body = orjson.dumps({"query": document, "variables": variables, "operationName": "Files"})
    best = min(_seconds(body) for _ in range(50))
    assert best < 20e-6


def _seconds(body: bytes) -> float:
    before = time.thread_time()
    for _ in range(100):
        bodies.request_of_body(body, "")
    return (time.thread_time() - before) / 100


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("profile", Profile)
def test_each_refusal_has_a_status(stage: Stage, profile: Profile) -> None:
    refusal = Refusal(stage, [{"message": "no"}])
    assert 400 <= statuses.of_refusal(refusal, profile, MediaType.GRAPHQL) < 600
    legacy = statuses.of_refusal(refusal, profile, MediaType.JSON)
    assert legacy == 200 or 400 <= legacy < 600
    assert profile is Profile.COMPAT or legacy != 200
