"""`/graphql` over WebSocket: lets clients in, and counts them."""

from starlette.types import Receive, Scope, Send

from app.accounts import headers
from app.accounts.authentication import Authenticator
from app.accounts.sessions import Sessions
from app.core.errors import Unauthenticated
from app.core.lines import LINE
from app.core.runtime import Runtime
from app.core.settings import Settings
from schema.execution.engine import Engine
from schema.execution.sharing import Shared
from schema.transport import frames
from schema.transport.closing import Closing
from schema.transport.crowd import Crowd
from schema.transport.guard import Guards
from schema.transport.outbox import Outbox
from schema.transport.websocket import Limits, Socket, Tools


class Sockets:
    """An ASGI application for connections of the type `websocket`."""

    def __init__(
        self,
        engine: Engine,
        shared: Shared,
        runtime: Runtime,
        authenticator: Authenticator,
        sessions: Sessions,
        guards: Guards,
    ) -> None:
        self._origins = authenticator.origins
        self._tools = Tools(
            engine=engine,
            shared=shared,
            runtime=runtime,
            authenticator=authenticator,
            sessions=sessions,
            guards=guards,
            crowd=Crowd(runtime.settings.max_sockets_per_caller),
            limits=_limits(runtime.settings),
        )
        self.open_count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it is closed."""
        await receive()  # websocket.connect
        if not self._is_welcome(scope):
            await send({"type": "websocket.close"})  # before it is accepted: 403
            return
        if frames.PROTOCOL not in scope["subprotocols"]:
            reason = f"This server speaks {frames.PROTOCOL}."
            await send({"type": "websocket.accept"})
            await send(
                {"type": "websocket.close", "code": int(Closing.SUBPROTOCOL), "reason": reason}
            )
            return
        await send({"type": "websocket.accept", "subprotocol": frames.PROTOCOL})
        self.open_count += 1
        try:
            line = scope.get("state", {}).get(LINE)
            outbox = Outbox(send, line, self._tools.limits.patience_seconds)
            await Socket(self._tools, scope, receive, outbox).run()
        finally:
            self.open_count -= 1

    def _is_welcome(self, scope: Scope) -> bool:
        """Pages of other sites may open no socket; what is no page names no origin."""
        try:
            origin = headers.one(scope["headers"], "Origin")
        except Unauthenticated:
            return False
        return origin is None or origin in self._origins


def _limits(settings: Settings) -> Limits:
    return Limits(
        init_seconds=settings.socket_init_seconds,
        patience_seconds=settings.socket_patience_seconds,
        operations=settings.max_operations_per_socket,
        messages_per_second=settings.max_messages_per_second,
    )
