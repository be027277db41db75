"""Tokens that were looked up a moment ago, so that a busy client does not cost a look-up for each request.

Whatever changes somebody's access is announced (`AccessChanged`): this process forgets as it commits the
change, the others as soon as they hear of it. Should no event come through, a second is the end of it.
"""

import secrets
import time
from collections.abc import Callable, Iterable
from hashlib import blake2b

from app.accounts.actor import Actor
from app.accounts.events import AccessChanged
from app.core.outbox import Event
from app.core.relay import Delivered

BELIEVED_SECONDS = 1.0
MOST = 10_000
Begun = tuple[int, float]
"""How often all was forgotten before a look-up began, and when that was."""


class Believed:
    """Who bears a token. Of its text a digest is kept, under a key that this process alone knows."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._forgotten = 0
        self._actors: dict[bytes, tuple[float, Actor]] = {}

    def get(self, token: str) -> Actor | None:
        """The bearer, if that was looked up less than a second ago."""
        found = self._actors.get(self._digest(token))
        if found is None or self._clock() - found[0] >= BELIEVED_SECONDS:
            return None
        return found[1]

    def begin(self) -> Begun:
        """Call before a look-up, and hand it to `keep`."""
        return self._forgotten, self._clock()

    def keep(self, token: str, begun: Begun, actor: Actor) -> None:
        """Remember what was found, unless all was forgotten since the look-up began."""
        forgotten, looked_up_at = begun
        if forgotten != self._forgotten:
            return
        if len(self._actors) >= MOST:
            self._actors.clear()
        self._actors[self._digest(token)] = looked_up_at, actor

    def _digest(self, token: str) -> bytes:
        return blake2b(token.encode(), key=self._key, digest_size=32).digest()

    def _forget(self) -> None:
        self._forgotten += 1
        self._actors.clear()

    def committed(self, events: Iterable[Event]) -> None:
        """Forget all if somebody's access was changed by a transaction of this process."""
        if any(event.topic == AccessChanged.topic for event in events):
            self._forget()

    def heard(self, event: Delivered) -> None:
        """Forget all if somebody's access was changed anywhere."""
        if event.topic == AccessChanged.topic:
            self._forget()
