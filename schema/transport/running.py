"""One operation on a socket, from its `subscribe` to its last frame."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing

import orjson
from graphql import GraphQLError, OperationType
from structlog.contextvars import bind_contextvars

from schema import failures
from schema.context import Context
from schema.execution.backlog import Backlog
from schema.execution.engine import Engine
from schema.execution.operation import OPTIONS, Event, Operation
from schema.execution.request import Error, Refusal, Request
from schema.execution.sharing import Group, Shared
from schema.execution.streams import Stream
from schema.transport import frames
from schema.transport.outbox import Outbox


class Running:
    """It is a mailbox of the socket, and a member of the group of its subscription."""

    def __init__(
        self,
        operation_id: str,
        engine: Engine,
        shared: Shared,
        outbox: Outbox,
        forget: Callable[["Running"], None],
    ) -> None:
        self.id = operation_id
        self._engine = engine
        self._shared = shared
        self._outbox = outbox
        self._forget = forget
        self._head = frames.head(operation_id)
        self._backlog = Backlog(Stream.CHANGES)
        self._last: bytes | None = None
        self._is_queued = False
        self._is_over = False
        self._group: Group | None = None
        self._task: asyncio.Task[None] | None = None
        self._request_id = ""

    def begin(self, request: Request, context: Context) -> "asyncio.Task[None]":
        """Run it beside the socket, in this task; a subscription goes on after that."""
        self._request_id = context.request_id
        self._task = asyncio.create_task(self._run(request, context), name="operation")
        return self._task

    def stop(self) -> None:
        """Nobody wants to hear more of it: cancel what it was doing."""
        self._is_over = True
        self._outbox.size -= self._backlog.size
        self._backlog.clear()
        self._last = None
        self._leave()
        if self._task is not None:
            self._task.cancel()

    def heard(self, event: Event) -> None:
        """An event of the subscription: sent at once, or else in its turn."""
        if self._is_over:
            return
        if not self._is_queued and self._outbox.say(self._frame(event)):
            self._backlog.cursor = event.cursor
        elif self._keep(event):
            self._queue()
        else:
            self.ended([self._shared.reset(self._backlog, self._request_id)])

    def ended(self, errors: Sequence[Error]) -> None:
        """Say as the last thing that it is over, and why if that is no good end."""
        if self._is_over:
            return
        self._is_over = True
        last = frames.error(self.id, errors) if errors else frames.complete(self.id)
        if self._is_queued or not self._outbox.say(last):
            self._last = last
            self._queue()
        self._leave()
        self._forget(self)

    def take(self) -> bytes | None:
        """The next frame for the client."""
        self._is_queued = False
        if self._backlog:
            event = self._backlog.take()
            self._outbox.size -= len(event.body)
            return self._frame(event)
        last, self._last = self._last, None
        return last

    def has_more(self) -> bool:
        """Whether frames are left; then it counts as queued again."""
        self._is_queued = bool(self._backlog) or self._last is not None
        return self._is_queued

    async def _run(self, request: Request, context: Context) -> None:
        # bound for good: the operation has a task, and so a context, of its own
        bind_contextvars(request_id=context.request_id)
        with self._engine.observer.serving(context.request_id):
            await self._answer_or_refuse(request, context)

    async def _answer_or_refuse(self, request: Request, context: Context) -> None:
        try:
            operation = await self._engine.prepare(request, context)
            if self._is_over:  # a cancellation may get lost on the way
                return
            if operation.kind is OperationType.SUBSCRIPTION:
                self._subscribe(operation)
                return
            await self._answer(operation)
        except Refusal as refusal:
            self.ended(refusal.errors)
        except Exception as error:
            told = failures.public(GraphQLError("", original_error=error), context.request_id)
            self._engine.observer.told([told], context.request_id)
            self.ended([told])
        else:
            self.ended([])

    def _subscribe(self, operation: Operation) -> None:
        self._backlog = Backlog(self._shared.stream(operation))
        self._group = self._shared.join(operation, self)

    async def _answer(self, operation: Operation) -> None:
        """A client that does not read its answers is given no further ones."""
        await self._outbox.room()
        if not operation.is_incremental:
            self._tell((await self._engine.execute(operation)).body())
            return
        async with aclosing(self._engine.stream(operation)) as parts:
            async for part in parts:
                await self._outbox.room()
                self._tell(orjson.dumps(part, option=OPTIONS))

    def _tell(self, body: bytes) -> None:
        event = Event(body, None)
        if self._is_queued or not self._outbox.say(self._frame(event)):
            self._backlog.add(event)
            self._outbox.size += len(body)
            self._queue()

    def _keep(self, event: Event) -> bool:
        before = self._backlog.size
        fits = self._backlog.put(event, has_room=self._outbox.has_room)
        self._outbox.size += self._backlog.size - before
        return fits

    def _frame(self, event: Event) -> bytes:
        return b"%s%s}" % (self._head, event.body)

    def _queue(self) -> None:
        if not self._is_queued:
            self._is_queued = True
            self._outbox.queue(self)

    def _leave(self) -> None:
        if self._group is not None:
            self._shared.leave(self._group, self)
            self._group = None
