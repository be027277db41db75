"""Equal subscriptions are executed once, and those who may not see the same never share."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest

from app.accounts.roles import OrganisationRole
from app.accounts.tokens import TokenScope
from app.core.runtime import Runtime
from tests.client import Api
from tests.protocol.ticking import CHANGES, STATES, Ticking, ticking, until
from tests.socket import Stream
from tests.world import Person, World


@pytest.fixture
def person(api: Api) -> Person:
    assert api.person is not None
    return api.person


async def streams(
    stack: AsyncExitStack, ground: Ticking, count: int, person: Person | None, document: str
) -> list[Stream]:
    """Subscriptions on sockets of their own."""
    sockets = [await stack.enter_async_context(ground.socket(person)) for _ in range(count)]
    return [await socket.subscribe(document) for socket in sockets]


async def test_equal_subscribers_are_one_execution_and_all_hear_the_same(
    runtime: Runtime, person: Person
) -> None:
    async with ticking(runtime) as ground, AsyncExitStack() as stack:
        found = await streams(stack, ground, 20, person, CHANGES)
        await ground.members(20)
        assert (ground.shared.group_count, ground.bell.opened_count) == (1, 1)
        for number in range(5):
            ground.bell.ring(number)
        heard = [[(await anext(one))["changes"]["number"] for _ in range(5)] for one in found]
        assert heard == [[0, 1, 2, 3, 4]] * 20
    await until(lambda: ground.bell.listener_count == 0)


async def test_one_socket_may_be_in_a_group_twice(runtime: Runtime) -> None:
    async with ticking(runtime) as ground, ground.socket() as socket:
        first, second = [await socket.subscribe(CHANGES) for _ in range(2)]
        await ground.members(2)
        ground.bell.ring(1)
        assert await anext(first) == await anext(second)
        assert ground.bell.opened_count == 1


async def test_other_variables_and_other_documents_are_other_groups(runtime: Runtime) -> None:
    async with ticking(runtime) as ground, ground.socket() as socket:
        small = await socket.subscribe(CHANGES, size=1)
        large = await socket.subscribe(CHANGES, size=2)
        other = await socket.subscribe("subscription { changes(size: 3) { text } }")
        await ground.members(3)
        assert ground.shared.group_count == 3
        ground.bell.ring(1)
        texts = [(await anext(one))["changes"]["text"] for one in (small, large, other)]
        assert texts == ["x", "xx", "xxx"]


async def test_variables_are_equal_in_any_order_and_defaults_are_not_guessed(
    runtime: Runtime,
) -> None:
    async with ticking(runtime) as ground, ground.socket() as socket:
        await socket.subscribe(CHANGES, size=1, after=None)
        await socket.subscribe(CHANGES, after=None, size=1)
        await ground.members(2)
        assert ground.shared.group_count == 1


async def test_people_never_share_nor_do_tokens_of_other_scopes(
    runtime: Runtime, world: World, person: Person
) -> None:
    colleague = await world.member(person, OrganisationRole.ADMIN)
    reader = world.with_token(person, await world.token(person, TokenScope.READ))
    again = world.with_token(person, await world.token(person, TokenScope.ADMIN))
    async with ticking(runtime) as ground, AsyncExitStack() as stack:
        for count, one in enumerate([person, colleague, reader, None], start=1):
            await streams(stack, ground, 1, one, CHANGES)
            await ground.members(count)
            assert ground.shared.group_count == count
        await streams(stack, ground, 1, again, CHANGES)  # another token that may do the same
        await ground.members(5)
        assert ground.shared.group_count == 4


async def test_who_comes_late_is_told_the_newest_state_at_once(runtime: Runtime) -> None:
    async with ticking(runtime) as ground, AsyncExitStack() as stack:
        (early,) = await streams(stack, ground, 1, None, STATES)
        await ground.members(1)
        for number in (1, 2):
            ground.bell.ring(number)
            await anext(early)
        (late,) = await streams(stack, ground, 1, None, STATES)
        assert (await anext(late))["states"]["number"] == 2
        ground.bell.ring(3)
        assert (await anext(late))["states"]["number"] == 3
        assert ground.bell.opened_count == 1


async def test_who_comes_late_hears_only_of_new_changes(runtime: Runtime) -> None:
    async with ticking(runtime) as ground, AsyncExitStack() as stack:
        (early,) = await streams(stack, ground, 1, None, CHANGES)
        await ground.members(1)
        ground.bell.ring(1)
        await anext(early)
        (late,) = await streams(stack, ground, 1, None, CHANGES)
        await ground.members(2)
        ground.bell.ring(2)
        assert (await anext(late))["changes"]["number"] == 2


@pytest.mark.parametrize("document", [CHANGES, 'subscription { changes(after: "a") { number } }'])
async def test_who_resumes_changes_is_told_alone_what_lies_between(
    runtime: Runtime, document: str
) -> None:
    variables = {"after": "c1"} if document == CHANGES else {}
    async with ticking(runtime) as ground, ground.socket() as socket:
        for _ in range(2):
            await socket.subscribe(document, **variables)
        await ground.members(2)
        assert ground.bell.opened_count == 2


async def test_an_end_with_an_error_reaches_each_member_and_the_next_one_begins_anew(
    runtime: Runtime,
) -> None:
    async with ticking(runtime) as ground, AsyncExitStack() as stack:
        found = await streams(stack, ground, 3, None, CHANGES)
        await ground.members(3)
        ground.bell.ring(1)
        ground.bell.ring(-1)
        for stream in found:
            await anext(stream)
            (error,) = await stream.errors()
            assert error["message"] == "the bell is broken"
            with pytest.raises(StopAsyncIteration):
                await anext(stream)
        await streams(stack, ground, 1, None, CHANGES)
        await ground.members(1)
        assert ground.bell.opened_count == 2


async def test_a_stream_that_cannot_be_opened_is_refused_to_each_member(runtime: Runtime) -> None:
    async with ticking(runtime) as ground, AsyncExitStack() as stack:
        found = await streams(stack, ground, 2, None, CHANGES)
        await ground.members(2)
        ground.bell.ring(-1)
        for stream in found:
            (error,) = await stream.errors()
            assert error["extensions"]["code"] == "BAD_USER_INPUT"
        await until(lambda: ground.shared.group_count == 0)


async def test_the_last_one_to_leave_ends_it_and_not_the_first(runtime: Runtime) -> None:
    async with ticking(runtime) as ground:
        async with ground.socket() as staying:
            stream = await staying.subscribe(CHANGES)
            async with ground.socket() as leaving:
                await leaving.subscribe(CHANGES)
                await ground.members(2)
            await ground.members(1)
            ground.bell.ring(1)
            assert (await anext(stream))["changes"]["number"] == 1
            assert ground.bell.opened_count == 1
        await ground.members(0)
        assert ground.bell.listener_count == 0


async def test_sockets_and_event_streams_share(runtime: Runtime) -> None:
    async with (
        ticking(runtime) as ground,
        ground.socket() as socket,
        httpx2.AsyncClient(base_url=ground.url, trust_env=False) as http,
    ):
        await socket.subscribe(CHANGES)
        body: dict[str, Any] = {"query": CHANGES, "variables": {}}
        headers = {"accept": "text/event-stream"}
        async with http.stream("POST", "/graphql", json=body, headers=headers) as answer:
            await ground.members(2)
            assert ground.bell.opened_count == 1
            ground.bell.ring(4)
            async with asyncio.timeout(30):
                lines = [line async for line in _until_data(answer)]
            assert '"number":4' in lines[-1]
        await ground.members(1)


async def _until_data(answer: httpx2.Response) -> Any:
    async for line in answer.aiter_lines():
        yield line
        if line.startswith("data: {"):
            return
