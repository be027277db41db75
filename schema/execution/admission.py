"""A gate in front of the database pool: what cannot be served soon is turned away now.

Without it a rush of requests would all wait in the pool until each of them is too late.
"""

import asyncio
from collections import deque
from types import TracebackType

from schema.codes import Code
from schema.execution.request import Refusal, Stage, problem

RETRY_SECONDS = 1.0


class Gate:
    """At most `places` operations are inside, and at most `queue_length` wait, each `wait_seconds` at most.

    A short queue is served in its order. In a long one the newest come first and the oldest give way: those
    will be late whatever happens. An operation that is inside must not enter again.
    """

    def __init__(self, places: int, queue_length: int, wait_seconds: float) -> None:
        self.places = places
        self._free = places
        self._queue_length = queue_length
        self._wait_seconds = wait_seconds
        self._queue: deque[asyncio.Future[None]] = deque()
        self.inside_count = 0

    @property
    def waiting_count(self) -> int:
        """How many stand in the queue."""
        return len(self._queue)

    def admitted(self, request_id: str) -> "_Place":
        """`async with gate.admitted(request_id):` holds a place. Entering raises Refusal when there is none."""
        return _Place(self, request_id)

    async def enter(self) -> None:
        """Take a place. Raises TimeoutError when there is none in time."""
        if self._free:
            self._free -= 1
        else:
            await self._wait()
        self.inside_count += 1

    def leave(self) -> None:
        """Give the place to who waits, or back."""
        self.inside_count -= 1
        self._pass_on()

    def _pass_on(self) -> None:
        while self._queue:
            is_long = len(self._queue) * 2 > self._queue_length
            following = self._queue.pop() if is_long else self._queue.popleft()
            if not following.done():  # else it was cancelled just now
                following.set_result(None)
                return
        self._free += 1

    async def _wait(self) -> None:
        if len(self._queue) >= self._queue_length:
            self._turn_away_the_oldest()
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._queue.append(turn)
        late = loop.call_later(self._wait_seconds, self._turn_away, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._pass_on()  # the place was ours already
            elif turn in self._queue:
                self._queue.remove(turn)
            raise
        finally:
            late.cancel()

    def _turn_away_the_oldest(self) -> None:
        if not self._queue:
            raise TimeoutError
        self._turn_away(self._queue[0])

    def _turn_away(self, turn: "asyncio.Future[None]") -> None:
        if not turn.done():
            self._queue.remove(turn)
            turn.set_exception(TimeoutError())


class _Place:
    """One operation's way through the gate."""

    __slots__ = ("_gate", "_request_id")

    def __init__(self, gate: Gate, request_id: str) -> None:
        self._gate = gate
        self._request_id = request_id

    async def __aenter__(self) -> None:
        try:
            await self._gate.enter()
        except TimeoutError:
            raise _refusal(self._gate, self._request_id) from None

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._gate.leave()


def _refusal(gate: Gate, request_id: str) -> Refusal:
    wanted = gate.inside_count + gate.waiting_count + 1
    message = (
        f"{wanted} operations at once are more than the server can do. Send it again in a second."
    )
    told = problem(
        Code.UNAVAILABLE,
        message,
        request_id,
        limit=gate.places,
        actual=wanted,
        retryAfterSeconds=RETRY_SECONDS,
    )
    return Refusal(Stage.CAPACITY, [told], retry_after_seconds=RETRY_SECONDS)
