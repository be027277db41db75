"""GraphQL over HTTP: a request is read, signed in, run, and answered in the way that its client wants."""

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from graphql import GraphQLError, OperationType
from starlette.requests import Request as HttpRequest
from starlette.types import Receive, Scope, Send

from app.accounts import authentication, signatures
from app.accounts.actor import Actor
from app.accounts.authentication import Authenticator
from app.accounts.sessions import Sessions
from app.core.errors import Unauthenticated
from app.core.runtime import Runtime
from schema import failures
from schema.codes import Code
from schema.context import Context
from schema.execution.engine import Engine
from schema.execution.operation import Operation, Result
from schema.execution.request import Refusal, Request, problem
from schema.execution.sharing import Shared
from schema.transport import bodies, head, incremental, sse, statuses
from schema.transport.bodies import Unreadable
from schema.transport.exchange import Exchange, Rejected
from schema.transport.guard import CredentialsEnded, Guards
from schema.transport.negotiation import MediaType
from schema.transport.resumption import resumed
from schema.transport.statuses import Profile
from schema.transport.vigil import BodyTooLarge, BodyTooSlow, ClientGone, Vigil


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """`/graphql` over HTTP. Bodies over `body_bytes` are for callers with credentials only."""

    engine: Engine
    shared: Shared
    guards: Guards
    runtime: Runtime
    authenticator: Authenticator
    sessions: Sessions
    profile: Profile
    body_bytes: int
    large_body_bytes: int

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever comes of it."""
        exchange = Exchange(scope, send)
        with self.engine.observer.serving(exchange.request_id, exchange.headers):
            await self._answer_or_refuse(exchange, receive)

    async def _answer_or_refuse(self, exchange: Exchange, receive: Receive) -> None:
        try:
            await self._serve(exchange, receive)
        except ClientGone:
            return
        except BodyTooSlow:
            message = "The body came too slowly: less than 1 KiB a second."
            error = Rejected(408, Code.TIMEOUT, message, [(b"connection", b"close")])
            await self._reject(exchange, error)
        except Rejected as error:
            await self._reject(exchange, error)
        except Refusal as refusal:
            await self._refuse(exchange, refusal)
        except CredentialsEnded as error:
            told = problem(Code.UNAUTHENTICATED, str(error), exchange.request_id)
            self.engine.observer.told([told], exchange.request_id)
            await exchange.end_stream(sse.told([told]) + sse.COMPLETE)
        except Exception as error:
            await self._fail(exchange, error)

    async def _serve(self, exchange: Exchange, receive: Receive) -> None:
        if exchange.method == "OPTIONS":
            await exchange.allow()
            return
        head.check(exchange)
        result: Result | None = None
        with Vigil(receive) as vigil:
            operation = await self._prepared(exchange, vigil)
            media_type = head.media_type(exchange, operation)
            if operation.kind is OperationType.SUBSCRIPTION:
                await self._follow(exchange, operation, vigil)
            elif operation.is_incremental:
                await incremental.deliver(exchange, media_type, self.engine.stream(operation))
            else:
                result = await self.engine.execute(operation)
        if result is None:
            await exchange.end_stream(incremental.ENDINGS[media_type])
        else:
            await self._answer(exchange, media_type, result)

    async def _prepared(self, exchange: Exchange, vigil: Vigil) -> Operation:
        body = await self._body(exchange, vigil)
        actor = await self._actor(exchange, body)
        request = _request(exchange, body)
        context = Context(
            runtime=self.runtime,
            sessions=self.sessions,
            request=HttpRequest(exchange.scope),
            response=exchange.reply,
            credentials=actor,
            request_id=exchange.request_id,
        )
        return await self.engine.prepare(request, context)

    async def _body(self, exchange: Exchange, vigil: Vigil) -> bytes:
        if exchange.method == "GET":
            vigil.no_body()
            return b""
        limit = self.large_body_bytes if head.has_credentials(exchange) else self.body_bytes
        head.check_length(exchange, limit)
        try:
            return await vigil.body(limit)
        except BodyTooLarge:
            raise head.too_large(limit) from None

    async def _actor(self, exchange: Exchange, body: bytes) -> Actor | None:
        if not head.has_credentials(exchange):
            return None
        scope = exchange.scope
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        try:
            return await self.authenticator.of_request(
                authentication.Request(
                    headers=scope["headers"],
                    method=exchange.method,
                    target=signatures.request_target(raw_path, scope["query_string"]),
                    body=body,
                )
            )
        except Unauthenticated as error:
            challenge = [(b"www-authenticate", b"Bearer")]
            raise Rejected(401, Code.UNAUTHENTICATED, str(error), challenge) from None

    async def _follow(self, exchange: Exchange, operation: Operation, vigil: Vigil) -> None:
        cursor = exchange.headers.get(b"last-event-id")
        if cursor:
            operation = resumed(operation, cursor.decode("latin-1"))
        events = self.shared.subscribe(operation)
        actor = operation.context.credentials
        with ExitStack() as stack:
            stack.enter_context(self.engine.observer.figures.streaming())
            if actor is not None:
                ended = CredentialsEnded("Your credentials have ended; sign in again.")
                stack.callback(self.guards.watch(actor, partial(vigil.stop, ended)))
            await sse.follow(exchange, events)

    async def _answer(self, exchange: Exchange, media_type: MediaType, result: Result) -> None:
        if media_type is MediaType.EVENTS:
            await exchange.answer(200, sse.frame(result.body()) + sse.COMPLETE, media_type)
            return
        status = statuses.of_result(has_errors=bool(result.errors), profile=self.profile)
        await exchange.answer(status, result.body(), media_type)

    async def _refuse(self, exchange: Exchange, refusal: Refusal) -> None:
        if exchange.accepted.result is MediaType.EVENTS and statuses.is_told_in_stream(refusal):
            body = sse.told(refusal.errors) + sse.COMPLETE
            await exchange.answer(200, body, MediaType.EVENTS)
            return
        media_type = self._type_of_errors(exchange)
        status = statuses.of_refusal(refusal, self.profile, media_type)
        await exchange.tell(
            status, refusal.errors, media_type, head.of_refusal(refusal), refusal.extensions
        )

    async def _reject(self, exchange: Exchange, error: Rejected) -> None:
        told = problem(error.code, str(error), exchange.request_id)
        self.engine.observer.rejected(told, exchange.request_id)
        await exchange.tell(error.status, [told], self._type_of_errors(exchange), error.headers)

    async def _fail(self, exchange: Exchange, error: Exception) -> None:
        """Answer that something of ours did not work; an answer that has begun breaks off."""
        told = failures.public(GraphQLError("", original_error=error), exchange.request_id)
        self.engine.observer.told([told], exchange.request_id)
        if exchange.has_begun:
            raise error
        status = statuses.of_failure(Code(told["extensions"]["code"]))
        headers = [(b"retry-after", b"1")] if status == 503 else ()
        await exchange.tell(status, [told], self._type_of_errors(exchange), headers)

    def _type_of_errors(self, exchange: Exchange) -> MediaType:
        """In the draft only what succeeds is called plain JSON."""
        return MediaType.GRAPHQL if self.profile is Profile.DRAFT else exchange.accepted.json


def _request(exchange: Exchange, body: bytes) -> Request:
    try:
        if exchange.method == "GET":
            return bodies.request_of_query(exchange.scope["query_string"], exchange.request_id)
        return bodies.request_of_body(body, exchange.request_id)
    except Unreadable as error:
        raise Rejected(400, Code.BAD_REQUEST, str(error)) from None
