"""Documents that are named instead of sent, on every transport."""

import dataclasses
import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.applications import Starlette

from app.core.clock import new_id
from app.core.runtime import Runtime
from app.main import serve
from schema.codes import Code
from schema.execution import persisted
from tests.client import Api
from tests.protocol.caller import EVENTS, GRAPHQL, Caller, code_of
from tests.socket import Open
from tests.world import Person, World


def fresh() -> str:
    """A document that nobody has sent before."""
    return f"query Q{new_id().hex} {{ __typename }}"


def digest(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def by_id(document: str) -> dict[str, Any]:
    """As the draft of GraphQL over HTTP asks for it."""
    return {"documentId": f"sha256:{digest(document)}"}


def by_apollo(document: str) -> dict[str, Any]:
    """As Apollo's clients ask for it."""
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(document)}}}


WAYS = pytest.mark.parametrize(
    ("named", "code"),
    [
        (by_id, Code.PERSISTED_DOCUMENT_NOT_FOUND),
        (by_apollo, Code.PERSISTED_QUERY_NOT_FOUND),
    ],
)
TYPENAME = {"__typename": "Query"}


@pytest.fixture
async def person(world: World) -> Person:
    return await world.organisation()


@pytest.fixture
async def caller(app: Starlette, person: Person) -> AsyncGenerator[Caller]:
    async with Caller.inside(app, person) as one:
        yield one


@asynccontextmanager
async def another(
    runtime: Runtime, person: Person | None, **settings: Any
) -> AsyncGenerator[Caller]:
    """A caller of another server, with other settings."""
    told = runtime.settings.model_copy(update=settings)
    app = Starlette()
    serve(app, dataclasses.replace(runtime, settings=told))
    async with Caller.inside(app, person) as one:
        yield one


@WAYS
async def test_a_document_that_was_sent_once_is_known_to_all_servers(
    caller: Caller, runtime: Runtime, named: Any, code: Code
) -> None:
    document = fresh()
    assert code_of(await caller.post(named(document), GRAPHQL)) is code
    assert (await caller.post({"query": document, **named(document)})).json().get(
        "data"
    ) == TYPENAME
    assert (await caller.post(named(document))).json().get("data") == TYPENAME
    async with another(runtime, None) as elsewhere:
        assert (await elsewhere.post(named(document))).json().get("data") == TYPENAME


async def test_apollo_s_clients_know_the_error_by_its_message(caller: Caller) -> None:
    answer = await caller.post(by_apollo(fresh()))
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["message"] == "PersistedQueryNotFound"


async def test_named_documents_go_by_get(caller: Caller) -> None:
    document = fresh()
    await caller.post({"query": document, **by_id(document)})
    assert (await caller.get(documentId=f"sha256:{digest(document)}")).json().get(
        "data"
    ) == TYPENAME
    extensions = orjson.dumps(by_apollo(document)["extensions"]).decode()
    assert (await caller.get(extensions=extensions)).json().get("data") == TYPENAME


async def test_named_documents_go_by_streams_and_sockets(
    caller: Caller, open_socket: Open, person: Person
) -> None:
    document = fresh()
    await caller.post({"query": document, **by_id(document)})
    assert b'{"__typename":"Query"}' in (await caller.post(by_id(document), EVENTS)).content
    async with open_socket(person) as socket:
        for named in (by_id, by_apollo):
            stream = await socket.subscribe_to(named(document))
            assert await anext(stream) == {"__typename": "Query"}


@WAYS
async def test_a_digest_of_another_document_is_refused(
    caller: Caller, named: Any, code: Code
) -> None:
    document = fresh()
    answer = await caller.post({"query": fresh(), **named(document)})
    assert (answer.status_code, code_of(answer)) == (400, Code.BAD_REQUEST)
    assert code_of(await caller.post(named(document))) is code


@pytest.mark.parametrize(
    "asked",
    [
        None,
        1,
        "x",
        [],
        {},
        {"version": 1},
        {"version": 2, "sha256Hash": "0" * 64},
        {"version": 1, "sha256Hash": 7},
        {"version": 1, "sha256Hash": "0" * 63},
        {"version": 1, "sha256Hash": "g" * 64},
        {"version": 1, "sha256Hash": "0" * 64 + "\n"},
    ],
)
async def test_a_digest_has_its_form(caller: Caller, asked: Any) -> None:
    for body in ({}, {"query": fresh()}):
        answer = await caller.post({**body, "extensions": {"persistedQuery": asked}})
        assert (answer.status_code, code_of(answer)) == (400, Code.BAD_REQUEST)


@pytest.mark.parametrize(
    "name", ["", "x", "sha256:", "md5:" + "0" * 32, "sha256:" + "0" * 63, "\0"]
)
async def test_an_id_of_no_document_is_unknown(caller: Caller, name: str) -> None:
    assert code_of(await caller.post({"documentId": name})) is Code.PERSISTED_DOCUMENT_NOT_FOUND


async def test_nobody_can_fill_the_store_without_signing_in(app: Starlette, caller: Caller) -> None:
    document = fresh()
    async with Caller.inside(app, None) as nobody:
        assert (await nobody.post({"query": document, **by_id(document)})).json().get(
            "data"
        ) == TYPENAME
    assert code_of(await caller.post(by_id(document))) is Code.PERSISTED_DOCUMENT_NOT_FOUND


