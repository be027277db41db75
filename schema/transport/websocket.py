"""One socket that speaks graphql-transport-ws, from its handshake to its end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from graphql import GraphQLError
from starlette.types import Message, Receive, Scope
from starlette.websockets import WebSocket

from app.accounts import signatures
from app.accounts.actor import Actor
from app.accounts.authentication import Authenticator
from app.accounts.sessions import Sessions
from app.core import tasks
from app.core.clock import new_id
from app.core.errors import Unauthenticated
from app.core.runtime import Runtime
from schema import failures
from schema.codes import Code
from schema.context import Context
from schema.execution.engine import Engine
from schema.execution.request import problem
from schema.execution.sharing import Shared
from schema.transport import frames
from schema.transport.closing import Closed, Closing
from schema.transport.crowd import Crowd
from schema.transport.guard import Guards
from schema.transport.outbox import CLOSING_SECONDS, Outbox
from schema.transport.pace import Pace
from schema.transport.running import Running


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one socket may do."""

    init_seconds: float
    patience_seconds: float
    """How long a client may take nothing of what is sent."""
    operations: int
    messages_per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What all sockets of a process share."""

    engine: Engine
    shared: Shared
    runtime: Runtime
    authenticator: Authenticator
    sessions: Sessions
    guards: Guards
    crowd: Crowd
    limits: Limits


class Socket:
    """Reads what the client says; operations run beside it, and the outbox sends."""

    def __init__(self, tools: Tools, scope: Scope, receive: Receive, outbox: Outbox) -> None:
        self._tools = tools
        self._scope = scope
        self._receive = receive
        self._outbox = outbox
        self._pace = Pace(tools.limits.messages_per_second)
        self._actor: Actor | None = None
        self._has_begun = False
        self._is_acknowledged = False
        self._operations: dict[str, Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        patience = tools.limits.init_seconds
        self._lateness = asyncio.get_running_loop().call_later(patience, self._give_up)
        self._farewells: list[Callable[[], None]] = [self._lateness.cancel]

    async def run(self) -> None:
        """Serve until the socket is closed, by whomever."""
        sending = asyncio.create_task(self._outbox.run(), name="socket")
        try:
            await self._read()
        except Closed as closed:
            self._close(closed.code, closed.reason)
        except Exception:
            structlog.get_logger("websocket").exception("a socket failed")
            self._close(Closing.INTERNAL, "This is a fault of the server.")
        finally:
            self._stop()
            await self._part(sending)

    def _stop(self) -> None:
        for farewell in self._farewells:
            farewell()
        for running in tuple(self._operations.values()):
            running.stop()
        self._operations.clear()

    async def _part(self, sending: "asyncio.Task[None]") -> None:
        if self._outbox.is_closing:
            await asyncio.wait([sending], timeout=CLOSING_SECONDS)
        await tasks.ended(sending, *self._tasks)
        self._outbox.end()
        await self._tools.shared.settled()

    async def _read(self) -> None:
        while (event := await self._receive())["type"] == "websocket.receive":
            if self._outbox.is_closing:
                continue
            self._pace.step()
            try:
                message = frames.read(event.get("text"))
            except frames.Malformed as error:
                raise Closed(Closing.BAD_REQUEST, str(error)) from None
            await self._handle(message)

    async def _handle(self, message: frames.Message) -> None:
        match message:
            case frames.Init():
                await self._init(message)
            case frames.Ping():
                self._outbox.post(frames.pong(message.payload))
            case frames.Subscribe():
                self._subscribe(message)
            case frames.Complete():
                running = self._operations.pop(message.id, None)
                if running is not None:
                    running.stop()
            case frames.Pong():
                pass

    async def _init(self, message: frames.Init) -> None:
        if self._has_begun:
            raise Closed(Closing.TOO_MANY_INITS, "connection_init came twice.")
        self._has_begun = True
        self._lateness.cancel()
        self._actor = await self._known(message)
        self._farewells.append(self._tools.crowd.enter(self._scope, self._actor))
        if self._actor is not None:
            self._farewells.append(self._tools.guards.watch(self._actor, self._forbid))
        self._is_acknowledged = True
        self._outbox.post(frames.ACK)

    async def _known(self, message: frames.Init) -> Actor | None:
        """Who is there, by the message, by the handshake or by the cookie. Raises Closed."""
        scope = self._scope
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        target = signatures.request_target(raw_path, scope["query_string"])
        try:
            return await self._tools.authenticator.of_socket(
                scope["headers"], target, dict(message.payload)
            )
        except Unauthenticated as error:
            raise Closed(Closing.FORBIDDEN, str(error)) from None
        except Exception as error:
            if failures.code_of(GraphQLError("", original_error=error)).is_retryable:
                raise Closed(Closing.TRY_AGAIN_LATER, "Nobody can say who you are.") from error
            raise

    def _subscribe(self, message: frames.Subscribe) -> None:
        if not self._is_acknowledged:
            raise Closed(Closing.UNAUTHORIZED, "Send connection_init, and wait for the answer.")
        if message.id in self._operations:
            raise Closed(Closing.ID_IN_USE, f"Subscriber for {message.id} already exists")
        tools, most = self._tools, self._tools.limits.operations
        context = self._context()
        if len(self._operations) >= most:
            text = f"The socket has {most} operations already; end one, or open another socket."
            told = problem(Code.OPERATION_LIMIT, text, context.request_id, limit=most)
            tools.engine.observer.rejected(told, context.request_id)
            self._outbox.post(frames.error(message.id, [told]))
            return
        running = Running(message.id, tools.engine, tools.shared, self._outbox, self._forget)
        self._operations[message.id] = running
        task = running.begin(message.request, context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _context(self) -> Context:
        return Context(
            runtime=self._tools.runtime,
            sessions=self._tools.sessions,
            request=WebSocket(self._scope, self._receive, _unsent),
            credentials=self._actor,
            request_id=new_id().hex,
        )

    def _forget(self, running: Running) -> None:
        if self._operations.get(running.id) is running:
            del self._operations[running.id]

    def _give_up(self) -> None:
        self._close(Closing.LATE, "connection_init did not come in time.")

    def _forbid(self) -> None:
        self._close(Closing.FORBIDDEN, "Your credentials have ended; sign in again.")

    def _close(self, code: Closing, reason: str) -> None:
        self._outbox.close(code, reason)


async def _unsent(message: Message) -> None:
    """Resolvers are shown the handshake; talking to the client is not theirs."""
    raise RuntimeError(f"only the outbox sends, and not {message['type']}")
