"""The server: settings in, an ASGI application out."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from app.accounts import csrf
from app.accounts.authentication import Authenticator
from app.accounts.oidc import Issuer, Verifier
from app.core import runtime as runtimes
from app.core.runtime import Runtime
from app.core.settings import Settings
from schema.build import build
from schema.transport.graphql import Endpoint


def create_app(settings: Settings) -> Starlette:
    """The application; everything is opened when it starts and closed when it ends."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            runtime = await stack.enter_async_context(runtimes.opened(settings))
            await stack.enter_async_context(runtimes.live(runtime))
            serve(app, runtime)
            yield

    return Starlette(lifespan=lifespan)


def serve(app: Starlette, runtime: Runtime) -> None:
    """Add the routes, which need what the runtime holds open."""
    endpoint = Endpoint(build(), runtime, authenticator(runtime))
    app.router.routes.extend([Route("/graphql", endpoint), WebSocketRoute("/graphql", endpoint)])


def authenticator(runtime: Runtime) -> Authenticator:
    """Who is who, by the settings."""
    settings = runtime.settings
    is_secure = settings.cookie_secure
    issuers = [Issuer(entry.issuer, entry.audience) for entry in settings.oidc_issuers]
    return Authenticator(
        db=runtime.system,
        pepper=runtime.secret,
        is_cookie_secure=settings.url.startswith("https:") if is_secure is None else is_secure,
        origins=frozenset(map(csrf.origin_of, [settings.url, *settings.allowed_origins])),
        oidc=Verifier(issuers) if issuers else None,
    )
