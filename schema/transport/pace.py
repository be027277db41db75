"""How fast a client may talk."""

import time

from schema.transport.closing import Closed, Closing

BURST_SECONDS = 5.0
"""What was not said within so long may be said at once."""


class Pace:
    """A bucket that fills at `per_second`, and from which each message takes one."""

    __slots__ = ("_at", "_left", "_per_second")

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._left = per_second * BURST_SECONDS
        self._at = time.monotonic()

    def step(self) -> None:
        """One message has come. Raises Closed if it came too soon."""
        now = time.monotonic()
        grown = self._left + (now - self._at) * self._per_second
        self._left = min(grown, self._per_second * BURST_SECONDS) - 1
        self._at = now
        if self._left < 0:
            reason = f"More than {self._per_second:g} messages a second."
            raise Closed(Closing.POLICY, reason)
