"""graphql-transport-ws by its text, against the real server."""

import asyncio
import hashlib
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from app.core.runtime import Runtime
from tests.client import Api
from tests.protocol.frank import Frank
from tests.protocol.ticking import CHANGES, STATES, ticking, until
from tests.socket import Open
from tests.world import Person, World

ME = "{ me { email } }"
SYNTAX = "{ me "
INVALID = "{ nothing }"


@pytest.fixture
def person(api: Api) -> Person:
    assert api.person is not None
    return api.person


@pytest.mark.parametrize("payload", [{}, {"payload": None}, {"payload": {}}])
async def test_connection_init_needs_no_payload(server: str, payload: dict[str, Any]) -> None:
    async with Frank.opened(server) as frank:
        await frank.say(type="connection_init", **payload)
        assert await frank.hear() == {"type": "connection_ack"}


async def test_a_ping_is_answered_at_any_time_with_its_payload(server: str) -> None:
    async with Frank.opened(server) as frank:
        await frank.say(type="ping")
        assert await frank.hear() == {"type": "pong"}
        await frank.say(type="ping", payload={"a": [1]})
        assert await frank.hear() == {"type": "pong", "payload": {"a": [1]}}
        await frank.say(type="pong", payload={"not": "asked for"})
        await frank.say(type="connection_init")
        assert await frank.hear() == {"type": "connection_ack"}
        assert await frank.is_alive()


async def test_a_second_connection_init_closes_the_socket_with_4429(server: str) -> None:
    async with Frank.acknowledged(server, None) as frank:
        await frank.say(type="connection_init")
        assert await frank.closed() == 4429


async def test_an_operation_before_the_acknowledgement_closes_the_socket_with_4401(
    server: str,
) -> None:
    async with Frank.opened(server) as frank:
        await frank.subscribe("1", ME)
        assert await frank.closed() == 4401


async def test_who_keeps_silent_is_closed_with_4408(runtime: Runtime) -> None:
    async with ticking(runtime, socket_init_seconds=0.2) as ground:
        async with Frank.opened(ground.url) as frank:
            await frank.say(type="ping")
            assert await frank.closed() == 4408
        async with Frank.acknowledged(ground.url, None) as frank:
            await asyncio.sleep(0.4)
            assert await frank.is_alive()


@pytest.mark.parametrize("protocol", ["graphql-ws", "graphql-transport-ws2"])
async def test_another_subprotocol_is_closed_with_4406(server: str, protocol: str) -> None:
    async with Frank.opened(server, protocol) as frank:
        assert await frank.closed() == 4406
        assert frank.connection.subprotocol is None


async def test_ours_is_chosen_among_several_subprotocols(server: str) -> None:
    async with Frank.opened(server, "graphql-ws", "graphql-transport-ws") as frank:
        assert frank.connection.subprotocol == "graphql-transport-ws"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://labelgraph.test:81"])
