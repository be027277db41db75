"""Sends single HTTP requests, well-formed or not, and looks at the answers as they are."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import orjson
from starlette.applications import Starlette

from schema.codes import Code
from tests.world import Person

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
EVENTS = "text/event-stream"
MIXED = "multipart/mixed"


@dataclass(frozen=True, slots=True)
class Caller:
    """One person's requests; None: nobody's."""

    http: httpx2.AsyncClient
    person: Person | None = None

    @classmethod
    @asynccontextmanager
    async def inside(cls, app: Starlette, person: Person | None) -> AsyncGenerator["Caller"]:
        """A caller in the process of the server."""
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://labelgraph.test"
        ) as http:
            yield cls(http, person)

    @classmethod
    @asynccontextmanager
    async def over(cls, server: str, person: Person | None) -> AsyncGenerator["Caller"]:
        """A caller over the network."""
        async with httpx2.AsyncClient(base_url=server, trust_env=False) as http:
            yield cls(http, person)

    def headers(self, accept: str | None = None, **more: str) -> dict[str, str]:
        """With the person's token. `more` is written with underscores for hyphens; an empty value removes one."""
        told = {"content-type": JSON, "accept": accept or JSON}
        if self.person is not None:
            told["authorization"] = f"Bearer {self.person.token}"
        told |= {name.replace("_", "-"): value for name, value in more.items()}
        return {name: value for name, value in told.items() if value}

    async def post(self, body: Any, accept: str | None = None, **headers: str) -> httpx2.Response:
        """POST a body: bytes as they are, text as a document, anything else as JSON."""
        if isinstance(body, str):
            body = {"query": body}
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        return await self.http.post(
            "/graphql", content=content, headers=self.headers(accept, **headers)
        )

    async def get(self, accept: str | None = None, **parameters: str) -> httpx2.Response:
        """GET with these parameters."""
        headers = self.headers(accept, content_type="")
        return await self.http.get("/graphql", params=parameters, headers=headers)


def code_of(response: httpx2.Response) -> Code:
    """The code of the only error in an answer without data; the test fails if it is not as promised."""
    answer = response.json()
    assert "data" not in answer, answer
    (error,) = answer["errors"]
    assert set(error) <= {"message", "locations", "path", "extensions"}, error
    assert error["message"].strip(), error
    code = Code(error["extensions"]["code"])
    assert error["extensions"]["retryable"] is code.is_retryable
    assert error["extensions"]["requestId"]
    return code
