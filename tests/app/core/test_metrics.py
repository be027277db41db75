"""What `/metrics` says after traffic that is known."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from app.core.db import Scope
from app.core.health import Pulse
from app.core.metrics import KINDS, OUTCOMES, Metrics
from app.main import serve
from schema.codes import Code
from tests.client import Api
from tests.protocol.ticking import CHANGES, ticking, until

PAGE = "{ folders(first: 10) { nodes { name } } }"


@dataclass
class Figures:
    """The figures of a process, by name and labels: `labelgraph_jobs{status="todo"}` without the prefix."""

    text: str
    found: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for family in text_string_to_metric_families(self.text):
            for sample in family.samples:
                labels = ",".join(f'{key}="{value}"' for key, value in sample.labels.items())
                name = sample.name.removeprefix("labelgraph_")
                self.found[f"{name}{{{labels}}}" if labels else name] = sample.value

    def __getitem__(self, name: str) -> float:
        return self.found[name]

    def outcome(self, kind: str, outcome: str) -> float:
        """How many operations ended so."""
        return self[f'operations_total{{kind="{kind}",outcome="{outcome}"}}']

    def errors(self) -> dict[str, float]:
        """The codes that were told, and how often."""
        return {code: count for code in Code if (count := self[f'errors_total{{code="{code}"}}'])}


async def shown(http: httpx2.AsyncClient) -> Figures:
    """What a server says."""
    return Figures((await http.get("/metrics")).text)


def of(figures: Metrics) -> Figures:
    """What it would say of these."""
    return Figures(generate_latest(figures.registry).decode())


@pytest.fixture
async def fresh(runtime: Any, api: Api) -> AsyncGenerator[Api]:
    """A server that nobody has asked anything."""
    app = Starlette()
    serve(app, runtime)
    async with Api.connect(app, api.person) as asked:
        yield asked


async def test_everything_that_can_be_counted_is_zero_at_first(fresh):
    figures = await shown(fresh.http)
    counted = [figures.outcome(kind, outcome) for kind in KINDS for outcome in OUTCOMES]
    assert counted == [0] * len(counted)
    assert figures.errors() == {}
    for name in ("document_hits_total", "document_misses_total", "sockets", "event_streams"):
        assert figures[name] == 0


async def test_operations_are_counted_by_kind_and_outcome_and_errors_by_code(fresh):
    for _ in range(3):
        await fresh(PAGE)
    await fresh("mutation { __typename }")
    for refused in (
        "{",
        "{ nothing }",
        "query ($size: Int!) { folders(first: $size) { nodes { name } } }",
    ):
        await fresh.errors(refused)
    await fresh.errors("{ folders(first: -1) { nodes { name } } }")
    await fresh.as_(None).errors("{ folders { nodes { name } } }")
    await fresh.http.post("/graphql", content=b"{}", headers={"Content-Type": "a/b"})
    figures = await shown(fresh.http)
    outcomes = {
        (kind, outcome): count
        for kind in KINDS
        for outcome in OUTCOMES
        if (count := figures.outcome(kind, outcome))
    }
    assert outcomes == {
        ("query", "ok"): 3,
        ("query", "errors"): 2,
        ("mutation", "ok"): 1,
        ("unknown", "refused"): 4,
    }
    assert figures.errors() == {
        "GRAPHQL_PARSE_FAILED": 1,
        "GRAPHQL_VALIDATION_FAILED": 1,
        "BAD_USER_INPUT": 2,
        "UNAUTHENTICATED": 1,
        "UNSUPPORTED_MEDIA_TYPE": 1,
    }
    assert figures['operation_seconds_count{kind="query"}'] == 5


async def test_what_operations_cost_is_summed_up(fresh):
    prices = []
    for document in (PAGE, "{ __typename }"):
        answer = await fresh.raw(document)
        prices.append(answer["extensions"]["cost"]["requested"])
    figures = await shown(fresh.http)
    assert figures['operation_points_count{kind="query"}'] == 2
    assert figures['operation_points_sum{kind="query"}'] == sum(prices) > 10


async def test_documents_that_are_known_are_hits(fresh):
    for _ in range(3):
        await fresh(PAGE)
    await fresh("{ __typename }")
    figures = await shown(fresh.http)
    assert (figures["document_hits_total"], figures["document_misses_total"]) == (2, 2)


async def test_no_label_is_what_a_client_calls_things(fresh):
    before = set((await shown(fresh.http)).found)
    for number in range(20):
        await fresh(f"query Name{number} {{ field{number}: __typename }}")
    assert set((await shown(fresh.http)).found) == before


async def test_subscribers_are_counted_apart_from_what_is_executed_for_them(runtime):
    figures = Metrics()
    async with ticking(runtime, None, figures) as ground, AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(ground.socket()) for _ in range(3)]
        streams = [await one.subscribe(CHANGES) for one in sockets]
        await ground.members(3)
        found = of(figures)
        names = ("sockets", "subscription_members", "subscription_groups")
        assert [found[name] for name in names] == [3, 3, 1]
        ground.bell.ring(1)
        for stream in streams:
            await anext(stream)
        assert of(figures)["event_seconds_count"] == 1
        for stream in streams:
            await stream.end()
        await until(lambda: of(figures).outcome("subscription", "ok") == 1)
        assert of(figures)["subscription_members"] == 0


async def test_an_event_that_fails_is_an_error_of_its_code_and_one_that_never_came_a_refusal(
    runtime,
):
    figures = Metrics()
    async with ticking(runtime, None, figures) as ground, ground.socket() as socket:
        for numbers in ((1, -1), (-1,)):
            stream = await socket.subscribe(CHANGES)
            await ground.members(1)
            for number in numbers:
                ground.bell.ring(number)
            if 1 in numbers:
                await anext(stream)
            await stream.errors()
            await until(lambda: ground.shared.group_count == 0)
    found = of(figures)
    assert found.errors() == {"BAD_USER_INPUT": 2}
    assert found.outcome("subscription", "ok") == 1
    assert found.outcome("subscription", "refused") == 1


async def test_streams_of_server_sent_events_are_counted_while_they_are_open(runtime):
    figures = Metrics()
    headers = {"Accept": "text/event-stream"}
    async with ticking(runtime, None, figures) as ground:
        async with (
            httpx2.AsyncClient() as http,
            http.stream("POST", f"{ground.url}/graphql", json={"query": CHANGES}, headers=headers),
        ):
            await ground.members(1)
            assert of(figures)["event_streams"] == 1
        await until(lambda: of(figures)["event_streams"] == 0)


async def test_what_works_and_what_waits_is_seen_and_what_nobody_waits_for_any_more(runtime):
    figures = Metrics()
    async with ticking(runtime, None, figures, pool_size=1) as ground, ground.socket() as socket:
        slow = [await socket.subscribe("{ slow }") for _ in range(3)]
        await until(lambda: of(figures)["operations_waiting"] == 1)
        assert of(figures)["operations_inside"] == 2
        for one in slow:
            await one.end()
        await until(lambda: of(figures).outcome("query", "cancelled") == 3)
        assert of(figures)["operations_inside"] == 0


async def test_those_that_find_no_room_are_refused_under_their_kind(runtime):
    figures = Metrics()
    settings = {"pool_size": 1, "queue_length": 0}
    async with ticking(runtime, None, figures, **settings) as ground, ground.socket() as socket:
        for _ in range(2):
            await socket.subscribe("{ slow }")
        await until(lambda: of(figures)["operations_inside"] == 2)
        await (await socket.subscribe("{ slow }")).errors()
        found = of(figures)
    assert found.outcome("query", "refused") == 1
    assert found.errors() == {"UNAVAILABLE": 1}


async def test_who_has_spent_too_much_is_counted_as_limited(runtime, world):
    figures = Metrics()
    person = await world.organisation()
    async with (
        ticking(runtime, None, figures, points_per_minute=10) as ground,
        ground.socket(person) as socket,
    ):
        for _ in range(10):
            await anext(await socket.subscribe("{ large(size: 1) }"))
        await (await socket.subscribe("{ large(size: 1) }")).errors()
    assert of(figures).errors() == {"RATE_LIMITED": 1}


async def test_connections_in_use_are_seen_in_each_pool_beside_its_size(runtime):
    figures = Metrics()
    async with runtime.db.read(Scope()), runtime.system.read(Scope()):
        sleeping = asyncio.create_task(runtime.reads.fetch(Scope(), "select pg_sleep(0.5)"))
        await until(lambda: runtime.reads.in_use == 1)
        await figures.look(runtime, Pulse())
        await sleeping
    found = of(figures)
    sizes = {"app": 8, "reads": 8, "system": 4, "system_reads": 4}
    assert {name: found[f'pool_size{{pool="{name}"}}'] for name in sizes} == sizes
    assert found['pool_in_use{pool="app"}'] == found['pool_in_use{pool="reads"}'] == 1
    assert found['pool_in_use{pool="system"}'] >= 1


async def test_a_subscriber_that_was_too_slow_is_counted(runtime):
    figures = Metrics()
    asked = {"query": CHANGES, "variables": {"size": 20_000}}
    headers = {"Accept": "text/event-stream"}
    async with (
        ticking(runtime, None, figures) as ground,
        httpx2.AsyncClient() as http,
        http.stream("POST", f"{ground.url}/graphql", json=asked, headers=headers),
    ):
        await ground.members(1)
        for number in range(3_000):  # 60 MB, which no system keeps for a client
            ground.bell.ring(number)
            await asyncio.sleep(0)
        await until(lambda: of(figures).errors() == {"STREAM_RESET": 1})
