"""Stock Strawberry: the same types, resolvers and services, under its own view and graphql-core's executor.

Its two caches, of parsed and of validated documents, are on. What it lacks beside ours is what ours adds:
limits, prices, plans, and one execution for many subscribers.
"""

import orjson
import strawberry
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from app import main as ours
from app.accounts.actor import Actor
from app.core import clock
from app.core import runtime as runtimes
from app.core.runtime import Runtime
from app.core.settings import Settings
from benchmarks import processes
from benchmarks.contestants import serving
from schema.context import Context
from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import config
from schema.subscription import Subscription


class Stock(GraphQL[Context, None]):
    """The stock view, with our sign-in in front of it and JSON by orjson."""

    def __init__(self, runtime: Runtime) -> None:
        schema = strawberry.Schema(
            query=Query,
            mutation=Mutation,
            subscription=Subscription,
            config=config(is_sorted=False),
            extensions=[lambda: ParserCache(maxsize=100), lambda: ValidationCache(maxsize=100)],
        )
        super().__init__(schema, subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL])
        self._runtime = runtime
        self._authenticator = ours.authenticator(runtime)
        self._sessions = ours.sessions(runtime)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sign an HTTP request in first; a WebSocket says who it is by itself."""
        if scope["type"] == "http":
            scope["actor"] = await self._signed_in(Headers(scope=scope))
        await super().__call__(scope, receive, send)

    async def _signed_in(self, headers: Headers) -> Actor | None:
        presented = headers.get("Authorization")
        return await self._authenticator.of_authorization(presented) if presented else None

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> Context:
        """A context for a request, or for a socket until it has said who it is."""
        del response
        return Context(
            runtime=self._runtime,
            sessions=self._sessions,
            request=request,
            credentials=request.scope.get("actor"),
            request_id=clock.new_id().hex,
        )

    async def on_ws_connect(self, context: Context) -> dict[str, object] | None:
        """Sign a socket in by its `connection_init`."""
        payload = context.connection_params or {}
        presented = str(payload["Authorization"])
        context.credentials = await self._authenticator.of_authorization(presented)
        return {}

    def encode_json(self, data: object) -> str:
        """As text: the view writes it into text frames."""
        return orjson.dumps(data).decode()

    def decode_json(self, data: str | bytes) -> object:
        """By orjson."""
        return orjson.loads(data)


async def main() -> None:
    """Open what a server holds open, and serve."""
    async with runtimes.opened(Settings()) as runtime, runtimes.live(runtime):
        await serving.serve(Stock(runtime))


if __name__ == "__main__":
    processes.limit_memory()
    with serving.runner() as loop:
        loop.run(main())
