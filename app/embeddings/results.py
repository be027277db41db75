"""Results of searches, kept in Valkey for some minutes, so that pages are cut from one list.

What is kept may be lost at any time: then the search is made again.
"""

import asyncio
import base64
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, fields, replace
from typing import Any
from uuid import UUID

import orjson
import redis.asyncio as redis
from redis.exceptions import RedisError

from app.core import tasks
from app.core.db import Scope
from app.embeddings import plans
from app.embeddings.asked import Asked, Vectors
from app.embeddings.plans import Plan
from app.embeddings.similarity import Figures, Found, Hit, Search

KEPT_SECONDS = 600
MOST_ON_THEIR_WAY = 1_000
BREATHER_SECONDS = 0.01
"""Before a result is sent to Valkey: the answer to whoever searched goes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The ordered list of a search, as far as it was needed so far."""

    search: Search
    hits: Sequence[Hit]
    is_complete: bool
    figures: Figures

    @classmethod
    def of(cls, search: Search, found: Found) -> "Result":
        """Of the first search."""
        return cls(
            search=search, hits=found.hits, is_complete=found.is_complete, figures=found.figures
        )

    @property
    def can_grow(self) -> bool:
        """Whether a search for more may bring more."""
        return not self.is_complete and len(self.hits) < plans.MOST_HITS

    def grown(self, found: Found) -> "Result":
        """With what another search has found besides. What has been handed out keeps its place."""
        known = {hit.file_id for hit in self.hits}
        fresh = [hit for hit in found.hits if hit.file_id not in known]
        hits = [*self.hits, *fresh][: plans.MOST_HITS]
        is_complete = found.is_complete or not fresh
        return replace(self, hits=hits, is_complete=is_complete, figures=found.figures)


class Results:
    """Keeps results for some minutes from now, if Valkey is there; nobody waits until it has them."""

    def __init__(self, bus: "redis.Redis") -> None:
        self._bus = bus
        self._on_their_way: dict[str, Result] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def keep(self, name: str, result: Result) -> None:
        """Keep it under this name. Where very many are on their way, it is lost."""
        if len(self._tasks) < MOST_ON_THEIR_WAY:
            self._on_their_way[name] = result
            task = asyncio.create_task(self._keep(name, result), name="result")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def kept(self, name: str, scope: Scope) -> Result | None:
        """What is kept under this name, which is of this scope; None if it was lost."""
        if (known := self._on_their_way.get(name)) is not None:
            return known
        try:
            found = await self._bus.get(_key(name))
        except RedisError:
            return None
        return None if found is None else _read(orjson.loads(found), scope)

    async def _keep(self, name: str, result: Result) -> None:
        await asyncio.sleep(BREATHER_SECONDS)
        with suppress(RedisError):  # then the next page makes the search again
            await self._bus.set(_key(name), orjson.dumps(_told(result)), ex=KEPT_SECONDS)
        if self._on_their_way.get(name) is result:
            del self._on_their_way[name]

    async def close(self) -> None:
        """End what is under way."""
        await tasks.ended(*self._tasks)


@asynccontextmanager
async def opened(bus: "redis.Redis") -> AsyncGenerator[Results]:
    """Those of a process."""
    results = Results(bus)
    try:
        yield results
    finally:
        await results.close()


def _key(name: str) -> str:
    return f"labelgraph:similar:{name}"


def _told(result: Result) -> dict[str, Any]:
    search, asked = result.search, result.search.asked
    return {
        "vectors": _members(asked.vectors),
        "vector": base64.b64encode(asked.vector).decode(),
        "without": (asked.without_file, asked.without_frame),
        "terms": (search.min_score, search.is_exact),
        "hits": [(file_id.hex, frame, score) for file_id, frame, score in result.hits],
        "is_complete": result.is_complete,
        "figures": _members(result.figures),
    }


def _members(one: Vectors | Figures) -> dict[str, Any]:
    """Of values that hold no others."""
    return {member.name: getattr(one, member.name) for member in fields(one)}


def _read(told: dict[str, Any], scope: Scope) -> Result:
    file_id, frame = told["without"]
    vectors, vector = Vectors(**told["vectors"]), base64.b64decode(told["vector"])
    asked = Asked(scope, vectors, vector, UUID(file_id) if file_id else None, frame)
    return Result(
        search=Search(asked, *told["terms"]),
        hits=[Hit(UUID(hex=file_id), frame, score) for file_id, frame, score in told["hits"]],
        is_complete=told["is_complete"],
        figures=Figures(**{**told["figures"], "plan": Plan(told["figures"]["plan"])}),
    )
