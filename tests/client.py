"""Speaks GraphQL to the server as a client would."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx2
from starlette.applications import Starlette

from app.core.clock import random_bytes
from tests.world import Person


@dataclass(frozen=True, slots=True)
class Api:
    """A client with one person's token."""

    http: httpx2.AsyncClient
    person: Person | None

    @classmethod
    @asynccontextmanager
    async def connect(cls, app: Starlette, person: Person | None) -> AsyncGenerator["Api"]:
        """A client inside the process, with an address of its own; no network lies between."""
        address = "10.{}.{}.{}".format(*random_bytes(3))
        transport = httpx2.ASGITransport(app=app, client=(address, 1))
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://labelgraph.test"
        ) as http:
            yield cls(http, person)

    def as_(self, person: Person | None) -> "Api":
        """The same server, asked by somebody else; None: by nobody."""
        return replace(self, person=person)

    async def raw(self, document: str, **variables: Any) -> dict[str, Any]:
        """The whole answer."""
        headers = {"Authorization": f"Bearer {self.person.token}"} if self.person else {}
        response = await self.http.post(
            "/graphql", json={"query": document, "variables": variables}, headers=headers
        )
        answer: dict[str, Any] = response.json()
        return answer

    async def __call__(self, document: str, **variables: Any) -> dict[str, Any]:
        """The data; the test fails if there are errors."""
        answer = await self.raw(document, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def errors(self, document: str, **variables: Any) -> list[dict[str, Any]]:
        """The top-level errors; the test fails if there are none."""
        answer = await self.raw(document, **variables)
        assert answer.get("errors"), answer
        found: list[dict[str, Any]] = answer["errors"]
        return found

    async def change(self, document: str, **variables: Any) -> dict[str, Any]:
        """The payload of a document's only mutation; the test fails if it was refused."""
        payload = await self.payload(document, **variables)
        assert payload["userErrors"] == [], payload["userErrors"]
        return payload

    async def refusal(self, document: str, **variables: Any) -> dict[str, Any]:
        """The first of the `userErrors` of a document's only mutation."""
        payload = await self.payload(document, **variables)
        assert payload["userErrors"], payload
        found: dict[str, Any] = payload["userErrors"][0]
        return found

    async def payload(self, document: str, **variables: Any) -> dict[str, Any]:
        """The payload of a document's only mutation, which must select `userErrors`."""
        (payload,) = (await self(document, **variables)).values()
        answer: dict[str, Any] = payload
        return answer
