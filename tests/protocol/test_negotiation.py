"""Which media type answers, by the Accept header alone."""

import pytest

from schema.transport import negotiation
from schema.transport.negotiation import Accepted, MediaType
from schema.transport.negotiation import MediaType as M

FETCH = "application/graphql-response+json, application/graphql+json, application/json"
URQL = f"{FETCH}, text/event-stream, multipart/mixed"
APOLLO = (
    "multipart/mixed;deferSpec=20220824,application/graphql-response+json,application/json;q=0.9"
)

CASES: list[tuple[str | None, MediaType | None, MediaType | None, MediaType | None]] = [
    # Accept; one result, a subscription, a result in parts
    (None, M.JSON, None, None),
    ("", M.JSON, None, None),
    ("*/*", M.JSON, None, None),
    ("application/*", M.JSON, None, None),
    ("application/json", M.JSON, None, None),
    ("application/graphql-response+json", M.GRAPHQL, None, None),
    ("Application/GraphQL-Response+JSON; Charset=UTF-8", M.GRAPHQL, None, None),
    ('application/json; charset="utf-8"', M.JSON, None, None),
    ("application/json; charset=utf-16", None, None, None),
    ("application/json; charset=latin1, application/json;q=0.1", M.JSON, None, None),
    ("application/json, application/graphql-response+json", M.JSON, None, None),
    ("application/json;q=0.9, application/graphql-response+json", M.GRAPHQL, None, None),
    ("application/graphql-response+json;q=0.2, application/json;q=0.3", M.JSON, None, None),
    ("application/json;q=0, */*", M.GRAPHQL, None, None),
    ("application/json;q=0, application/graphql-response+json;q=0, */*", None, None, None),
    ("application/*;q=0.1, application/graphql-response+json;q=0.5", M.GRAPHQL, None, None),
    ("application/json;q=nonsense", None, None, None),
    ("application/json;q=-1", None, None, None),
    ("application/json;q=nan", None, None, None),
    ("application/json;q=2", None, None, None),
    ("text/html", None, None, None),
    ("text/html, */*;q=0.1", M.JSON, None, None),
    ("nonsense", None, None, None),
    (",;,/,q=1,,", None, None, None),
    ("text/*", None, None, None),
    ("text/event-stream", M.EVENTS, M.EVENTS, M.EVENTS),
    ("text/event-stream, application/json", M.EVENTS, M.EVENTS, M.EVENTS),
    ("text/event-stream;q=0.5, application/json", M.JSON, M.EVENTS, M.EVENTS),
    ("text/event-stream;q=0, application/json", M.JSON, None, None),
    ("multipart/mixed", None, None, M.MIXED),
    (URQL, M.GRAPHQL, M.EVENTS, M.EVENTS),
    (APOLLO, M.GRAPHQL, None, M.MIXED),
]


@pytest.mark.parametrize(("header", "result", "subscription", "incremental"), CASES)
def test_quality_comes_first_then_the_order(
    header: str | None,
    result: MediaType | None,
    subscription: MediaType | None,
    incremental: MediaType | None,
) -> None:
    told = header.encode() if header is not None else None
    assert negotiation.accepted(told) == Accepted(result, subscription, incremental)


def test_bytes_that_are_no_text_are_no_media_type() -> None:
    assert negotiation.accepted(b"\xff\xfe/\x00").result is None


@pytest.mark.parametrize(
    ("content_type", "is_json"),
    [
        ("application/json", True),
        ("application/json;charset=utf-8", True),
        ('APPLICATION/JSON ; Charset="UTF-8"', True),
        ("application/graphql-response+json", True),
        ("application/json; charset=utf-16", False),
        ("application/json; charset=utf-8; charset=latin1", False),
        ("x-application/jsonx", False),
        ("application/jsonp", False),
        ("text/plain", False),
        ("application/graphql", False),
        ("multipart/form-data; boundary=x", False),
        ("application/x-www-form-urlencoded", False),
        ("text/plain; application/json", False),
        ("", False),
    ],
)
def test_only_json_in_utf_8_is_a_body(content_type: str, is_json: bool) -> None:
    assert negotiation.is_json(content_type.encode()) is is_json
