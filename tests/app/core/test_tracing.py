"""Traces: which spans there are, what they say, and what they never say."""

import dataclasses
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import asyncpg
import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.trace import SpanKind, StatusCode
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.core import tracing
from app.core.db import Scope
from app.core.runtime import Runtime
from app.core.settings import Settings
from app.main import serve
from tests.client import Api
from tests.conftest import listening
from tests.protocol.ticking import CHANGES, ticking, until
from tests.traces import Traces
from tests.world import World

PAGE = "query Shelf { folders { nodes { name files { nodes { name } } } } }"
CREATE = """
mutation Create($name: String!) {
  createFolder(input: { name: $name }) { folder { name } userErrors { code } }
}
"""
SECRET = "a name that is nobody's business"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"


@pytest.fixture
def traces(runtime: Runtime) -> Iterator[Traces]:
    """What the server of `traced` makes."""
    with Traces.kept(runtime) as kept:
        yield kept


@pytest.fixture
async def traced(runtime: Runtime, traces: Traces, world: World) -> AsyncGenerator[Api]:
    """A server that traces, asked by the administrator of a fresh organisation with a file."""
    app = Starlette()
    serve(app, runtime, tracer=traces.tracer)
    person = await world.organisation()
    await world.file(person, await world.folder(person, "Pictures"), "cat.png")
    async with Api.connect(app, person) as api:
        await api("{ me { email } }")  # from here on it is known who asks
        traces.clear()
        yield api


def said(span: Any) -> dict[str, Any]:
    """The attributes of a span."""
    return dict(span.attributes or {})


async def test_a_query_is_a_span_with_its_phases_and_each_of_its_statements(traced, traces):
    await traced(PAGE)
    assert traces.paths == [
        "query",
        "query > graphql.parse",
        "query > graphql.validate",
        "query > graphql.execute",
        "query > graphql.execute > SELECT",
        "query > graphql.execute > SELECT",
    ]
    span = traces.of("query")
    assert (span.kind, span.status.status_code) == (SpanKind.SERVER, StatusCode.UNSET)
    told = said(span)
    assert len(told.pop("labelgraph.request_id")) == 32
    assert told.pop("labelgraph.points") > 1
    assert told == {"graphql.operation.type": "query", "graphql.operation.name": "Shelf"}


async def test_a_document_that_is_known_is_neither_parsed_nor_validated(traced, traces):
    await traced(PAGE)
    traces.clear()
    await traced(PAGE)
    assert traces.paths == [
        "query",
        "query > graphql.execute",
        "query > graphql.execute > SELECT",
        "query > graphql.execute > SELECT",
    ]


async def test_finding_out_who_asks_is_part_of_the_trace(traced, traces, world):
    newcomer = await world.member(traced.person)
    traces.clear()
    await traced.as_(newcomer)("{ me { email } }")
    assert traces.paths[:2] == ["query", "query > SELECT"]
    assert "query > graphql.execute" in traces.paths


async def test_a_statement_says_where_it_went_and_what_it_was(traced, traces, settings):
    await traced(PAGE)
    statements = [one for one in traces.spans if one.name == "SELECT"]
    assert len(statements) == 2
    for one in statements:
        told = said(one)
        assert one.kind is SpanKind.CLIENT
        assert told["db.system.name"] == "postgresql"
        assert told["db.operation.name"] == "SELECT"
        assert told["db.query.text"].lower().lstrip("( \n").startswith("select")
        assert told["db.namespace"] in str(settings.database_url)
        assert told["server.address"] in str(settings.database_url)


async def test_a_mutation_shows_what_it_wrote(traced, traces):
    await traced.change(CREATE, name="Here")
    below = [path for path in traces.paths if path.startswith("mutation > graphql.execute > ")]
    assert "mutation > graphql.execute > INSERT" in below
    assert traces.of("mutation").end_time >= max(one.end_time for one in traces.spans)


