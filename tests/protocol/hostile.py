"""Requests that are meant to do harm. None may cost more than a moment, and all are told what is wrong.

`DOCUMENTS` are payloads for any transport, `TEXTS` are for whatever takes JSON; both are made when they are
needed, since some are large.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

Payload = dict[str, Any]
TYPENAME = "{ __typename }"


def repeated(count: int, write: Callable[[int], str]) -> str:
    """`write` for each number, one after another."""
    return " ".join(map(write, range(count)))


def nested(count: int, opening: str, inner: str, closing: str) -> str:
    """`inner` within so many pairs."""
    return opening * count + inner + closing * count


def doubling(count: int) -> str:
    """Each fragment spreads the next one twice: 2^count fields for who walks them all."""
    fragments = repeated(count, lambda n: f"fragment F{n} on Me {{ ...F{n + 1} ...F{n + 1} }}")
    return f"{{ me {{ ...F0 }} }} {fragments} fragment F{count} on Me {{ id }}"


def overlapping(count: int) -> str:
    """Fields of one name whose arguments differ: each pair must be compared."""
    return "{ " + repeated(count, lambda n: f'file(id: "{n}") {{ id }}') + " }"


def paged(levels: int, size: int) -> str:
    """Pages within pages: their sizes multiply."""
    page = f"files(first: {size}) {{ nodes {{ folder {{ "
    return f"{{ folders(first: {size}) {{ nodes {{ {nested(levels, page, ' id ', '} } }')} }} }} }}"


def introspection(levels: int) -> str:
    """Types of fields of types."""
    return f"{{ __schema {{ types {{ {nested(levels, 'fields { type { ', 'name', '} }')} }} }} }}"


DOCUMENTS: Mapping[str, Callable[[], Payload]] = {
    "nothing": dict,
    "an empty document": lambda: {"query": ""},
    "only spaces": lambda: {"query": " " * 50_000},
    "only commas": lambda: {"query": "," * 50_000},
    "only comments": lambda: {"query": "#\n" * 25_000},
    "one long comment": lambda: {"query": "#" * 90_000 + f"\n{TYPENAME}"},
    "a byte order mark": lambda: {"query": f"\ufeff{TYPENAME}"},
    "U+0000": lambda: {"query": "{ me\0 }"},
    "control characters": lambda: {"query": "{ \x01\x02\x7f }"},
    "emoji": lambda: {"query": "{ 🙂 }"},
    "an open string": lambda: {"query": '{ file(id: "'},
    "an open block string": lambda: {"query": '{ file(id: """' + "x" * 50_000},
    "a wrong escape": lambda: {"query": r'{ file(id: "\u{110000}") { id } }'},
    "a lone surrogate in a literal": lambda: {"query": r'{ file(id: "\ud800") { id } }'},
    "a long name": lambda: {"query": "{ " + "a" * 90_000 + " }"},
    "a long unknown argument": lambda: {"query": "{ file(" + "a" * 90_000 + ": 1) { id } }"},
    "a long type": lambda: {"query": f"query ($x: {'A' * 90_000}) {TYPENAME}"},
    "a long text": lambda: {"query": '{ file(id: "' + "x" * 90_000 + '") { id } }'},
    "a large document": lambda: {"query": TYPENAME + " " * 900_000},
    "100,000 tokens": lambda: {"query": "{ " + "a " * 100_000 + "}"},
    "deep braces": lambda: {"query": nested(20_000, "{ a ", "", "}")},
    "deep open braces": lambda: {"query": "{ a " * 40_000},
    "deep lists": lambda: {"query": f"{{ a(x: {nested(20_000, '[', '1', ']')}) }}"},
    "deep objects": lambda: {"query": f"{{ a(x: {nested(10_000, '{a:', '1', '}')}) }}"},
    "deep types": lambda: {"query": f"query ($x: {nested(20_000, '[', 'Int', ']')}) {TYPENAME}"},
    "deep fields": lambda: {"query": nested(200, "{ me ", "{ id }", "}")},
    "deep inline fragments": lambda: {"query": nested(1_000, "{ ... ", TYPENAME, "}")},
    "deep introspection": lambda: {"query": introspection(40)},
    "broad introspection": lambda: {
        "query": "{ "
        + repeated(100, lambda n: f"a{n}: __schema {{ types {{ fields {{ name }} }} }}")
        + " }"
    },
    "circular introspection": lambda: {"query": introspection(6)},
    "1,000 aliases": lambda: {
        "query": "{ " + repeated(1_000, lambda n: f"a{n}: __typename") + " }"
    },
    "1,000 aliases of a list": lambda: {
        "query": "{ " + repeated(1_000, lambda n: f"a{n}: publicKeys {{ id }}") + " }"
    },
    "20 aliases of the largest page": lambda: {
        "query": "{ "
        + repeated(20, lambda n: f"a{n}: files(first: 1000) {{ nodes {{ id }} }}")
        + " }"
    },
    "2,000 equal fields": lambda: {"query": "{ " + "__typename " * 2_000 + "}"},
    "1,000 fields that cannot be merged": lambda: {"query": overlapping(1_000)},
    "1,000 directives": lambda: {"query": "{ __typename " + "@include(if: true) " * 1_000 + "}"},
    "1,000 unknown directives": lambda: {"query": "{ __typename " + "@a " * 2_000 + "}"},
    "500 deferred fragments": lambda: {
        "query": "{ me { " + "... @defer { id } " * 500 + "} }",
    },
    "fragments that double, 18": lambda: {"query": doubling(18)},
    "fragments that double, 90": lambda: {"query": doubling(90)},
    "1,000 fragments": lambda: {
        "query": "{ me { ...F0 } } "
        + repeated(1_000, lambda n: f"fragment F{n} on Me {{ id ...F{n + 1} }}")
        + " fragment F1000 on Me { id }"
    },
    "a circle of fragments": lambda: {
        "query": "{ me { ...A } } fragment A on Me { ...B } fragment B on Me { ...A }"
    },
    "a fragment of itself": lambda: {"query": "{ me { ...A } } fragment A on Me { ...A }"},
    "a circle of 90 fragments": lambda: {
        "query": "{ me { ...F0 } } "
        + repeated(90, lambda n: f"fragment F{n} on Me {{ ...F{(n + 1) % 90} ...F{(n + 7) % 90} }}")
    },
    "an unknown fragment": lambda: {"query": "{ ...Nope }"},
    "a fragment on nothing": lambda: {"query": "{ ...A } fragment A on Nope { id }"},
    "1,000 operations": lambda: {
        "query": repeated(1_000, lambda n: f"query Q{n} {TYPENAME}"),
        "operationName": "Q7",
    },
    "two operations of one name": lambda: {"query": f"query A {TYPENAME} query A {TYPENAME}"},
    "several operations and none named": lambda: {
        "query": f"query A {TYPENAME} query B {TYPENAME}"
    },
    "an unknown operation": lambda: {"query": f"query A {TYPENAME}", "operationName": "B" * 10_000},
    "no operation": lambda: {"query": "fragment A on Me { id }"},
    "a definition of a type": lambda: {"query": "type A { b: Int }"},
    "1,000 variables": lambda: {
        "query": "query (" + repeated(1_000, lambda n: f"$v{n}: Int") + f") {TYPENAME}"
    },
    "1,000 unknown variables": lambda: {
        "query": TYPENAME,
        "variables": {f"v{n}": n for n in range(1_000)},
    },
    "a variable of an unknown type": lambda: {"query": f"query ($x: Nope) {TYPENAME}"},
    "a variable of an output type": lambda: {"query": f"query ($x: Me) {TYPENAME}"},
    "1,000 literals": lambda: {
        "query": "{ nodes(ids: [" + repeated(1_500, lambda n: f'"fil_{n}"') + "]) { id } }"
    },
    "100,000 ids": lambda: {
        "query": "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        "variables": {"ids": [f"fil_{n}" for n in range(100_000)]},
    },
    "100,000 wrong values": lambda: {
        "query": "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        "variables": {"ids": [None] * 100_000},
    },
    "an integer that is too large": lambda: {
        "query": f"{{ files(first: {'9' * 10_000}) {{ nodes {{ id }} }} }}"
    },
    "a number that is too large": lambda: {"query": "{ files(first: 1e999999) { nodes { id } } }"},
    "a negative page": lambda: {"query": "{ files(first: -1) { nodes { id } } }"},
    "a page of 2,147,483,647": lambda: {"query": "{ files(first: 2147483647) { nodes { id } } }"},
    "both ends of a page": lambda: {"query": "{ files(first: 1, last: 1) { nodes { id } } }"},
    "a cursor of nonsense": lambda: {
        "query": '{ files(after: "\\u0000\\uffff") { nodes { id } } }'
    },
    "an id of nonsense": lambda: {
        "query": "query ($id: ID!) { node(id: $id) { id } }",
        "variables": {"id": "fil_\0'; drop table file; --"},
    },
    "an id of 100,000 characters": lambda: {
        "query": "query ($id: ID!) { node(id: $id) { id } }",
        "variables": {"id": "fil_" + "0" * 100_000},
    },
    "an id that is an object": lambda: {
        "query": "query ($id: ID!) { node(id: $id) { id } }",
        "variables": {"id": {"$ne": None}},
    },
    "pages within pages": lambda: {"query": paged(6, 100)},
    "pages within pages, at most": lambda: {"query": paged(3, 1_000)},
    "a filter of 40 levels": lambda: {
        "query": "query ($f: FileFilter) { files(filter: $f, first: 1) { nodes { id } } }",
        "variables": {"f": orjson.loads(nested(40, '{"not":', "{}", "}"))},
    },
    "a filter of 5,000 leaves": lambda: {
        "query": "query ($f: FileFilter) { files(filter: $f, first: 1) { nodes { id } } }",
        "variables": {"f": {"and": [{"name": {"eq": str(n)}} for n in range(5_000)]}},
    },
    "a pattern that explodes": lambda: {
        "query": "query ($f: FileFilter) { files(filter: $f, first: 1) { nodes { id } } }",
        "variables": {"f": {"name": {"contains": "%_" * 20_000}}},
    },
    "a subscription to nothing": lambda: {
        "query": 'subscription { uploadProgress(jobId: "x") { cursor } }'
    },
    "a subscription to two things": lambda: {
        "query": 'subscription { a: uploadProgress(jobId: "x") { cursor }'
        ' b: uploadProgress(jobId: "y") { cursor } }'
    },
    "a subscription to introspection": lambda: {"query": "subscription { __typename }"},
    "a mutation of everything": lambda: {
        "query": "mutation { "
        + repeated(
            500,
            lambda n: f"m{n}: signOut(input: {{ everywhere: false }}) {{ replayed: __typename }}",
        )
        + " }"
    },
    "a persisted query of another kind": lambda: {"extensions": {"persistedQuery": [1]}},
    "a persisted query of another digest": lambda: {
        "query": TYPENAME,
        "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}},
    },
    "an unknown document": lambda: {"documentId": "sha256:" + "f" * 64},
    "a document id of 500,000 characters": lambda: {"documentId": "x" * 500_000},
}
"""Some are allowed, and then must be cheap."""

