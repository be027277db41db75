"""Events that a subscriber has not taken yet: never more than a few, whatever it does."""

from collections import deque

from schema.codes import Code
from schema.execution.operation import Event
from schema.execution.request import Error, problem
from schema.execution.streams import Stream

LIMIT = 64
"""Events of one operation."""


class Backlog:
    """Oldest first. `size` is in bytes."""

    __slots__ = ("_stream", "_waiting", "cursor", "size")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._waiting: deque[Event] = deque()
        self.size = 0
        self.cursor: str | None = None
        """Of the newest event that was taken."""

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, event: Event, *, has_room: bool = True) -> bool:
        """Keep an event; False if it is one too many, and everything was forgotten.

        Of states the newest is always kept, then in place of those that were waiting.
        """
        if not has_room or len(self._waiting) >= LIMIT:
            self.clear()
            if self._stream is Stream.CHANGES:
                return False
        self.add(event)
        return True

    def add(self, event: Event) -> None:
        """Keep what must not be left out; whoever adds it waits for room before."""
        self._waiting.append(event)
        self.size += len(event.body)

    def take(self) -> Event:
        """The oldest."""
        event = self._waiting.popleft()
        self.size -= len(event.body)
        self.cursor = event.cursor
        return event

    def clear(self) -> None:
        """Forget everything."""
        self._waiting.clear()
        self.size = 0

    def reset(self, request_id: str) -> Error:
        """What is told instead of the changes that were too many."""
        message = "Changes came faster than you took them; subscribe again, after the last cursor."
        more = {"cursor": self.cursor} if self.cursor else {}
        return problem(Code.STREAM_RESET, message, request_id, **more)
