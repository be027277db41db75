"""What a resolver is given: who asks, and the tools of the process."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar

import strawberry
from graphql import GraphQLResolveInfo
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.dataloader import DataLoader

from app.accounts.actor import Actor
from app.accounts.batches import HotBatch
from app.accounts.by_id import ById
from app.accounts.sessions import Sessions
from app.accounts.tokens import TokenScope
from app.core.db import Scope, Session, Tx
from app.core.errors import Unauthenticated
from app.core.joins import Join
from app.core.runtime import Runtime
from schema.execution.budget import Balance

SESSIONS = 4
"""How many an operation has open at once."""

K = TypeVar("K")
V = TypeVar("V")
Batch = Callable[[Session, Actor, Sequence[K]], Awaitable[Mapping[K, V]]]
"""A loader: from many keys to what was found. A HotBatch gives bare rows, without a transaction."""


class Planner(Protocol):
    """Knows what an operation selects."""

    def columns(self, field: GraphQLResolveInfo[Any]) -> frozenset[str] | None:
        """The columns that are wanted of the rows of a connection; None: all."""

    def joins(
        self, field: GraphQLResolveInfo[Any]
    ) -> Sequence[tuple[str, ById[Any], frozenset[str]]]:
        """Relations to be read with the rows of a connection: by which column, of what, which columns."""


@dataclass(slots=True)
class Reply:
    """What resolvers may add to an HTTP answer."""

    headers: MutableHeaders = field(default_factory=MutableHeaders)


@dataclass(slots=True)
class Context:
    """Made for one operation. Loaders batch and never cache beyond the tick."""

    runtime: Runtime
    sessions: Sessions
    request: Request | WebSocket | None = None
    response: Reply | Response | None = None
    credentials: Actor | None = None
    request_id: str = ""
    connection_params: dict[str, Any] = field(default_factory=dict)
    planner: Planner | None = None
    """Set while an operation is executed."""
    balance: Balance | None = None
    """What the operation costs and what the caller has left, once it is paid."""
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SESSIONS))
    """One operation with a thousand lists must not take every connection of the pool."""
    _joined: dict[Any, dict[Any, Any]] = field(default_factory=dict)
    _loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict)

    @property
    def address(self) -> str | None:
        """The address that the request came from."""
        client = self.request.client if self.request is not None else None
        return client.host if client is not None else None

    @property
    def actor(self) -> Actor:
        """Who asks. Raises Unauthenticated if nobody has signed in."""
        if self.credentials is None:
            raise Unauthenticated("Sign in first: send a bearer token, a signature or the cookie.")
        return self.credentials

    @asynccontextmanager
    async def read(self, needs: TokenScope = TokenScope.READ) -> AsyncGenerator[Session]:
        """A short read-only session for the actor's organisation, if the credentials allow it."""
        self.actor.must_have(needs)
        async with self.session() as session:
            yield session

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[Session]:
        """The same for a field of something that was found already. Opens none inside of another."""
        async with self.gate, self.runtime.db.read(self.actor.scope) as session:
            yield session

    @asynccontextmanager
    async def transaction(self, scope: Scope | None = None) -> AsyncGenerator[Tx]:
        """A transaction for the actor's organisation, or for `scope`."""
        async with self.runtime.db.transaction(scope or self.actor.scope) as tx:
            yield tx

    def columns(self, info: "Info") -> frozenset[str] | None:
        """Which columns are wanted of the rows in the connection that this field gives; None: all."""
        return self.planner.columns(info._raw_info) if self.planner else None

    def joins(self, info: "Info") -> tuple[Join, ...]:
        """Relations to be read with the rows in the connection that this field gives."""
        if self.planner is None:
            return ()
        found = self.planner.joins(info._raw_info)
        return tuple(
            self.runtime.reads.kept.get(
                ("join", batch, self.actor.eyes, column, columns),
                partial(batch.join, self.actor, column, columns),
            )
            for column, batch, columns in found
        )

    def keep_joined(self, joins: Sequence[Join], page: Sequence[Any]) -> None:
        """Remember what came with a page, for the loads of its rows."""
        for number, join in enumerate(joins):
            found = join.found(f"j{number}", page)
            self._joined.setdefault(join.key, {}).update(found)

    async def load(self, batch: Batch[K, V], key: K) -> V | None:
        """What `batch` finds for `key`, asked together with every other key of this tick."""
        loader = self._loaders.get(batch)
        if loader is None:
            loader = self._loaders[batch] = DataLoader(load_fn=self._many(batch), cache=False)
        found: V | None = await loader.load(key)
        return found

    def _many(self, batch: Batch[K, V]) -> Callable[[list[K]], Awaitable[list[V | None]]]:
        async def load(keys: list[K]) -> list[V | None]:
            found = await self.fetch(batch, list(dict.fromkeys(keys)))
            return [found.get(key) for key in keys]

        return load

    async def fetch(
        self, batch: Batch[K, V], keys: Sequence[K], columns: frozenset[str] | None = None
    ) -> Mapping[K, V]:
        """What `batch` finds for these keys; rows of a HotBatch have these columns only, None: all."""
        if isinstance(batch, HotBatch):
            known: Any = self._joined.get((batch, self.actor.eyes, columns))
            if known is not None and all(key in known for key in keys):
                return known
            async with self.gate:
                found: Any = await batch.read(self.runtime.reads, self.actor, keys, columns)
            return found
        async with self.session() as session:
            return await batch(session, self.actor, keys)

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __setitem__(self, name: str, value: Any) -> None:
        setattr(self, name, value)


Info = strawberry.Info[Context, None]