async def test_pages_of_other_sites_are_refused_before_the_socket_is_open(
    server: str, origin: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with Frank.opened(server, Origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_a_page_of_ours_is_let_in(server: str) -> None:
    async with Frank.opened(server, Origin="http://labelgraph.test") as frank:
        assert not (await frank.say(type="ping"))
        assert await frank.hear() == {"type": "pong"}


async def test_queries_and_mutations_go_over_the_same_socket(server: str, person: Person) -> None:
    change = 'mutation { updateMe(input: { name: "Ada" }) { me { email } } }'
    async with Frank.acknowledged(server, person) as frank:
        for query in (ME, change):
            await frank.subscribe("1", query)
            answer = await frank.hear()
            assert answer["id"] == "1"
            assert answer["type"] == "next"
            assert person.email in str(answer["payload"]["data"])
            assert await frank.hear() == {"id": "1", "type": "complete"}


async def test_an_operation_is_picked_by_its_name_and_given_its_variables(
    server: str, person: Person
) -> None:
    two = "query A { __typename } query B($yes: Boolean!) { me @include(if: $yes) { email } }"
    async with Frank.acknowledged(server, person) as frank:
        await frank.subscribe("1", two, operationName="B", variables={"yes": True}, extensions={})
        answer = await frank.hear()
        assert answer["payload"]["data"] == {"me": {"email": person.email}}
        assert (await frank.hear())["type"] == "complete"
        await frank.subscribe("1", ME, operationName=None, variables=None, extensions=None)
        assert (await frank.hear())["type"] == "next"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": SYNTAX}, "GRAPHQL_PARSE_FAILED"),
        ({"query": INVALID}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": ME, "operationName": "Other"}, "OPERATION_RESOLUTION_FAILED"),
        ({"query": "query ($id: ID!) { file(id: $id) { id } }"}, "BAD_USER_INPUT"),
        ({"query": "subscription { me { email } }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": 'subscription { uploadProgress(jobId: "no") { cursor } }'}, "BAD_USER_INPUT"),
        ({}, "BAD_REQUEST"),
        ({"documentId": "sha256:" + "0" * 64}, "PERSISTED_DOCUMENT_NOT_FOUND"),
    ],
)
async def test_what_cannot_run_is_an_error_of_its_id_alone(
    server: str, person: Person, payload: dict[str, Any], code: str
) -> None:
    async with Frank.acknowledged(server, person) as frank:
        await frank.subscribe("bad", **payload)
        answer = await frank.hear()
        assert (answer["id"], answer["type"]) == ("bad", "error")
        assert [error["extensions"]["code"] for error in answer["payload"]] == [code]
        assert answer["payload"][0]["extensions"]["requestId"]
        assert await frank.is_alive()  # and no `complete` came before that
        await frank.subscribe("bad", ME)
        assert (await frank.hear())["type"] == "next"


async def test_a_bad_document_leaves_its_siblings_alone(runtime: Runtime) -> None:
    async with ticking(runtime) as ground, Frank.acknowledged(ground.url, None) as frank:
        await frank.subscribe("good", STATES)
        await ground.members(1)
        await frank.subscribe("bad", SYNTAX)
        assert (await frank.hear())["type"] == "error"
        ground.bell.ring(7)
        answer = await frank.hear()
        assert answer["id"] == "good"
        assert answer["payload"] == {"data": {"states": {"number": 7, "text": ""}}}


async def test_persisted_queries_go_over_sockets(server: str, person: Person) -> None:
    digest = hashlib.sha256(ME.encode()).hexdigest()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    async with Frank.acknowledged(server, person) as frank:
        await frank.subscribe("1", ME, extensions=extensions)
        assert [(await frank.hear())["type"] for _ in range(2)] == ["next", "complete"]
        await frank.subscribe("2", extensions=extensions)
        assert (await frank.hear())["payload"]["data"]["me"]["email"] == person.email


async def test_an_id_in_use_closes_the_socket_with_4409(runtime: Runtime) -> None:
    async with ticking(runtime) as ground, Frank.acknowledged(ground.url, None) as frank:
        await frank.subscribe("1", STATES)
        await frank.subscribe("1", STATES)
        assert await frank.closed() == 4409


async def test_an_id_may_be_used_again_after_either_side_has_completed_it(
    runtime: Runtime,
) -> None:
    async with ticking(runtime) as ground, Frank.acknowledged(ground.url, None) as frank:
        await frank.subscribe("1", STATES)
        await frank.say(id="1", type="complete")
        await frank.subscribe("1", "{ large(size: 1) }")
        assert (await frank.hear())["payload"]["data"] == {"large": "x"}
        assert await frank.hear() == {"id": "1", "type": "complete"}
        await frank.subscribe("1", STATES)
        await ground.members(1)
        ground.bell.ring(1)
        assert (await frank.hear())["payload"]["data"]["states"]["number"] == 1


async def test_complete_of_an_unknown_id_is_ignored(server: str) -> None:
    async with Frank.acknowledged(server, None) as frank:
        await frank.say(id="never", type="complete")
        assert await frank.is_alive()


async def test_a_client_that_completes_hears_no_more_and_the_stream_ends(
    runtime: Runtime,
) -> None:
    async with ticking(runtime) as ground, Frank.acknowledged(ground.url, None) as frank:
        await frank.subscribe("1", CHANGES)
        await ground.members(1)
        await frank.say(id="1", type="complete")
        await ground.members(0)
        ground.bell.ring(1)
        assert await frank.is_alive()


async def test_a_query_whose_client_is_gone_or_has_completed_it_is_cancelled(
    runtime: Runtime,
) -> None:
    async with ticking(runtime) as ground:
        async with Frank.acknowledged(ground.url, None) as frank:
            await frank.subscribe("1", "{ slow }")
            await frank.subscribe("2", "{ slow }")
            await until(lambda: ground.bell.running_count == 2)
            await frank.say(id="1", type="complete")
            await until(lambda: ground.bell.running_count == 1)
        await until(lambda: ground.bell.running_count == 0)


async def test_a_bug_is_one_sentence_and_the_socket_stays(runtime: Runtime) -> None:
    async with ticking(runtime) as ground, Frank.acknowledged(ground.url, None) as frank:
        await frank.subscribe("1", "{ broken }")
        (error,) = (await frank.hear())["payload"]["errors"]
        assert error["extensions"]["code"] == "INTERNAL"
        assert "ZeroDivision" not in str(error)
        assert (await frank.hear())["type"] == "complete"


async def test_an_error_in_a_stream_is_its_last_event(runtime: Runtime) -> None:
    async with ticking(runtime) as ground, Frank.acknowledged(ground.url, None) as frank:
        await frank.subscribe("1", CHANGES)
        await ground.members(1)
        ground.bell.ring(1)
        ground.bell.ring(-1)
        assert "errors" not in (await frank.hear())["payload"]
        (error,) = (await frank.hear())["payload"]["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert await frank.hear() == {"id": "1", "type": "complete"}
        assert await frank.is_alive()


async def test_a_socket_has_a_bounded_number_of_operations(runtime: Runtime) -> None:
    async with (
        ticking(runtime, max_operations_per_socket=3) as ground,
        Frank.acknowledged(ground.url, None) as frank,
    ):
        for number in range(3):
            await frank.subscribe(str(number), STATES)
        await frank.subscribe("one too many", STATES)
        answer = await frank.hear()
        assert (answer["id"], answer["type"]) == ("one too many", "error")
        (error,) = answer["payload"]
        assert error["extensions"]["code"] == "OPERATION_LIMIT"
        assert error["extensions"]["limit"] == 3
        await frank.say(id="0", type="complete")
        await frank.subscribe("one too many", "{ large(size: 1) }")
        assert (await frank.hear())["type"] == "next"


async def test_a_caller_has_a_bounded_number_of_sockets(
    runtime: Runtime, world: World, person: Person
) -> None:
    other = await world.member(person)
    async with (
        ticking(runtime, max_sockets_per_caller=1) as ground,
        Frank.opened(ground.url) as third,
    ):
        token = {"Authorization": f"Bearer {person.token}"}
        async with Frank.acknowledged(ground.url, person):
            async with Frank.opened(ground.url) as second:
                await second.say(type="connection_init", payload=token)
                assert await second.closed() == 1013
            async with Frank.acknowledged(ground.url, other) as theirs:
                assert await theirs.is_alive()
        await until(lambda: ground.sockets.open_count == 1)
        await third.say(type="connection_init", payload=token)
        assert await third.hear() == {"type": "connection_ack"}


async def test_a_message_that_is_too_long_closes_the_socket_with_1009(server: str) -> None:
    async with Frank.acknowledged(server, None) as frank:
        await frank.say(type="ping", payload={"a": "x" * 200_000})
        assert len((await frank.hear())["payload"]["a"]) == 200_000
        await frank.say(type="ping", payload={"a": "x" * 300_000})
        assert await frank.closed() == 1009


async def test_who_talks_too_fast_is_closed_with_1008(runtime: Runtime) -> None:
    async with (
        ticking(runtime, max_messages_per_second=20) as ground,
        Frank.acknowledged(ground.url, None) as frank,
    ):
        for _ in range(98):
            await frank.say(type="pong")
        assert await frank.is_alive()
        for _ in range(100):
            await frank.say(type="pong")
        assert await frank.closed() == 1008


async def test_deferred_fields_come_in_parts_of_their_own(server: str, person: Person) -> None:
    query = "{ __typename ... @defer { me { email } } }"
    async with Frank.acknowledged(server, person) as frank:
        await frank.subscribe("1", query)
        first, second, end = [await frank.hear() for _ in range(3)]
        assert first["payload"]["data"] == {"__typename": "Query"}
        assert first["payload"]["hasNext"] is True
        assert person.email in str(second["payload"]["incremental"])
        assert second["payload"]["hasNext"] is False
        assert end == {"id": "1", "type": "complete"}


async def test_a_server_that_stops_closes_its_sockets_with_1012_and_leaves_no_task(
    runtime: Runtime, person: Person
) -> None:
    before = asyncio.all_tasks()
    async with ticking(runtime) as ground:
        frank = Frank.acknowledged(ground.url, person)
        opened = await frank.__aenter__()
        await opened.subscribe("1", STATES)
        await opened.subscribe("2", "{ slow }")
        await ground.members(1)
    assert await opened.closed() == 1012
    await frank.__aexit__(None, None, None)
    assert ground.bell.listener_count == ground.bell.running_count == 0
    assert ground.sockets.open_count == ground.shared.group_count == 0
    left = {task.get_name() for task in asyncio.all_tasks() - before}
    assert left.isdisjoint({"socket", "operation", "subscription", "guard"}), left


async def test_the_request_id_differs_from_operation_to_operation(
    api: Api, open_socket: Open
) -> None:
    async with open_socket(api.person) as socket:
        ids = [
            (await (await socket.subscribe(INVALID)).errors())[0]["extensions"]["requestId"]
            for _ in range(2)
        ]
    assert len(set(ids)) == 2


async def test_the_field_of_a_subscription_may_stand_in_fragments(runtime: Runtime) -> None:
    inner = "fragment F on Subscription { ... on Subscription { states { number } } }"
    async with ticking(runtime) as ground, Frank.acknowledged(ground.url, None) as frank:
        await frank.subscribe("1", f"subscription {{ ...F }} {inner}")
        await ground.members(1)
        ground.bell.ring(1)
        assert (await frank.hear())["payload"]["data"] == {"states": {"number": 1}}