TEXTS: Mapping[str, Callable[[], bytes]] = {
    "an empty text": lambda: b"",
    "spaces": lambda: b" " * 1_000_000,
    "null": lambda: b"null",
    "true": lambda: b"true",
    "a number": lambda: b"1",
    "a text": lambda: b'"query"',
    "an empty list": lambda: b"[]",
    "a batch": lambda: b'[{"query":"{ __typename }"},{"query":"{ __typename }"}]',
    "a batch of 100,000": lambda: b"[" + b",".join([b"{}"] * 100_000) + b"]",
    "half an object": lambda: b'{"query":"{ __typename }"',
    "two objects": lambda: b'{"query":"{ __typename }"}{}',
    "a comment": lambda: b'{"query":"{ __typename }"} // comment',
    "a comma too many": lambda: b'{"query":"{ __typename }",}',
    "single quotes": lambda: b"{'query':'{ __typename }'}",
    "no UTF-8": lambda: b'{"query":"\xff\xfe"}',
    "overlong UTF-8": lambda: b'{"query":"\xc0\xaf"}',
    "a surrogate in UTF-8": lambda: b'{"query":"\xed\xa0\x80"}',
    "UTF-16": lambda: '{"query":"{ __typename }"}'.encode("utf-16"),
    "a byte order mark": lambda: b'\xef\xbb\xbf{"query":"{ __typename }"}',
    "a lone surrogate": lambda: b'{"query":"{ __typename }","variables":{"x":"\\ud800"}}',
    "a reversed pair": lambda: b'{"query":"{ __typename }","variables":{"x":"\\udc00\\ud800"}}',
    "NaN": lambda: b'{"query":"{ __typename }","variables":{"x":NaN}}',
    "Infinity": lambda: b'{"query":"{ __typename }","variables":{"x":-Infinity}}',
    "1e400": lambda: b'{"query":"{ __typename }","variables":{"x":1e400}}',
    "an integer of 20 digits": lambda: (
        b'{"query":"{ __typename }","variables":{"x":10000000000000000000}}'
    ),
    "an integer of 5,000 digits": lambda: (
        b'{"query":"{ __typename }","variables":{"x":%s}}' % (b"9" * 5_000)
    ),
    "an integer of 900,000 digits": lambda: b'{"variables":{"x":%s}}' % (b"9" * 900_000),
    "a negative integer of 19 digits": lambda: b'{"variables":{"x":-9999999999999999999}}',
    "65 levels": lambda: b'{"variables":%s}' % nested(65, '{"a":', "1", "}").encode(),
    "1,000 levels": lambda: b'{"variables":%s}' % nested(1_000, '{"a":', "1", "}").encode(),
    "100,000 levels": lambda: nested(100_000, "[", "", "]").encode(),
    "100,000 open levels": lambda: b"[" * 100_000,
    "100,000 keys": lambda: orjson.dumps({f"k{n}": n for n in range(50_000)}),
    "keys that are equal": lambda: b'{"query":"{ a }","query":7}',
    "a key of 900,000 characters": lambda: b'{"%s":1}' % (b"k" * 900_000),
    "300,000 empty objects": lambda: b'{"variables":{"x":[%s]}}' % b",".join([b"{}"] * 300_000),
    "query is a number": lambda: b'{"query":1}',
    "query is a list": lambda: b'{"query":["{ __typename }"]}',
    "query is an object": lambda: b'{"query":{}}',
    "query is true": lambda: b'{"query":true}',
    "operationName is a number": lambda: b'{"query":"{ __typename }","operationName":1}',
    "variables is a text": lambda: b'{"query":"{ __typename }","variables":"{}"}',
    "variables is a list": lambda: b'{"query":"{ __typename }","variables":[]}',
    "extensions is a list": lambda: b'{"query":"{ __typename }","extensions":[]}',
    "documentId is a number": lambda: b'{"documentId":1}',
    "__proto__": lambda: b'{"__proto__":{"query":"{ __typename }"}}',
    "a query misspelt": lambda: b'{"qeury":"{ __typename }"}',
}
"""All are refused; of keys that are equal the last one counts."""
