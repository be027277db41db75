"""Closes a socket when its credentials end: requests prove themselves each time, sockets only once."""

import asyncio
from contextlib import suppress

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.accounts.actor import Actor
from app.accounts.authentication import Authenticator
from app.accounts.events import AccessChanged
from app.core import clock
from app.core.hub import Hub, Overflowed

FORBIDDEN = 4403
"""Clients come back after they have signed in again."""


async def close_in_time(
    socket: WebSocket, actor: Actor, hub: Hub, authenticator: Authenticator
) -> None:
    """Wait until the credentials expire or are revoked, or nobody can say; then close the socket."""
    try:
        await _until_over(actor, hub, authenticator)
    except Exception:
        structlog.get_logger("guard").exception("nobody can say whether a socket may stay open")
    with suppress(RuntimeError, WebSocketDisconnect):  # it is closed already
        await socket.close(FORBIDDEN, "Your credentials have ended; sign in again.")


async def _until_over(actor: Actor, hub: Hub, authenticator: Authenticator) -> None:
    seconds = None if actor.expires_at is None else (actor.expires_at - clock.now()).total_seconds()
    with suppress(TimeoutError):
        async with (
            asyncio.timeout(seconds),
            hub.subscribe(AccessChanged.topic, actor.user_id) as changes,
        ):
            while await authenticator.still_holds(actor):
                with suppress(Overflowed):
                    await changes.next_batch()
