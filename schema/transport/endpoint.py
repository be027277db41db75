"""`/graphql`: one address for HTTP, for streams over it, and for WebSockets."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from schema.transport.http import Http
from schema.transport.page import Page, wants_page

PATH = "/graphql"


@dataclass(frozen=True, slots=True)
class Front:
    """Leads past the middleware and the router of the other routes, which cost as much as a small query."""

    graphql: ASGIApp
    rest: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, socket or lifespan."""
        app = self.graphql if scope.get("path") == PATH else self.rest
        await app(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Sends each kind of request where it belongs; browsers that want something to look at get the page."""

    http: Http
    socket: ASGIApp
    page: Page | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or one socket until it closes."""
        if scope["type"] == "websocket":
            await self.socket(scope, receive, send)
        elif self.page and scope["method"] == "GET" and wants_page(Request(scope)):
            await self.page.response()(scope, receive, send)
        else:
            await self.http.serve(scope, receive, send)
