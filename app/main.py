"""The server: settings in, an ASGI application on its port."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from functools import partial

import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute

from app.accounts import csrf
from app.accounts.attempts import Attempts
from app.accounts.authentication import Authenticator
from app.accounts.believed import Believed
from app.accounts.oidc import Issuer, Verifier
from app.accounts.passwords import Hasher
from app.accounts.sessions import Sessions
from app.core import clock, health, metrics, server, telemetry, tracing
from app.core import runtime as runtimes
from app.core.health import Pulse
from app.core.metrics import Metrics
from app.core.runtime import Runtime
from app.core.settings import Settings
from app.core.storage import endpoint as storage
from app.core.tasks import settle_memory
from app.core.tracing import Tracer
from app.files import local_files
from app.search import keys
from app.uploads import receiving
from schema.build import build
from schema.execution.admission import Gate
from schema.execution.budget import Budget
from schema.execution.engine import Engine
from schema.execution.limits import Limits
from schema.execution.observer import Observer
from schema.execution.persisted import Persisted, read_list
from schema.execution.sharing import Shared
from schema.transport import figures as transport_figures
from schema.transport.endpoint import PATH, Endpoint, Front
from schema.transport.guard import Guards
from schema.transport.http import Http
from schema.transport.page import Page
from schema.transport.sockets import Sockets
from schema.transport.statuses import Profile

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
FRONT_LINK = '<p><a href="graphql">GraphiQL</a>: try it in the browser.\n'


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises what kept it from starting."""
    telemetry.configure(settings)
    with asyncio.Runner(loop_factory=server.loop_factory()) as runner:
        runner.run(_run(settings))


async def _run(settings: Settings) -> None:
    """Everything is opened before the first request and closed after the last one."""
    pulse = Pulse()
    app = Starlette()
    async with (
        tracing.opened(settings) as tracer,
        runtimes.opened(settings) as runtime,
        runtimes.live(runtime),
        _beating(pulse),
    ):
        front = Front(serve(app, runtime, pulse, tracer), app)
        settle_memory()
        with tracer.following(runtime):
            await server.create(telemetry.RequestIds(front), settings, pulse).serve()


def serve(
    app: Starlette, runtime: Runtime, pulse: Pulse | None = None, tracer: Tracer | None = None
) -> Endpoint:
    """Add the routes, which need what the runtime holds open. Returns the one of `/graphql`."""
    pulse, figures = pulse or Pulse(), Metrics()
    schema = build()
    received = partial(receiving.note_received, runtime)
    graphql = endpoint(runtime, schema, figures, tracer)
    runtime.db.listeners.append(lambda events: keys.known(runtime.reads).forget(events))
    runtime.hub.listeners.append(lambda event: keys.known(runtime.reads).forget([event]))
    app.router.routes.extend(
        [
            Route("/", partial(front_page, has_ide=runtime.settings.ide)),
            Mount(
                "/storage",
                routes=[
                    *local_files.routes(runtime),
                    *storage.routes(runtime.storage, runtime.secret, clock.now, received),
                ],
            ),
            Route(PATH, graphql),
            WebSocketRoute(PATH, graphql),
            *(Page(runtime.settings.url).routes() if runtime.settings.ide else []),
            *health.routes(runtime, pulse),
            *metrics.routes(figures, runtime, pulse),
        ]
    )
    return graphql


async def front_page(_: Request, *, has_ide: bool) -> Response:
    """For a person who opens the address in a browser."""
    html = FRONT_PAGE + (FRONT_LINK if has_ide else "")
    return HTMLResponse(html, headers={"Content-Security-Policy": "default-src 'none'"})


def endpoint(
    runtime: Runtime, schema: strawberry.Schema, figures: Metrics, tracer: Tracer | None = None
) -> Endpoint:
    """`/graphql`."""
    settings = runtime.settings
    observer = Observer(
        figures,
        tracer,
        slow_seconds=settings.slow_seconds,
        keeps_documents=settings.trace_documents,
    )
    runs = engine(runtime, schema, observer)
    known, desk = authenticator(runtime), sessions(runtime)
    guards = Guards(runtime.hub, known)
    shared = Shared(runs, schema)
    http = Http(
        engine=runs,
        shared=shared,
        guards=guards,
        runtime=runtime,
        authenticator=known,
        sessions=desk,
        profile=Profile(settings.http_profile),
        body_bytes=settings.max_body_bytes,
        large_body_bytes=settings.max_large_body_bytes,
    )
    sockets = Sockets(runs, shared, runtime, known, desk, guards)
    transport_figures.show(figures, runs, shared, sockets)
    return Endpoint(http, sockets, Page(settings.url) if settings.ide else None)


def engine(runtime: Runtime, schema: strawberry.Schema, observer: Observer | None = None) -> Engine:
    """What runs operations, within the operator's limits."""
    settings = runtime.settings
    limits = Limits.of(settings)
    return Engine(
        schema,
        persisted=persisted(runtime),
        limits=limits,
        budget=Budget(runtime.bus, limits.points_per_minute),
        gate=Gate(settings.pool_size * 2, settings.queue_length, settings.pool_wait_seconds),
        observer=observer,
    )


def persisted(runtime: Runtime) -> Persisted:
    """The documents that may be named. Raises ValueError or OSError if the operator's list cannot be read."""
    settings = runtime.settings
    listed = read_list(settings.documents_file) if settings.documents_file else {}
    return Persisted(Attempts(runtime.bus), runtime.bus, listed, settings.documents_only)


def authenticator(runtime: Runtime) -> Authenticator:
    """Who is who, by the settings."""
    settings = runtime.settings
    issuers = [Issuer(entry.issuer, entry.audience) for entry in settings.oidc_issuers]
    believed = Believed()
    runtime.db.listeners.append(believed.committed)
    runtime.hub.listeners.append(believed.heard)
    return Authenticator(
        db=runtime.system,
        reads=runtime.system_reads,
        pepper=runtime.secret,
        is_cookie_secure=settings.is_cookie_secure,
        origins=frozenset(map(csrf.origin_of, [settings.url, *settings.allowed_origins])),
        oidc=Verifier(issuers) if issuers else None,
        believed=believed,
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