async def test_values_of_clients_are_in_no_span(traced, traces):
    await traced.change(CREATE, name=SECRET)
    await traced.raw(f'{{ file(id: "{SECRET}") {{ name }} }}')
    await traced.errors(f'{{ folders {{ nodes {{ nothing(at: "{SECRET}") }} }} }}')
    await traced.errors(f'{{ folders(first: "{SECRET}") {{ nodes {{ name }} }} }}')
    assert SECRET not in "".join(one.to_json() for one in traces.spans)


@pytest.mark.parametrize(("document", "code", "name"), [
    ("{", "GRAPHQL_PARSE_FAILED", "GraphQL Operation"),
    ("{ nothing }", "GRAPHQL_VALIDATION_FAILED", "GraphQL Operation"),
    ("query ($id: ID!) { file(id: $id) { name } }", "BAD_USER_INPUT", "GraphQL Operation"),
    ("{ folders(first: -1) { nodes { name } } }", "BAD_USER_INPUT", "query"),
])  # fmt: skip
async def test_a_mistake_of_the_client_is_told_and_is_no_error_of_the_server(
    traced, traces, document, code, name
):
    await traced.errors(document)
    span = traces.of(name)
    assert said(span)["error.type"] == code
    assert span.status.status_code is StatusCode.UNSET


async def test_a_request_that_is_turned_away_before_graphql_has_its_span(traced, traces):
    answer = await traced.http.post("/graphql", content=b"{}", headers={"Content-Type": "a/b"})
    assert answer.status_code == 415
    assert said(traces.of("GraphQL Operation"))["error.type"] == "UNSUPPORTED_MEDIA_TYPE"


async def test_faults_of_the_server_are_errors_without_words(runtime, traces):
    async with ticking(runtime, traces.tracer, max_seconds=0.05) as ground:
        async with ground.socket() as socket:
            await (await socket.subscribe("{ slow }")).errors()
            await (await socket.subscribe("{ broken }")).errors()
        await until(lambda: len([one for one in traces.spans if one.name == "query"]) == 2)
    found = [one for one in traces.spans if one.name == "query"]
    assert [said(one)["error.type"] for one in found] == ["TIMEOUT", "INTERNAL"]
    assert {one.status.status_code for one in found} == {StatusCode.ERROR}
    assert {one.status.description for one in found} == {None}
    assert [one.events for one in found] == [(), ()]


async def test_a_statement_that_fails_says_with_which_code(runtime, traces):
    with traces.tracer.serving({}, {}):
        with pytest.raises(asyncpg.DivisionByZeroError):
            await runtime.reads.fetch(Scope(), "select 1 / 0")
        with pytest.raises(DBAPIError):
            async with runtime.db.read(Scope()) as session:
                await session.execute(text("select 1 / 0"))
        await runtime.reads.fetch(Scope(), "select 1")
    *failed, good = [one for one in traces.spans if one.name == "SELECT"]
    for one in failed:
        assert one.status.status_code is StatusCode.ERROR
        assert said(one)["db.response.status_code"] == said(one)["error.type"] == "22012"
        assert "zero" not in one.to_json()
    assert len(failed) == 2
    assert good.status.status_code is StatusCode.UNSET


async def test_the_trace_of_the_caller_goes_on(traced, traces):
    headers = {
        "Authorization": f"Bearer {traced.person.token}",
        "traceparent": TRACEPARENT,
        "tracestate": "vendor=1",
    }
    await traced.http.post("/graphql", json={"query": PAGE}, headers=headers)
    assert {f"{one.context.trace_id:032x}" for one in traces.spans} == {TRACE_ID}
    span = traces.of("query")
    assert f"{span.parent.span_id:016x}" == "00f067aa0ba902b7"
    assert span.context.trace_state == {"vendor": "1"}


async def test_a_caller_that_does_not_record_is_heeded_and_nonsense_is_not(traced, traces):
    for traceparent in (TRACEPARENT[:-1] + "0", "nonsense"):
        headers = {"traceparent": traceparent}
        await traced.http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    (span,) = [one for one in traces.spans if one.name == "query"]
    assert span.parent is None


