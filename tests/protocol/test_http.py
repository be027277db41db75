"""GraphQL over HTTP, in both profiles."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from starlette.applications import Starlette

from app.core.db import Database
from app.core.runtime import Runtime
from app.core.settings import Settings
from app.main import serve
from schema.codes import Code
from tests.protocol.caller import EVENTS, GRAPHQL, JSON, Caller, code_of
from tests.world import Person, World

TYPENAME = "{ __typename }"
ME = "query Me { me { email } }"
TWO = "query A { __typename } query B { me { email } }"
MUTATION = "mutation { signOut(input: { everywhere: false }) { userErrors { code } } }"
PARTIAL = "{ __typename me { email } }"
"""Sent by nobody, it brings data and an error."""
SUBSCRIPTION = 'subscription { uploadProgress(jobId: "upl_x") { cursor } }'

UNPARSED = {"query": "{ me "}
INVALID = {"query": "{ nothing }"}
UNPICKED = {"query": TWO}
UNCOERCED = {"query": "query ($id: ID!) { __typename file(id: $id) { id } }"}
UNKNOWN = {"documentId": "sha256:" + "0" * 64}
UNSHAPED = {"query": 1}


@pytest.fixture
async def person(world: World) -> Person:
    return await world.organisation()


@pytest.fixture
async def caller(app: Starlette, person: Person) -> AsyncGenerator[Caller]:
    async with Caller.inside(app, person) as one:
        yield one


@pytest.fixture
async def nobody(app: Starlette) -> AsyncGenerator[Caller]:
    async with Caller.inside(app, None) as one:
        yield one


@asynccontextmanager
async def another(
    runtime: Runtime, person: Person | None, **settings: Any
) -> AsyncGenerator[Caller]:
    """At a server with other settings."""
    told = runtime.settings.model_copy(update=settings)
    app = Starlette()
    serve(app, dataclasses.replace(runtime, settings=told))
    async with Caller.inside(app, person) as one:
        yield one


@pytest.fixture
async def draft(runtime: Runtime) -> AsyncGenerator[Caller]:
    """Nobody, at a server with the other profile."""
    async with another(runtime, None, http_profile="draft") as one:
        yield one


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
async def test_the_answer_is_of_the_type_that_was_asked_for(caller: Caller, accept: str) -> None:
    answer = await caller.post(TYPENAME, accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{accept}; charset=utf-8"
    assert answer.json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize(
    ("body", "graphql", "json", "code"),
    [
        (b"{", 400, 400, Code.BAD_REQUEST),
        (UNSHAPED, 400, 400, Code.BAD_REQUEST),
        (UNPARSED, 400, 200, Code.GRAPHQL_PARSE_FAILED),
        (INVALID, 400, 200, Code.GRAPHQL_VALIDATION_FAILED),
        (UNPICKED, 400, 200, Code.OPERATION_RESOLUTION_FAILED),
        (UNCOERCED, 400, 200, Code.BAD_USER_INPUT),
        (UNKNOWN, 400, 200, Code.PERSISTED_DOCUMENT_NOT_FOUND),
    ],
)
async def test_old_clients_look_for_graphql_s_errors_in_a_200(
    nobody: Caller, body: Any, graphql: int, json: int, code: Code
) -> None:
    for accept, status in ((GRAPHQL, graphql), (JSON, json)):
        answer = await nobody.post(body, accept)
        assert (answer.status_code, code_of(answer)) == (status, code)
        assert answer.headers["content-type"].startswith(accept)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (UNSHAPED, 422),
        (UNPARSED, 400),
        (INVALID, 422),
        (UNPICKED, 422),
        (UNCOERCED, 422),
        (UNKNOWN, 422),
    ],
)
async def test_the_draft_tells_what_is_wrong_from_what_cannot_be_read(
    draft: Caller, body: Any, status: int
) -> None:
    for accept in (GRAPHQL, JSON):
        answer = await draft.post(body, accept)
        assert answer.status_code == status
        assert code_of(answer)


async def test_data_with_errors_is_partial_in_the_draft(nobody: Caller, draft: Caller) -> None:
    for caller, status in ((nobody, 200), (draft, 294)):
        answer = await caller.post(PARTIAL, GRAPHQL)
        assert answer.status_code == status
        assert answer.json()["data"] == {"__typename": "Query", "me": None}
        assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert (await caller.post(TYPENAME, GRAPHQL)).status_code == 200


async def test_only_what_succeeds_is_called_plain_json_in_the_draft(draft: Caller) -> None:
    for body in (INVALID, UNSHAPED, b"{"):
        assert (await draft.post(body, JSON)).headers["content-type"].startswith(GRAPHQL)
    assert (await draft.post(TYPENAME, JSON)).headers["content-type"].startswith(JSON)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "TRACE", "NONSENSE"])
async def test_other_methods_are_told_which_there_are(nobody: Caller, method: str) -> None:
    answer = await nobody.http.request(method, "/graphql", headers=nobody.headers())
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST, OPTIONS")
    if method != "HEAD":
        assert code_of(answer) is Code.METHOD_NOT_ALLOWED


async def test_options_says_what_may_be_sent(nobody: Caller) -> None:
    answer = await nobody.http.options("/graphql")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == "GET, POST, OPTIONS"
    assert "access-control-allow-origin" not in answer.headers


async def test_a_client_that_takes_nothing_of_ours_is_refused(caller: Caller) -> None:
    for accept in ("text/html", "image/png", "application/json;q=0", "application/json;charset=x"):
        answer = await caller.post(TYPENAME, accept)
        assert (answer.status_code, code_of(answer)) == (406, Code.NOT_ACCEPTABLE)


async def test_a_body_must_be_said_to_be_json(caller: Caller) -> None:
    for content_type in (
        "",
        "text/plain",
        "application/graphql",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
    ):
        answer = await caller.post(TYPENAME, content_type=content_type)
        assert (answer.status_code, code_of(answer)) == (415, Code.UNSUPPORTED_MEDIA_TYPE)
    assert (await caller.post(TYPENAME, content_type="application/json;charset=UTF-8")).is_success


async def test_compressed_bodies_are_refused(caller: Caller) -> None:
    for encoding in ("gzip", "br", "deflate", "identity, gzip"):
        answer = await caller.post(TYPENAME, content_encoding=encoding)
        assert (answer.status_code, code_of(answer)) == (415, Code.UNSUPPORTED_MEDIA_TYPE)
    assert (await caller.post(TYPENAME, content_encoding="identity")).is_success


async def test_queries_go_by_get_with_all_that_belongs_to_them(
    caller: Caller, person: Person
) -> None:
    answer = await caller.get(GRAPHQL, query=TWO, operationName="B")
    assert answer.json()["data"] == {"me": {"email": person.email}}
    document = "query ($yes: Boolean!) { __typename @include(if: $yes) }"
    answer = await caller.get(query=document, variables='{"yes": false}', extensions="{}")
    assert answer.json()["data"] == {}
    answer = await caller.get(query=TYPENAME, operationName="", variables="", extensions="")
    assert answer.json()["data"] == {"__typename": "Query"}
    assert answer.headers["cache-control"] == "no-store"


async def test_mutations_do_not_go_by_get(caller: Caller) -> None:
    answer = await caller.get(query=MUTATION)
    assert (answer.status_code, code_of(answer)) == (405, Code.METHOD_NOT_ALLOWED)
    assert answer.headers["allow"] == "POST"
    both = f"{MUTATION.replace('mutation', 'mutation M')} query Q {{ __typename }}"
    assert (await caller.get(query=both, operationName="Q")).is_success
    assert (await caller.get(query=both, operationName="M")).status_code == 405


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"query": ""},
        {"qeury": TYPENAME},
        {"query": TYPENAME, "variables": "{"},
        {"query": TYPENAME, "variables": "1"},
        {"query": TYPENAME, "variables": "[]"},
        {"query": TYPENAME, "extensions": '"x"'},
    ],
)
async def test_a_get_is_looked_at_as_closely_as_a_body(
    caller: Caller, parameters: dict[str, str]
) -> None:
    answer = await caller.get(**parameters)
    assert (answer.status_code, code_of(answer)) == (400, Code.BAD_REQUEST)


@pytest.mark.parametrize("query", ["query={__typename}&query={me}", "query=%ff", "query=%C3%28"])
async def test_an_ambiguous_query_string_is_refused(caller: Caller, query: str) -> None:
    answer = await caller.http.get(f"/graphql?{query}", headers=caller.headers(content_type=""))
    assert (answer.status_code, code_of(answer)) == (400, Code.BAD_REQUEST)


async def test_a_query_string_has_its_limit(caller: Caller) -> None:
    answer = await caller.get(query=TYPENAME + " " * 20_000)
    assert (answer.status_code, code_of(answer)) == (414, Code.BODY_TOO_LARGE)


async def test_a_subscription_needs_a_stream(caller: Caller) -> None:
    for answer in (
        await caller.post(SUBSCRIPTION),
        await caller.post(SUBSCRIPTION, "*/*"),
        await caller.get(query=SUBSCRIPTION),
    ):
        assert (answer.status_code, code_of(answer)) == (406, Code.NOT_ACCEPTABLE)


async def test_unknown_keys_are_ignored_and_nulls_are_nothing(caller: Caller) -> None:
    told = {"query": TYPENAME, "id": 7, "operationName": None, "variables": None}
    assert (await caller.post(told | {"extensions": None, "documentId": None})).is_success


async def test_credentials_that_do_not_hold_are_refused_before_the_operation_is_looked_at(
    nobody: Caller,
) -> None:
    for body in (TYPENAME, UNPARSED, b"no JSON"):
        answer = await nobody.post(body, GRAPHQL, authorization="Bearer lg_nonsense")
        assert (answer.status_code, code_of(answer)) == (401, Code.UNAUTHENTICATED)
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_two_credentials_are_none(caller: Caller) -> None:
    headers = [*caller.headers().items(), ("authorization", "Bearer other")]
    answer = await caller.http.post("/graphql", json={"query": TYPENAME}, headers=headers)
    assert (answer.status_code, code_of(answer)) == (401, Code.UNAUTHENTICATED)


async def test_a_large_body_needs_credentials(caller: Caller, nobody: Caller) -> None:
    body = {"query": TYPENAME, "extensions": {"x": "x" * 2_000_000}}
    assert (await caller.post(body)).is_success
    answer = await nobody.post(body)
    assert (answer.status_code, code_of(answer)) == (413, Code.BODY_TOO_LARGE)


async def test_no_body_is_over_the_limit(caller: Caller) -> None:
    answer = await caller.post(b" " * 13_000_000)
    assert (answer.status_code, code_of(answer)) == (413, Code.BODY_TOO_LARGE)


async def test_a_body_that_hides_its_length_is_counted(server: str) -> None:
    sent = 0

    async def endless() -> AsyncGenerator[bytes]:
        nonlocal sent
        while sent < 100_000_000:
            sent += 65_536
            yield b" " * 65_536

    async with Caller.over(server, None) as nobody:
        answer = await nobody.http.post("/graphql", content=endless(), headers=nobody.headers())
    assert (answer.status_code, code_of(answer)) == (413, Code.BODY_TOO_LARGE)


@pytest.mark.parametrize("accept", [JSON, GRAPHQL, EVENTS])
async def test_who_has_spent_all_is_told_when_to_come_back(
    runtime: Runtime, person: Person, accept: str
) -> None:
    async with another(runtime, person, points_per_minute=10) as caller:
        answers = [await caller.post("{ me { email } }", accept) for _ in range(12)]
    last = answers[-1]
    assert answers[0].status_code == 200
    assert (last.status_code, code_of(last)) == (429, Code.RATE_LIMITED)
    assert int(last.headers["retry-after"]) > 0


async def test_a_database_that_is_away_is_told_as_such(runtime: Runtime, person: Person) -> None:
    nowhere = Database.open("postgresql://nobody@127.0.0.1:1/nothing", role="x", pool_size=1)
    app = Starlette()
    serve(app, dataclasses.replace(runtime, system=nowhere))
    async with Caller.inside(app, person) as caller:
        answer = await caller.post(TYPENAME, GRAPHQL)
    assert (answer.status_code, code_of(answer)) == (503, Code.UNAVAILABLE)
    assert answer.headers["retry-after"] == "1"


async def test_the_figures_count_each_operation_by_its_kind(caller: Caller) -> None:
    async def figures() -> dict[str, float]:
        lines = (await caller.http.get("/metrics")).text.splitlines()
        return {
            line.split(" ")[0].partition("{")[2]: float(line.split(" ")[1])
            for line in lines
            if line.startswith("labelgraph_operations_total")
        }

    before = await figures()
    await caller.post(TYPENAME)
    await caller.post(MUTATION)
    await caller.post(UNPARSED)
    after = await figures()
    assert {
        key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key)
    } == {
        'kind="query",outcome="ok"}': 1,
        'kind="mutation",outcome="ok"}': 1,
        'kind="unknown",outcome="refused"}': 1,
    }


async def test_work_ends_when_the_client_leaves(
    server: str, settings: Settings, person: Person
) -> None:
    assert settings.database_url is not None
    waiting = (
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = %s"
    )
    async with await psycopg.AsyncConnection.connect(settings.database_url) as database:

        async def until(count: int) -> None:
            deadline = time.monotonic() + 3
            while True:
                found = await database.execute(waiting, [database.info.dbname])
                if await found.fetchone() == (count,):
                    return
                assert time.monotonic() < deadline, f"there never were {count} that wait"
                await asyncio.sleep(0.05)

        await database.execute("lock table public_key in access exclusive mode")
        async with Caller.over(server, person) as caller:
            request = asyncio.create_task(caller.post("{ publicKeys { id } }"))
            await until(1)
            request.cancel()
            await asyncio.gather(request, return_exceptions=True)
            await until(0)
        await database.rollback()
