"""Subscriptions are executed and encoded once for all who may see the same and ask for the same.

A group is one running subscription. Its members have the same document, operation and variables, and the same
user, organisation, role, scopes and epoch of rights: different people never share.
"""

import asyncio
from collections.abc import AsyncGenerator, Hashable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

import orjson
import strawberry
from graphql import GraphQLError, Undefined

from app.core import tasks
from schema import failures
from schema.context import Context
from schema.execution import streams
from schema.execution.backlog import Backlog
from schema.execution.engine import Engine
from schema.execution.operation import Event, Operation
from schema.execution.request import Error, Refusal, Stage
from schema.execution.streams import Stream


class Member(Protocol):
    """A subscriber. What it is told, it must put aside at once."""

    def heard(self, event: Event) -> None:
        """An event."""

    def ended(self, errors: Sequence[Error]) -> None:
        """Nothing more will come; with errors it could not be opened, or cannot go on."""


class Group:
    """One running subscription and those who listen to it."""

    def __init__(self, key: Hashable, operation: Operation, stream: Stream) -> None:
        self.key = key
        self.operation = operation
        self.stream = stream
        self.members: dict[Member, None] = {}
        self.task: asyncio.Task[None] | None = None
        self._newest: Event | None = None

    def add(self, member: Member) -> None:
        """Let somebody listen, too; of states they are told the newest at once."""
        self.members[member] = None
        if self._newest is not None:
            member.heard(self._newest)

    async def run(self, engine: Engine) -> Sequence[Error]:
        """Tell the members each event until the end; the errors of that."""
        try:
            async with aclosing(engine.subscribe(self.operation)) as events:
                async for event in events:
                    self._tell(event)
        except Refusal as refusal:
            return refusal.errors
        except Exception as error:
            failed = GraphQLError("", original_error=error)
            return [failures.public(failed, self.operation.context.request_id)]
        return []

    def _tell(self, event: Event) -> None:
        if self.stream is Stream.STATES:
            self._newest = event
        for member in tuple(self.members):
            member.heard(event)


class Shared:
    """All groups of a process."""

    def __init__(self, engine: Engine, schema: strawberry.Schema) -> None:
        self._engine = engine
        self._streams = streams.of_schema(schema)
        self._groups: dict[Hashable, Group] = {}
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def group_count(self) -> int:
        """Subscriptions that are executed."""
        return len(self._groups)

    @property
    def member_count(self) -> int:
        """Those who listen to them."""
        return sum(len(group.members) for group in self._groups.values())

    def stream(self, operation: Operation) -> Stream:
        """What the events of a subscription are."""
        return self._streams[streams.field_of(operation).name.value]

    def join(self, operation: Operation, member: Member) -> Group:
        """Listen to a subscription that is prepared; it begins now, unless an equal one is running."""
        stream = self.stream(operation)
        key: Hashable = _key(operation)
        if stream is Stream.CHANGES and streams.resumes(operation):
            key = object()  # what lies between the cursor and now is for this one only
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(key, _own(operation), stream)
            group.task = asyncio.create_task(self._run(group), name="subscription")
        group.add(member)
        return group

    def leave(self, group: Group, member: Member) -> None:
        """Listen no more. The last one to leave ends the subscription."""
        group.members.pop(member, None)
        if not group.members and self._groups.get(group.key) is group:
            del self._groups[group.key]
            assert group.task is not None  # noqa: S101  set when it was made
            ending = asyncio.create_task(tasks.ended(group.task), name="subscription end")
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    def reset(self, backlog: Backlog, request_id: str) -> Error:
        """What is told to a member instead of changes that it did not take."""
        told = backlog.reset(request_id)
        self._engine.observer.told([told], request_id)
        return told

    async def settled(self) -> None:
        """Wait until subscriptions that were left have let go of what they held."""
        if self._ending:
            await asyncio.wait(self._ending)

    async def subscribe(self, operation: Operation) -> AsyncGenerator[Event]:
        """The events for one subscriber that takes them one by one. Raises Refusal, also in the end."""
        inbox = Inbox(self, self.stream(operation), operation.context.request_id)
        group = self.join(operation, inbox)
        try:
            while (event := await inbox.next()) is not None:
                yield event
        finally:
            self.leave(group, inbox)
            await self.settled()

    async def _run(self, group: Group) -> None:
        errors = await group.run(self._engine)
        if self._groups.get(group.key) is group:
            del self._groups[group.key]
        for member in tuple(group.members):
            member.ended(errors)


class Inbox:
    """A member that is asked for its events."""

    def __init__(self, shared: Shared, stream: Stream, request_id: str) -> None:
        self._shared = shared
        self._backlog = Backlog(stream)
        self._request_id = request_id
        self._errors: Sequence[Error] | None = None
        self._filled = asyncio.Event()

    def heard(self, event: Event) -> None:
        """Put it aside; a change too many ends it."""
        if self._errors is None and not self._backlog.put(event):
            self.ended([self._shared.reset(self._backlog, self._request_id)])
        self._filled.set()

    def ended(self, errors: Sequence[Error]) -> None:
        """Remember that, and with which errors."""
        self._errors = errors
        self._filled.set()

    async def next(self) -> Event | None:
        """The next event; None at the end. Raises Refusal if that has errors."""
        while not self._backlog:
            if self._errors:
                raise Refusal(Stage.SOURCE, self._errors)
            if self._errors is not None:
                return None
            self._filled.clear()
            await self._filled.wait()
        return self._backlog.take()


def _own(operation: Operation) -> Operation:
    """The operation with a context of the group's own: it outlives the request of the first member."""
    context = operation.context
    own = Context(
        runtime=context.runtime,
        sessions=context.sessions,
        credentials=context.credentials,
        request_id=context.request_id,
    )
    return replace(operation, context=own)


def _key(operation: Operation) -> Hashable:
    """Equal for subscriptions that tell the same. Document and definition are kept by the group, so ids hold."""
    sources = operation.variables.sources
    told = {name: one.value for name, one in sources.items() if one.value is not Undefined}
    variables = orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
    return (id(operation.definition), variables, _visibility(operation.context))


def _visibility(context: Context) -> Hashable:
    actor = context.credentials
    if actor is None:
        return None
    return (actor.user_id, actor.organisation_id, actor.role, actor.scopes, actor.auth_epoch)