async def test_an_event_has_a_trace_of_its_own_and_no_span_lasts_as_long_as_the_subscription(
    runtime, traces
):
    async with ticking(runtime, traces.tracer) as ground, ground.socket() as socket:
        stream = await socket.subscribe(f"# ours\n{CHANGES}")
        await ground.members(1)
        assert traces.paths == [
            "subscription",
            "subscription > graphql.parse",
            "subscription > graphql.validate",
        ]
        opened = traces.of("subscription")
        traces.clear()
        for number in range(2):
            ground.bell.ring(number)
            await anext(stream)
        assert traces.paths == ["graphql.event", "graphql.event > graphql.execute"] * 2
    roots = [one for one in traces.spans if one.parent is None]
    assert len({one.context.trace_id for one in [opened, *roots]}) == 3
    assert {one.links[0].context.span_id for one in roots} == {opened.context.span_id}
    assert {said(one)["graphql.operation.type"] for one in roots} == {"subscription"}


async def test_the_span_of_a_stream_over_http_ends_as_soon_as_it_is_open(runtime, traces):
    headers = {"Accept": "text/event-stream"}
    async with (
        ticking(runtime, traces.tracer) as ground,
        httpx2.AsyncClient() as http,
        http.stream("POST", f"{ground.url}/graphql", json={"query": CHANGES}, headers=headers),
    ):
        await ground.members(1)
        assert traces.of("subscription").end_time is not None


async def test_a_subscription_that_fails_after_its_span_has_ended_disturbs_no_trace(
    runtime, traces, caplog
):
    async with ticking(runtime, traces.tracer) as ground, ground.socket() as socket:
        stream = await socket.subscribe(CHANGES)
        await ground.members(1)
        ground.bell.ring(-1)
        (error,) = await stream.errors()
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "error.type" not in said(traces.of("subscription"))
    assert [one for one in caplog.records if one.name.startswith("opentelemetry")] == []


@pytest.mark.parametrize("keeps", [False, True])
async def test_the_document_is_in_it_only_if_the_operator_wants_that(runtime, traces, world, keeps):
    settings = runtime.settings.model_copy(update={"trace_documents": keeps})
    app = Starlette()
    serve(app, dataclasses.replace(runtime, settings=settings), tracer=traces.tracer)
    async with Api.connect(app, await world.organisation()) as api:
        await api(PAGE)
    assert said(traces.of("query")).get("graphql.document") == (PAGE if keeps else None)


def test_a_server_that_does_not_trace_does_not_even_import_what_does():
    found = subprocess.run(
        [sys.executable, "-c", "import sys, app.main; print('app.core.spans' in sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert found.stdout == "False\n"


async def test_without_an_endpoint_nobody_listens(runtime):
    async with tracing.opened(Settings()) as tracer:
        with tracer.following(runtime):
            assert runtime.reads.listeners == []
            assert not tracer.is_on
            assert tracer.span("one") is tracer.event("another", {}) is tracing.NOTHING


async def test_spans_go_to_the_endpoint_under_the_name_of_the_service(
    settings, runtime, monkeypatch
):
    received: list[ExportTraceServiceRequest] = []

    async def collect(request: Request) -> Response:
        received.append(ExportTraceServiceRequest.FromString(await request.body()))
        return Response()

    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    async with listening(Starlette(routes=[Route("/v1/traces", collect, methods=["POST"])])) as url:
        told = settings.model_copy(update={"otlp_endpoint": url})
        async with (
            tracing.opened(told) as tracer,
            ticking(runtime, tracer) as ground,
            ground.socket() as socket,
        ):
            await anext(await socket.subscribe("query { large(size: 1) }"))
    parts = [part for one in received for part in one.resource_spans]
    named = {one.key: one.value.string_value for one in parts[0].resource.attributes}
    assert named["service.name"] == "labelgraph"
    spans = [span.name for part in parts for scope in part.scope_spans for span in scope.spans]
    assert sorted(spans) == ["graphql.execute", "graphql.parse", "graphql.validate", "query"]
