"""What no honest client sends over a WebSocket, and what must come of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

DEEP = 60_000


@dataclass(frozen=True, slots=True)
class Hostile:
    """Frames, sent one after the other on a socket that was acknowledged, unless they come first."""

    name: str
    frames: Sequence[str | bytes]
    close: int | None = None
    """The code with which the socket is closed; None: it stays open."""
    error: str | None = None
    """The code of the error that the operation is answered with."""
    is_first: bool = False
    """Before `connection_init`."""

    def __str__(self) -> str:
        return self.name


def subscribe(query: object = None, **payload: object) -> str:
    """The message that begins an operation."""
    told = {"query": query, **payload} if query is not None else payload
    return orjson.dumps({"id": "1", "type": "subscribe", "payload": told}).decode()


def message(payload: str) -> str:
    """A `subscribe` whose payload is this text."""
    return f'{{"id":"1","type":"subscribe","payload":{payload}}}'


def malformed(name: str, *frames: str | bytes, is_first: bool = False) -> Hostile:
    """Frames that are no messages of the protocol."""
    return Hostile(name, frames, close=4400, is_first=is_first)


def refused(name: str, code: str, frame: str) -> Hostile:
    """An operation that cannot run; the socket stays."""
    return Hostile(name, [frame], error=code)


def forbidden(name: str, **credentials: object) -> Hostile:
    """Credentials that do not hold."""
    init = orjson.dumps({"type": "connection_init", "payload": credentials}).decode()
    return Hostile(name, [init], close=4403, is_first=True)


NAME = "{ __typename }"
FILE = "query ($id: ID!) { file(id: $id) { id } }"
FOLLOW = 'subscription { uploadProgress(jobId: "%s") { cursor } }'
TWO_ROOTS = """
subscription { a: uploadProgress(jobId: "1") { cursor } b: uploadProgress(jobId: "2") { cursor } }
"""
ZEROS = "0" * 64
PERSISTED = {"persistedQuery": {"version": 1, "sha256Hash": ZEROS}}

FRAMES = [
    malformed("empty text", ""),
    malformed("empty text first", "", is_first=True),
    malformed("binary", b'{"type":"ping"}'),
    malformed("binary first", b'{"type":"ping"}', is_first=True),
    malformed("binary rubbish", bytes(range(256))),
    malformed("no JSON", "hello"),
    malformed("half JSON", '{"type":"ping"'),
    malformed("two values", '{"type":"ping"}{"type":"ping"}'),
    malformed("a byte order mark", '\ufeff{"type":"ping"}'),
    malformed("NaN", '{"type":"ping","payload":{"a":NaN}}'),
    malformed("Infinity", '{"type":"ping","payload":{"a":-Infinity}}'),
    malformed("1e400", '{"type":"ping","payload":{"a":1e400}}'),
    malformed("5,000 digits", '{"type":"ping","payload":{"a":' + "9" * 5_000 + "}}"),
    malformed("20 digits", '{"type":"ping","payload":{"a":18446744073709551616}}'),
    malformed("lone surrogate", '{"type":"ping","payload":{"a":"\\ud800"}}'),
    malformed("NUL as it is", '{"type":"ping\0"}'),
    malformed("deep arrays", '{"type":"ping","payload":{"a":' + "[" * DEEP + "]" * DEEP + "}}"),
    malformed("deep arrays without an end", "[" * DEEP),
    malformed("deep objects", '{"a":' * 100 + "1" + "}" * 100),
    malformed("65 levels", message('{"variables":{"a":' + "[" * 63 + "]" * 63 + "}}")),
    malformed("null", "null"),
    malformed("true", "true"),
    malformed("a number", "1"),
    malformed("a text", '"ping"'),
    malformed("a list", "[]"),
    malformed("a list of messages", '[{"type":"ping"}]'),
    malformed("nothing in it", "{}"),
    malformed("no type", '{"id":"1"}'),
    malformed("type null", '{"type":null}'),
    malformed("type a list", '{"type":["ping"]}'),
    malformed("type an object", '{"type":{"ping":1}}'),
    malformed("type unknown", '{"type":"start"}'),
    malformed("type in capitals", '{"type":"PING"}'),
    malformed("type of dunder", '{"type":"__class__"}'),
    malformed("type of ours: next", '{"id":"1","type":"next","payload":{}}'),
    malformed("type of ours: error", '{"id":"1","type":"error","payload":[]}'),
    malformed("type of ours: ack", '{"type":"connection_ack"}'),
    malformed("the old protocol", '{"type":"connection_terminate"}'),
    malformed("a long type", '{"type":"' + "x" * 100_000 + '"}'),
    malformed("ping with a text", '{"type":"ping","payload":"x"}'),
    malformed("ping with a list", '{"type":"ping","payload":[1]}'),
    malformed("pong with a number", '{"type":"pong","payload":1}'),
    malformed("init with a text", '{"type":"connection_init","payload":"x"}', is_first=True),
    malformed("init with a list", '{"type":"connection_init","payload":[]}', is_first=True),
    malformed("init with false", '{"type":"connection_init","payload":false}', is_first=True),
    malformed(
        "subscribe without an id", '{"type":"subscribe","payload":{"query":"{ me { id } }"}}'
    ),
    malformed("subscribe with id null", '{"id":null,"type":"subscribe","payload":{"query":"{a}"}}'),
    malformed("subscribe with a number", '{"id":1,"type":"subscribe","payload":{"query":"{a}"}}'),
    malformed("subscribe with no letter", '{"id":"","type":"subscribe","payload":{"query":"{a}"}}'),
    malformed("subscribe with a list", '{"id":["1"],"type":"subscribe","payload":{"query":"{a}"}}'),
    malformed(
        "subscribe with a long id",
        '{"id":"' + "x" * 100_000 + '","type":"subscribe","payload":{"query":"{a}"}}',
    ),
    malformed("subscribe without a payload", '{"id":"1","type":"subscribe"}'),
    malformed("payload null", message("null")),
    malformed("payload a list", message("[]")),
    malformed("payload a text", message('"{ me }"')),
    malformed("query a number", message('{"query":1}')),
    malformed("query a list", message('{"query":["{ me }"]}')),
    malformed("operationName a number", message('{"query":"{a}","operationName":1}')),
    malformed("variables a list", message('{"query":"{a}","variables":[]}')),
    malformed("variables a text", message('{"query":"{a}","variables":"{}"}')),
    malformed("extensions a list", message('{"query":"{a}","extensions":[]}')),
    malformed("documentId a list", message('{"documentId":[]}')),
    malformed("complete without an id", '{"type":"complete"}'),
    malformed("complete with null", '{"id":null,"type":"complete"}'),
    malformed("complete with a number", '{"id":1,"type":"complete"}'),
    Hostile("subscribe first", [subscribe("{ me { id } }")], close=4401, is_first=True),
    Hostile("init twice", ['{"type":"connection_init"}'] * 2, close=4429),
    Hostile("init twice at once", ['{"type":"connection_init"}'] * 2, close=4429, is_first=True),
    forbidden("a token that is none", Authorization="Bearer lg_x"),
    forbidden("a token of 200,000 characters", Authorization="Bearer " + "x" * 200_000),
    forbidden("a token in Chinese", Authorization="Bearer 标签"),
    forbidden("a token with a line feed", Authorization="Bearer a\nb"),
    forbidden("a signature of lists", Signature=[], **{"Signature-Input": {}}),
    Hostile("an id twice", [subscribe(FOLLOW % "x")] * 2, close=4409),
    Hostile("too long", ['{"type":"ping","payload":{"a":"' + "x" * 300_000 + '"}}'], close=1009),
    Hostile("too long, in bytes", [bytes(300_000)], close=1009),
    Hostile("two hundred pongs", ['{"type":"pong"}'] * 200, close=1008),
    Hostile("complete of what never was", ['{"id":"x","type":"complete"}'] * 20),
    Hostile("complete with more", ['{"id":"x","type":"complete","payload":{"a":[]},"more":1}']),
    refused("no document", "BAD_REQUEST", subscribe()),
    refused("an empty document", "BAD_REQUEST", subscribe("")),
    refused("spaces only", "GRAPHQL_PARSE_FAILED", subscribe("   ")),
    refused("a comment only", "GRAPHQL_PARSE_FAILED", subscribe("# nothing")),
    refused("a brace", "GRAPHQL_PARSE_FAILED", subscribe("{")),
    refused("ten thousand braces", "GRAPHQL_PARSE_FAILED", subscribe("{a" * 2_400)),
    refused("control characters", "GRAPHQL_PARSE_FAILED", subscribe("{ me \u0007 }")),
    refused("a text without an end", "GRAPHQL_PARSE_FAILED", subscribe('{ file(id: "')),
    refused("tokens", "TOKEN_LIMIT", subscribe("{" + " a" * 6_000 + "}")),
    refused("types", "GRAPHQL_VALIDATION_FAILED", subscribe("type A { a: Int }")),
    refused("a long name", "GRAPHQL_VALIDATION_FAILED", subscribe("{ " + "x" * 5_000 + " }")),
    refused("two roots", "GRAPHQL_VALIDATION_FAILED", subscribe(TWO_ROOTS)),
    refused(
        "only __typename", "GRAPHQL_VALIDATION_FAILED", subscribe("subscription { __typename }")
    ),
    refused(
        "another name", "OPERATION_RESOLUTION_FAILED", subscribe(NAME, operationName="x" * 9_000)
    ),
    refused(
        "no name of two", "OPERATION_RESOLUTION_FAILED", subscribe(f"query A {NAME} query B {NAME}")
    ),
    refused("no variable", "BAD_USER_INPUT", subscribe(FILE)),
    refused("an object for an id", "BAD_USER_INPUT", subscribe(FILE, variables={"id": {"a": 1}})),
    refused("lists for an id", "BAD_USER_INPUT", subscribe(FILE, variables={"id": [[[[["a"]]]]]})),
    refused(
        "no such document", "PERSISTED_DOCUMENT_NOT_FOUND", subscribe(documentId=f"sha256:{ZEROS}")
    ),
    refused("no such query", "PERSISTED_QUERY_NOT_FOUND", subscribe(extensions=PERSISTED)),
    refused("a job of nobody", "BAD_USER_INPUT", subscribe(FOLLOW % "../../etc")),
]
