"""A page of ours in a browser: it keeps cookies, and signs in by password."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from starlette.applications import Starlette

from app.core.clock import random_bytes
from tests.world import Person

SIGN_IN = """
mutation ($input: SignInInput!) {
  signIn(input: $input) {
    me { email } replayed userErrors { code message field }
  }
}
"""
ME = "{ me { email organisation { id } } }"
CSRF = {"X-Labelgraph-Csrf": "1"}
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Browser:
    """A page of ours in a browser that keeps cookies, at an address of its own."""

    http: httpx2.AsyncClient

    @classmethod
    @asynccontextmanager
    async def opened(cls, app: Starlette) -> AsyncGenerator["Browser"]:
        address = "10.{}.{}.{}".format(*random_bytes(3))
        transport = httpx2.ASGITransport(app=app, client=(address, 1))
        url = "http://labelgraph.test"
        async with httpx2.AsyncClient(transport=transport, base_url=url, headers=CSRF) as http:
            yield cls(http)

    async def raw(
        self, document: str, headers: dict[str, str] | None = None, **variables: Any
    ) -> Any:
        body = {"query": document, "variables": variables}
        return (await self.http.post("/graphql", json=body, headers=headers)).json()

    async def __call__(self, document: str, **variables: Any) -> Any:
        answer = await self.raw(document, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    async def sign_in(self, person: Person, password: str = PASSWORD) -> Any:
        given = {"email": person.email, "password": password}
        return (await self(SIGN_IN, input=given))["signIn"]

    async def email(self) -> str | None:
        """Who the server believes this to be; None: nobody."""
        answer = await self.raw(ME)
        return answer["data"]["me"]["email"] if answer["data"]["me"] else None
