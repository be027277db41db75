"""Sockets end with the credentials that opened them, however many there are and whoever is away."""

import asyncio
import dataclasses
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from datetime import timedelta

import httpx2
import pytest
from sqlmodel import col, select, update

from app import main
from app.accounts import credentials
from app.accounts.models import ApiToken
from app.accounts.tokens import TokenScope
from app.core import clock
from app.core.db import RELAY_ROLE, Database
from app.core.hub import Hub
from app.core.runtime import Runtime
from schema.transport.guard import Guards
from tests.client import Api
from tests.protocol.ticking import CHANGES, ticking, until
from tests.socket import Stream
from tests.statements import Statements
from tests.world import Person, World

SOCKETS = 50


@pytest.fixture
def person(api: Api) -> Person:
    assert api.person is not None
    return api.person


async def revoke(runtime: Runtime, admin: Person, member: Person) -> None:
    async with runtime.db.transaction(admin.actor.scope) as tx:
        theirs = await tx.exec(select(ApiToken.id).where(ApiToken.user_id == member.user_id))
        await credentials.revoke_token(tx, admin.actor, theirs.one())


async def followed(stream: Stream, heard: list[float]) -> None:
    """Note when each event was made, until the socket is closed."""
    with suppress(ConnectionError):
        while True:
            heard.append((await anext(stream))["changes"]["number"] / 1_000)


async def test_nothing_of_after_a_revocation_reaches_any_of_fifty_sockets(
    runtime: Runtime, world: World, person: Person
) -> None:
    member = await world.member(person)
    heard: list[float] = []
    async with ticking(runtime) as ground, AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(ground.socket(member)) for _ in range(SOCKETS)]
        reading = [
            asyncio.create_task(followed(await socket.subscribe(CHANGES), heard))
            for socket in sockets
        ]
        mine = await stack.enter_async_context(ground.socket(person))
        still = await mine.subscribe(CHANGES)
        await ground.members(SOCKETS + 1)
        began = time.monotonic()
        ringing = asyncio.create_task(_ring(ground.bell.ring, began))
        await asyncio.sleep(0.3)
        await revoke(runtime, person, member)
        revoked_at = time.monotonic() - began
        async with asyncio.timeout(2):
            codes = {await socket.closed() for socket in sockets}
        await asyncio.gather(*reading)
        assert codes == {4403}
        assert 0 < max(heard) < revoked_at + 1
        assert len(heard) > SOCKETS * 10
        last = 0
        async with asyncio.timeout(2):
            while last / 1_000 < revoked_at + 0.2:  # others hear on
                last = (await anext(still))["changes"]["number"]
        ringing.cancel()
        assert ground.shared.group_count == 1


async def _ring(ring: Callable[[int], None], began: float) -> None:
    """An event each 10 ms, whose number says when it was made."""
    while True:
        ring(int((time.monotonic() - began) * 1_000))
        await asyncio.sleep(0.01)


async def test_sockets_end_within_seconds_though_no_event_of_it_arrives(
    runtime: Runtime, world: World, person: Person
) -> None:
    member = await world.member(person)
    deaf = dataclasses.replace(runtime, hub=Hub(runtime.system, runtime.bus))  # nobody runs it
    async with ticking(deaf) as ground, ground.socket(member) as theirs, ground.socket(person):
        await revoke(runtime, person, member)
        async with asyncio.timeout(6):
            assert await theirs.closed() == 4403
        await until(lambda: ground.sockets.open_count == 1)


async def test_streams_over_http_end_too(runtime: Runtime, world: World, person: Person) -> None:
    member = await world.member(person)
    headers = {"accept": "text/event-stream", "authorization": f"Bearer {member.token}"}
    async with (
        ticking(runtime) as ground,
        httpx2.AsyncClient(base_url=ground.url, trust_env=False) as http,
        http.stream("POST", "/graphql", json={"query": CHANGES}, headers=headers) as answer,
    ):
        await ground.members(1)
        await revoke(runtime, person, member)
        async with asyncio.timeout(2):
            text = (await answer.aread()).decode()
    assert "UNAUTHENTICATED" in text
    assert ground.shared.member_count == 0


async def test_all_sockets_of_a_person_are_looked_after_by_one_look(
    runtime: Runtime, person: Person
) -> None:
    guards = Guards(runtime.hub, main.authenticator(runtime))
    ends: list[int] = []
    watched = dataclasses.replace(runtime, db=runtime.system)
    with Statements.recorded(watched) as statements:
        calls = [guards.watch(person.actor, lambda: ends.append(1)) for _ in range(100)]
        await asyncio.sleep(0.2)
        looks = [text for text in statements.texts if "auth_epoch" in text]
    assert len(looks) == 1
    assert tasks_of_guards() == 1
    for call_off in calls:
        call_off()
    await until(lambda: tasks_of_guards() == 0)
    assert ends == []


def tasks_of_guards() -> int:
    return sum(task.get_name() == "guard" for task in asyncio.all_tasks())


async def test_a_token_that_expires_ends_its_own_sockets_only(
    runtime: Runtime, world: World, person: Person
) -> None:
    async with runtime.db.transaction(person.actor.scope) as tx:
        mine = update(ApiToken).where(col(ApiToken.user_id) == person.user_id)
        await tx.exec(mine.values(expires_at=clock.now() + timedelta(seconds=1)))
    lasting = world.with_token(person, await world.token(person, TokenScope.ADMIN))
    async with (
        ticking(runtime) as ground,
        ground.socket(person) as short,
        ground.socket(lasting) as long,
    ):
        await short.subscribe(CHANGES)
        stream = await long.subscribe(CHANGES)
        assert await asyncio.wait_for(short.closed(), 3) == 4403
        await ground.members(1)
        ground.bell.ring(1)
        assert (await anext(stream))["changes"]["number"] == 1


async def test_nobody_is_believed_for_long_while_the_database_is_away(
    runtime: Runtime, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schema.transport.guard.DOUBT_SECONDS", 1.5)
    nowhere = Database.open("postgresql://127.0.0.1:1/none", role=RELAY_ROLE, pool_size=1)
    blind = dataclasses.replace(main.authenticator(runtime), db=nowhere)
    began = time.monotonic()
    await asyncio.wait_for(Guards(runtime.hub, blind).until_over(person.actor), 5)
    assert time.monotonic() - began > 1.4
    await nowhere.close()
