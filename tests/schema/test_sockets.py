"""How a WebSocket proves who it is, and what ends it, against a server on the loopback address."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import col, select, update
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.accounts import credentials, members, signatures
from app.accounts.members import Which
from app.accounts.models import ApiToken
from app.accounts.roles import MemberType, OrganisationRole
from app.core import clock
from app.core.db import Tx
from app.core.runtime import Runtime
from tests.client import Api
from tests.socket import Open, Socket
from tests.world import Person, World

ME = "{ me { email } }"
ORIGIN = {"Origin": "http://labelgraph.test"}


def me(api: Api) -> Person:
    assert api.person is not None
    return api.person


async def email(socket: Socket) -> str:
    """Whom the server believes to be at the other end."""
    data = await anext(await socket.subscribe(ME))
    found: str = data["me"]["email"]
    return found


async def code_of_refusal(open_socket: Open, payload: dict[str, object]) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        async with open_socket(None, payload=payload):
            pass
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


async def test_a_socket_speaks_for_the_owner_of_its_token(api: Api, open_socket: Open) -> None:
    async with open_socket(api.person) as socket:
        stream = await socket.subscribe(ME)
        assert [data async for data in stream] == [{"me": {"email": me(api).email}}]


@pytest.mark.parametrize(
    "payload",
    [
        {"Authorization": "Bearer lg_wrong"},
        {"authorization": "nonsense"},
        {"Signature": "x"},
        {"Signature": 1, "Signature-Input": None, "Content-Digest": []},
    ],
)
async def test_credentials_that_do_not_hold_close_the_socket_with_4403(
    open_socket: Open, payload: dict[str, object]
) -> None:
    assert await code_of_refusal(open_socket, payload) == 4403


async def test_a_socket_without_credentials_is_asked_to_sign_in(open_socket: Open) -> None:
    async with open_socket(None) as socket:
        (error,) = await (await socket.subscribe(ME)).errors()
        assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_socket_is_opened_with_a_signature_once(
    api: Api, open_socket: Open, runtime: Runtime
) -> None:
    key = Ed25519PrivateKey.generate()
    async with runtime.db.transaction(me(api).actor.scope) as tx:
        public = key.public_key().public_bytes_raw().hex()
        await credentials.add_key(tx, me(api).actor, title="laptop", public_key=public)
    payload = signatures.sign(key, method="GET", target="/graphql", body=b"", created=clock.now())
    async with open_socket(None, payload=payload) as socket:
        assert await email(socket) == me(api).email
    assert await code_of_refusal(open_socket, dict(payload)) == 4403


async def test_a_page_of_ours_opens_a_socket_with_its_cookie(
    api: Api, open_socket: Open, world: World
) -> None:
    cookie = {"Cookie": f"labelgraph={await world.session(me(api))}"}
    async with open_socket(None, headers={**ORIGIN, **cookie}) as socket:
        assert await email(socket) == me(api).email


async def test_a_page_of_others_opens_no_socket(api: Api, open_socket: Open, world: World) -> None:
    cookie = {"Cookie": f"labelgraph={await world.session(me(api))}"}
    with pytest.raises(InvalidStatus):
        async with open_socket(None, headers={"Origin": "https://evil.example", **cookie}):
            pass
    with pytest.raises(ConnectionClosed):  # no page at all, but the cookie of one
        async with open_socket(None, headers=cookie):
            pass


Revoke = Callable[[Tx, Person, Person], Awaitable[object]]


async def remove(tx: Tx, admin: Person, member: Person) -> None:
    await members.remove_member(tx, admin.actor, Which(email=member.email))


async def demote(tx: Tx, admin: Person, member: Person) -> None:
    await members.update_member(
        tx,
        admin.actor,
        Which(email=member.email),
        role=OrganisationRole.TASKER,
        member_type=MemberType.EXTERNAL,
        expected_revision=None,
    )


async def revoke(tx: Tx, admin: Person, member: Person) -> None:
    theirs = await tx.exec(select(ApiToken.id).where(ApiToken.user_id == member.user_id))
    await credentials.revoke_token(tx, admin.actor, theirs.one())


@pytest.mark.parametrize("take_away", [remove, demote, revoke])
async def test_a_socket_ends_soon_after_its_owner_has_lost_something(
    api: Api, open_socket: Open, world: World, runtime: Runtime, take_away: Revoke
) -> None:
    member = await world.member(me(api))
    async with open_socket(member) as theirs, open_socket(api.person) as mine:
        assert await email(theirs) == member.email
        async with runtime.db.transaction(me(api).actor.scope) as tx:
            await take_away(tx, me(api), member)
        assert await asyncio.wait_for(theirs.closed(), 2) == 4403
        assert await email(mine) == me(api).email


async def test_a_socket_ends_when_its_token_does(
    api: Api, open_socket: Open, world: World, runtime: Runtime
) -> None:
    async with runtime.db.transaction(me(api).actor.scope) as tx:
        soon = clock.now() + timedelta(seconds=0.5)
        await tx.exec(
            update(ApiToken).where(col(ApiToken.user_id) == me(api).user_id).values(expires_at=soon)
        )
    async with open_socket(api.person) as socket:
        assert await email(socket) == me(api).email
        assert await asyncio.wait_for(socket.closed(), 2) == 4403


async def test_what_was_revoked_opens_no_socket(
    api: Api, open_socket: Open, world: World, runtime: Runtime
) -> None:
    member = await world.member(me(api))
    async with runtime.db.transaction(me(api).actor.scope) as tx:
        await revoke(tx, me(api), member)
    authorization: dict[str, object] = {"Authorization": f"Bearer {member.token}"}
    assert await code_of_refusal(open_socket, authorization) == 4403
