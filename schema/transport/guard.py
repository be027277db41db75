"""Ends what stays open when its credentials end: requests prove themselves each time, sockets only once."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from app.accounts.actor import Actor
from app.accounts.authentication import Authenticator
from app.accounts.events import AccessChanged
from app.core import clock
from app.core.hub import Hub, Overflowed

RECHECK_SECONDS = 5.0
"""Between looks at the database, in case the events of it do not come."""
DOUBT_SECONDS = 10.0
"""How long a database may be away before nobody is believed any more."""


class CredentialsEnded(Exception):
    """What was open by these credentials may not go on."""


@dataclass(slots=True)
class _Watch:
    """One look-out for everything that a user has opened under the same epoch of rights."""

    actor: Actor
    ends: set[Callable[[], None]] = field(default_factory=set)
    task: "asyncio.Task[None] | None" = None


class Guards:
    """Looks out for all users of a process."""

    def __init__(self, hub: Hub, authenticator: Authenticator) -> None:
        self._hub = hub
        self._authenticator = authenticator
        self._watches: dict[tuple[UUID, int], _Watch] = {}

    def watch(self, actor: Actor, end: Callable[[], None]) -> Callable[[], None]:
        """Call `end` when the credentials are over, at most once; what is returned calls that off."""
        key = (actor.user_id, actor.auth_epoch)
        watch = self._watches.get(key)
        if watch is None:
            watch = self._watches[key] = _Watch(actor)
            watch.task = asyncio.create_task(self._run(key, watch), name="guard")
        watch.ends.add(end)
        timer = _at_expiry(actor, end)

        def call_off() -> None:
            watch.ends.discard(end)
            if timer is not None:
                timer.cancel()
            if not watch.ends and self._watches.get(key) is watch:
                del self._watches[key]
                assert watch.task is not None  # noqa: S101  set when it was made
                watch.task.cancel()

        return call_off

    async def until_over(self, actor: Actor) -> None:
        """Return when the credentials are over."""
        over = asyncio.Event()
        call_off = self.watch(actor, over.set)
        try:
            await over.wait()
        finally:
            call_off()

    async def _run(self, key: tuple[UUID, int], watch: _Watch) -> None:
        await _until_revoked(watch.actor, self._hub, self._authenticator)
        del self._watches[key]
        for end in tuple(watch.ends):
            end()


async def _until_revoked(actor: Actor, hub: Hub, authenticator: Authenticator) -> None:
    async with hub.subscribe(AccessChanged.topic, actor.user_id) as changes:
        while await _holds(actor, authenticator):
            with suppress(Overflowed, TimeoutError):
                async with asyncio.timeout(RECHECK_SECONDS):
                    await changes.next_batch()


async def _holds(actor: Actor, authenticator: Authenticator) -> bool:
    """Whether nothing was taken from the actor; False also if nobody can say for a while."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DOUBT_SECONDS
    while True:
        try:
            return await authenticator.still_holds(actor)
        except Exception as error:
            if loop.time() > deadline:
                log = structlog.get_logger("guard")
                log.warning("nobody can say whether rights hold", error=type(error).__name__)
                return False
        await asyncio.sleep(1)


def _at_expiry(actor: Actor, end: Callable[[], None]) -> asyncio.TimerHandle | None:
    if actor.expires_at is None:
        return None
    seconds = (actor.expires_at - clock.now()).total_seconds()
    return asyncio.get_running_loop().call_later(max(0.0, seconds), end)