async def test_nobody_can_fill_the_store_by_signing_in(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = dataclasses.replace(persisted.PER_DAY, count=3)
    monkeypatch.setattr(persisted, "PER_DAY", few)
    documents = [fresh() for _ in range(4)]
    for document in documents:
        assert (await caller.post({"query": document, **by_id(document)})).json().get(
            "data"
        ) == TYPENAME
    known = [
        (await caller.post(by_id(document))).json().get("data") == TYPENAME
        for document in documents
    ]
    assert known == [True, True, True, False]


async def test_what_is_not_valid_is_not_kept(caller: Caller) -> None:
    document = f"query Q{new_id().hex} {{ nothing }}"
    answer = await caller.post({"query": document, **by_id(document)})
    assert code_of(answer) is Code.GRAPHQL_VALIDATION_FAILED
    assert code_of(await caller.post(by_id(document))) is Code.PERSISTED_DOCUMENT_NOT_FOUND


async def test_what_valkey_has_forgotten_is_sent_again(
    caller: Caller, runtime: Runtime, person: Person
) -> None:
    document = fresh()
    await caller.post({"query": document, **by_id(document)})
    key = f"labelgraph:document:{digest(document)}"
    assert 29 * 86_400 < await runtime.bus.ttl(key) <= 30 * 86_400
    await runtime.bus.delete(key)
    async with another(runtime, person) as elsewhere:
        assert code_of(await elsewhere.post(by_id(document))) is Code.PERSISTED_DOCUMENT_NOT_FOUND


async def test_a_forged_document_in_valkey_is_not_run(caller: Caller, runtime: Runtime) -> None:
    document = fresh()
    await runtime.bus.set(f"labelgraph:document:{digest(document)}", "{ me { email } }", ex=60)
    assert code_of(await caller.post(by_id(document))) is Code.PERSISTED_DOCUMENT_NOT_FOUND


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """As relay-compiler and graphql-codegen write it."""
    path = tmp_path / "documents.json"
    listed = {
        "d41d8cd98f00b204e9800998ecf8427e": "query ByMd5 { __typename }",
        digest("query ByHex { __typename }"): "query ByHex { __typename }",
        f"sha256:{digest('query ByPrefix { __typename }')}": "query ByPrefix { __typename }",
    }
    path.write_bytes(orjson.dumps(listed))
    return path


@pytest.fixture
async def closed(runtime: Runtime, person: Person, manifest: Path) -> AsyncGenerator[Caller]:
    """At a server that runs listed documents only."""
    async with another(runtime, person, documents_file=manifest, documents_only=True) as one:
        yield one


@pytest.mark.parametrize("is_only", [True, False])
async def test_listed_documents_are_known_by_their_ids(
    runtime: Runtime, manifest: Path, is_only: bool
) -> None:
    async with another(runtime, None, documents_file=manifest, documents_only=is_only) as nobody:
        assert (await nobody.post({"documentId": "d41d8cd98f00b204e9800998ecf8427e"})).json().get(
            "data"
        ) == TYPENAME
        for document in ("query ByHex { __typename }", "query ByPrefix { __typename }"):
            for named in (by_id(document), by_apollo(document), {"documentId": digest(document)}):
                assert (await nobody.post(named)).json().get("data") == TYPENAME


async def test_an_allow_list_lets_nothing_else_run(closed: Caller) -> None:
    introspection = "{ __schema { queryType { name } } }"
    for document in (fresh(), introspection, "query ByMd5 { __typename  }", "{"):
        answer = await closed.post(document, GRAPHQL)
        assert (answer.status_code, code_of(answer)) == (400, Code.DOCUMENT_NOT_ALLOWED)
    assert (await closed.post("query ByMd5 { __typename }")).json().get("data") == TYPENAME


async def test_an_allow_list_cannot_be_added_to(closed: Caller, caller: Caller) -> None:
    document = fresh()
    await caller.post({"query": document, **by_id(document)})
    assert code_of(await closed.post(by_id(document))) is Code.PERSISTED_DOCUMENT_NOT_FOUND
    answer = await closed.post({"query": document, **by_id(document)})
    assert code_of(answer) is Code.DOCUMENT_NOT_ALLOWED


@pytest.mark.parametrize("text", ["[]", '{"a": 1}', "nonsense"])
def test_a_list_of_another_shape_keeps_the_server_from_starting(tmp_path: Path, text: str) -> None:
    path = tmp_path / "documents.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"JSON|expected|ids"):
        persisted.read_list(path)


async def test_a_subscription_may_be_named(api: Api, open_socket: Open) -> None:
    document = f'subscription S{new_id().hex} {{ uploadProgress(jobId: "x") {{ cursor }} }}'
    async with open_socket(api.person) as socket:
        for body in ({"query": document, **by_id(document)}, by_id(document)):
            stream = await socket.subscribe_to(body)
            (error,) = await stream.errors()
            assert error["extensions"]["code"] == "BAD_USER_INPUT"
