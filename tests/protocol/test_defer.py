"""`@defer`: a result in parts, as multipart/mixed and as events."""

import asyncio
import re
from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import orjson
import psycopg
import pytest

from app.core.settings import Settings
from schema.codes import Code
from tests.client import Api
from tests.protocol.caller import EVENTS, GRAPHQL, JSON, MIXED, Caller, code_of
from tests.protocol.test_sse import frames

APOLLO = f"{MIXED};deferSpec=20220824,{GRAPHQL},{JSON};q=0.9"
DEFERRED = """
query { me { email ...Later @defer(label: "later") } }
fragment Later on Me { name }
"""
SLOW = "{ me { email } ... @defer { publicKeys { id } } }"


@pytest.fixture
async def caller(api: Api, server: str) -> AsyncGenerator[Caller]:
    async with Caller.over(server, api.person) as one:
        yield one


async def parts(response: httpx2.Response) -> AsyncGenerator[dict[str, Any]]:
    """The parts of multipart/mixed, each as soon as its end is there."""
    rest = b""
    async for piece in response.aiter_raw():
        *whole, rest = (rest + piece).split(b"\r\n---")
        for text in filter(None, whole):
            head, _, body = text.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            assert b"content-type: application/json; charset=utf-8" in head.lower()
            assert length is not None
            assert int(length[1]) == len(body)
            yield orjson.loads(body)
    assert rest == b"--\r\n"


async def test_what_is_deferred_comes_after_the_rest(caller: Caller) -> None:
    headers = caller.headers(APOLLO)
    async with caller.http.stream(
        "POST", "/graphql", json={"query": DEFERRED}, headers=headers
    ) as response:
        assert response.headers["content-type"] == 'multipart/mixed; boundary="-"'
        first, last = [part async for part in parts(response)]
    assert caller.person is not None
    assert first == {
        "data": {"me": {"email": caller.person.email}},
        "pending": [{"id": "0", "path": ["me"], "label": "later"}],
        "hasNext": True,
    }
    (brought,) = last["incremental"]
    assert set(brought["data"]) == {"name"}
    assert (brought["id"], brought["path"], brought["label"]) == ("0", ["me"], "later")
    assert (last["completed"], last["hasNext"]) == ([{"id": "0"}], False)


async def test_the_first_part_does_not_wait_for_the_slow_one(
    caller: Caller, settings: Settings
) -> None:
    assert settings.database_url is not None
    headers = caller.headers(EVENTS)
    async with (
        await psycopg.AsyncConnection.connect(settings.database_url) as database,
        asyncio.timeout(8),
    ):
        await database.execute("lock table public_key in access exclusive mode")
        async with caller.http.stream(
            "POST", "/graphql", json={"query": SLOW}, headers=headers
        ) as response:
            found = frames(response)
            first = (await anext(found)).data
            assert set(first["data"]) == {"me"}
            await database.rollback()
            *_, last, end = [frame async for frame in found]
    assert last.data["incremental"][0]["data"] == {"publicKeys": []}
    assert end.fields["event"] == "complete"


async def test_who_reads_no_stream_is_told_so(caller: Caller) -> None:
    for accept in (JSON, GRAPHQL, "*/*"):
        answer = await caller.post(DEFERRED, accept)
        assert (answer.status_code, code_of(answer)) == (406, Code.NOT_ACCEPTABLE)
    assert (await caller.post("{ __typename }", APOLLO)).headers["content-type"].startswith(GRAPHQL)
    assert (await caller.post("{ __typename }", MIXED)).status_code == 406


async def test_another_operation_of_the_document_is_answered_at_once(caller: Caller) -> None:
    both = "query A { __typename } query B { me { ... on Me @defer { name } } }"
    answer = await caller.post({"query": both, "operationName": "A"})
    assert answer.json()["data"] == {"__typename": "Query"}
    assert (await caller.post({"query": both, "operationName": "B"})).status_code == 406


async def test_deferring_nothing_is_one_part(caller: Caller) -> None:
    headers = caller.headers(MIXED)
    document = "query ($no: Boolean!) { me { ... on Me @defer(if: $no) { name } } }"
    body = {"query": document, "variables": {"no": False}}
    async with caller.http.stream("POST", "/graphql", json=body, headers=headers) as response:
        (only,) = [part async for part in parts(response)]
    assert set(only["data"]["me"]) == {"name"}
    assert only["hasNext"] is False


async def test_errors_of_a_late_part_are_coded(server: str) -> None:
    document = "{ __typename ... @defer { publicKeys { id } } }"
    async with (
        Caller.over(server, None) as nobody,
        nobody.http.stream(
            "POST", "/graphql", json={"query": document}, headers=nobody.headers(MIXED)
        ) as response,
    ):
        first, last = [part async for part in parts(response)]
    assert first["data"] == {"__typename": "Query"}
    (brought,) = last["incremental"]
    assert brought["data"] == {"publicKeys": None}
    assert brought["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert brought["errors"][0]["path"] == ["publicKeys"]


@pytest.mark.parametrize(
    "document",
    [
        "{ me { email } @stream }",
        "{ publicKeys @stream { id } }",
        'subscription { uploadProgress(jobId: "x") { ... @defer { cursor } } }',
        "mutation { ... @defer { signOut(input: { everywhere: false }) { userErrors { code } } } }",
        '{ me { ... @defer(label: "a") { name } } b: me { ... @defer(label: "a") { name } } }',
        "{ me @defer { name } }",
    ],
)
async def test_defer_has_its_places_and_stream_has_none(caller: Caller, document: str) -> None:
    answer = await caller.post(document, f"{GRAPHQL}, {EVENTS}")
    assert answer.status_code == 400
    codes = {error["extensions"]["code"] for error in answer.json()["errors"]}
    assert codes <= {"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"}
