"""Documents that clients name by a digest instead of sending them.

Two ways to ask: `documentId` of GraphQL over HTTP's draft, and Apollo's `extensions.persistedQuery`. Two ways for
a document to be known: the operator has listed it, or somebody who is signed in has sent it once, together with
its digest. The latter are kept in Valkey for all servers, and may be lost: clients then send them again.
"""

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import orjson
import redis.asyncio as redis

from app.accounts.attempts import Attempts, Limit
from app.core.errors import RateLimited
from schema.codes import Code
from schema.context import Context
from schema.execution.request import Refusal, Request, Stage, problem

KEPT_SECONDS = 30 * 24 * 3600
"""After a document was last asked for."""
PER_DAY = Limit(count=1_000, seconds=24 * 3600)
"""Documents that one user may have us keep."""
PATIENCE_SECONDS = 0.5
"""With Valkey."""
CAPACITY = 4_000_000
"""Characters that are held in this process."""

_PREFIX = "sha256:"
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Named:
    """How a request names its document. `digest` is 64 hex digits, None for an id of the operator's own."""

    id: str
    digest: str | None
    is_apollo: bool = False


@dataclass(slots=True)
class Persisted:
    """What is known by name. With `is_closed` only `listed` documents run, by name or by their text."""

    attempts: Attempts
    bus: "redis.Redis"
    listed: Mapping[str, str] = field(default_factory=dict)
    is_closed: bool = False
    _kept: OrderedDict[str, str] = field(default_factory=OrderedDict)
    _size: int = 0
    _texts: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._texts = frozenset(self.listed.values())

    async def text(self, request: Request, context: Context) -> str | None:
        """The document's text; None if the request names none at all. Raises Refusal."""
        named = _named(request, context.request_id)
        if named is None:
            text = request.query
        elif request.query:
            text = self._checked(named, request.query, context.request_id)
        else:
            text = await self._found(named, context.request_id)
        if self.is_closed and text and text not in self._texts:
            message = "This server runs listed documents only, and this is none of them."
            _refuse(Code.DOCUMENT_NOT_ALLOWED, message, context.request_id)
        return text

    async def keep(self, request: Request, context: Context) -> None:
        """Remember a document that was sent with its digest and is valid, if its sender is signed in."""
        named = _named(request, context.request_id)
        if named is None or not named.digest or not request.query or self.is_closed:
            return
        if named.digest in self._kept or context.credentials is None:
            return
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self.attempts.take(f"documents of {context.credentials.user_id}", PER_DAY)
                await self.bus.set(_key(named.digest), request.query, ex=KEPT_SECONDS)
        except (redis.RedisError, TimeoutError, RateLimited):
            return  # it runs all the same, and is sent again next time
        self._hold(named.digest, request.query)

    def _checked(self, named: Named, text: str, request_id: str) -> str:
        digest = hashlib.sha256(text.encode()).hexdigest()
        if named.digest != digest and self.listed.get(named.id) != text:
            message = "The id is not the SHA-256 of the document that came with it."
            raise Refusal(Stage.REQUEST, [problem(Code.BAD_REQUEST, message, request_id)])
        return text

    async def _found(self, named: Named, request_id: str) -> str:
        text = self.listed.get(named.id) or self.listed.get(named.digest or "")
        if text is None and named.digest and not self.is_closed:
            text = self._kept.get(named.digest) or await self._fetched(named.digest)
        if text is None:
            _unknown(named, request_id)
        return text

    async def _fetched(self, digest: str) -> str | None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                found = await self.bus.getex(_key(digest), ex=KEPT_SECONDS)
        except (redis.RedisError, TimeoutError):
            return None
        if not isinstance(found, bytes) or hashlib.sha256(found).hexdigest() != digest:
            return None
        self._hold(digest, found.decode())
        return self._kept[digest]

    def _hold(self, digest: str, text: str) -> None:
        self._kept[digest] = text
        self._size += len(text)
        while self._size > CAPACITY:
            _, gone = self._kept.popitem(last=False)
            self._size -= len(gone)


def read_list(path: Path) -> dict[str, str]:
    """The documents of a manifest: a JSON object from id to text, as graphql-codegen and relay-compiler write it.

    Raises ValueError if it is of another shape, OSError if it cannot be read.
    """
    listed = orjson.loads(path.read_bytes())
    if not isinstance(listed, dict) or not all(isinstance(text, str) for text in listed.values()):
        raise ValueError(f"{path} is no JSON object from ids to documents.")
    return {**listed, **{key.removeprefix(_PREFIX): text for key, text in listed.items()}}


def is_named(request: Request) -> bool:
    """Whether a request names its document."""
    return request.document_id is not None or "persistedQuery" in request.extensions


def _named(request: Request, request_id: str) -> Named | None:
    if request.document_id is not None:
        hexadecimal = request.document_id.removeprefix(_PREFIX)
        is_digest = _DIGEST.fullmatch(hexadecimal) is not None
        return Named(request.document_id, hexadecimal if is_digest else None)
    if "persistedQuery" not in request.extensions:
        return None
    asked: Any = request.extensions["persistedQuery"]
    digest = (
        asked.get("sha256Hash") if isinstance(asked, dict) and asked.get("version") == 1 else None
    )
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest.lower()):
        message = "`persistedQuery` has a version, 1, and a sha256Hash of 64 hexadecimal digits."
        raise Refusal(Stage.REQUEST, [problem(Code.BAD_REQUEST, message, request_id)])
    return Named(digest.lower(), digest.lower(), is_apollo=True)


def _unknown(named: Named, request_id: str) -> NoReturn:
    if named.is_apollo:  # their clients know it by this very message
        _refuse(Code.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound", request_id)
    message = "There is no document of this id; send its text in `query`, with the id or without."
    _refuse(Code.PERSISTED_DOCUMENT_NOT_FOUND, message, request_id)


def _key(digest: str) -> str:
    return f"labelgraph:document:{digest}"


def _refuse(code: Code, message: str, request_id: str) -> NoReturn:
    raise Refusal(Stage.DOCUMENT_ID, [problem(code, message, request_id)])
