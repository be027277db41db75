"""The server: settings in, an ASGI application on its port."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from strawberry.extensions import SchemaExtension

from app.accounts import csrf
from app.accounts.attempts import Attempts
from app.accounts.authentication import Authenticator
from app.accounts.oidc import Issuer, Verifier
from app.accounts.passwords import Hasher
from app.accounts.sessions import Sessions
from app.core import clock, health, metrics, server, telemetry
from app.core import runtime as runtimes
from app.core.health import Pulse
from app.core.metrics import Metrics
from app.core.runtime import Runtime
from app.core.settings import Settings
from app.core.storage import endpoint as storage
from app.core.tasks import settle_memory
from app.files import local_files
from app.uploads import receiving
from schema.build import build
from schema.transport.graphql import Endpoint

FRONT_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>labelgraph</title>
<h1>labelgraph</h1>
<p>The API is GraphQL: <code>POST /graphql</code> with a bearer token, and subscriptions over WebSocket at the
same address (<code>graphql-transport-ws</code>). What it can do is written in <code>schema/schema.graphql</code>
and printed by <code>labelgraph schema</code>; how to use it, in <code>docs/</code> and <code>README.md</code>.
<p><a href="/readyz">/readyz</a> <a href="/livez">/livez</a> <a href="/metrics">/metrics</a>
"""


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises what kept it from starting."""
    telemetry.configure(settings)
    with asyncio.Runner(loop_factory=server.loop_factory()) as runner:
        runner.run(_run(settings))


async def _run(settings: Settings) -> None:
    """Everything is opened before the first request and closed after the last one."""
    pulse = Pulse()
    app = Starlette(middleware=[Middleware(telemetry.RequestIds)])
    async with runtimes.opened(settings) as runtime, runtimes.live(runtime), _beating(pulse):
        serve(app, runtime, pulse)
        settle_memory()
        await server.create(app, settings, pulse).serve()


def serve(app: Starlette, runtime: Runtime, pulse: Pulse | None = None) -> None:
    """Add the routes, which need what the runtime holds open."""
    pulse, figures = pulse or Pulse(), Metrics()
    schema = build()
    schema.extensions = (*schema.extensions, counting(figures))
    received = partial(receiving.note_received, runtime)
    graphql = Endpoint(schema, runtime, authenticator(runtime), sessions(runtime))
    app.router.routes.extend(
        [
            Route("/", front_page),
            Mount(
                "/storage",
                routes=[
                    *local_files.routes(runtime),
                    *storage.routes(runtime.storage, runtime.secret, clock.now, received),
                ],
            ),
            Route("/graphql", graphql),
            WebSocketRoute("/graphql", graphql),
            *health.routes(runtime, pulse),
            *metrics.routes(figures, runtime, pulse),
        ]
    )


async def front_page(_: Request) -> Response:
    """For a person who opens the address in a browser."""
    return HTMLResponse(FRONT_PAGE, headers={"Content-Security-Policy": "default-src 'none'"})


def counting(figures: Metrics) -> type[SchemaExtension]:
    """An extension that counts and times operations by their kind."""

    class Counting(SchemaExtension):
        def on_operation(self) -> Iterator[None]:
            before = time.perf_counter()
            yield
            context = self.execution_context
            try:
                kind = context.operation_type.value
            except RuntimeError:  # it could not be parsed, or names no operation
                kind = "unknown"
            has_errors = bool(getattr(context.result, "errors", None)) or kind == "unknown"
            figures.count(kind, time.perf_counter() - before, has_errors=has_errors)

    return Counting


def authenticator(runtime: Runtime) -> Authenticator:
    """Who is who, by the settings."""
    settings = runtime.settings
    issuers = [Issuer(entry.issuer, entry.audience) for entry in settings.oidc_issuers]
    return Authenticator(
        db=runtime.system,
        pepper=runtime.secret,
        is_cookie_secure=settings.is_cookie_secure,
        origins=frozenset(map(csrf.origin_of, [settings.url, *settings.allowed_origins])),
        oidc=Verifier(issuers) if issuers else None,
    )


def sessions(runtime: Runtime) -> Sessions:
    """The desk for people with a password."""
    return Sessions(
        db=runtime.system,
        hasher=Hasher(),
        attempts=Attempts(runtime.bus),
        pepper=runtime.secret,
        is_cookie_secure=runtime.settings.is_cookie_secure,
    )


@asynccontextmanager
async def _beating(pulse: Pulse) -> AsyncGenerator[None]:
    beat = asyncio.create_task(pulse.run(), name="pulse")
    try:
        yield
    finally:
        beat.cancel()
        with suppress(asyncio.CancelledError):
            await beat
