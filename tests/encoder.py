"""An encoder at the other end of a real connection: it answers as told, and remembers what it was asked."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.conftest import listening

Answer = Callable[[], Response]


@dataclass(slots=True)
class Asked:
    """One request."""

    path: str
    body: Any
    authorization: str | None


@dataclass(slots=True)
class FakeEncoder:
    """Answers the next requests with `answers`, one each, then with `always`."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    always: Answer = lambda: openai([3.0, 4.0])
    delay_seconds: float = 0.0

    async def __call__(self, request: Request) -> Response:
        """Whatever is asked."""
        body = orjson.loads(await request.body())
        self.asked.append(Asked(request.url.path, body, request.headers.get("Authorization")))
        await asyncio.sleep(self.delay_seconds)
        return (self.answers.pop(0) if self.answers else self.always)()


@asynccontextmanager
async def encoding() -> AsyncGenerator[FakeEncoder]:
    """One that listens."""
    fake = FakeEncoder()
    app = Starlette(routes=[Route("/{path:path}", fake.__call__, methods=["GET", "POST"])])
    async with listening(app) as url:
        fake.url = url
        yield fake


def openai(vector: object) -> Response:
    """A vector as OpenAI's API has it."""
    return JSONResponse({"object": "list", "data": [{"index": 0, "embedding": vector}]})


def service(vector: object) -> Response:
    """A vector as an endpoint of one's own has it."""
    return JSONResponse({"embeddings": [vector]})
