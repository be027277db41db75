"""What the head of a request must say, and what the head of an answer says about a refusal."""

import math

from graphql import OperationType

from schema.codes import Code
from schema.execution.operation import Operation
from schema.execution.request import Refusal
from schema.transport import negotiation
from schema.transport.exchange import METHODS, Exchange, Headers, Rejected
from schema.transport.negotiation import MediaType

QUERY_LIMIT = 16 * 1024
"""Bytes of a query string."""

_NOTHING_ACCEPTED = (
    "The answer is application/graphql-response+json or application/json; accept one."
)
_NO_EVENTS = "A subscription is answered as text/event-stream; accept that, or use a WebSocket."
_NO_PARTS = "With @defer the answer is multipart/mixed or text/event-stream; accept one of them."
_CREDENTIALS = frozenset({b"authorization", b"signature", b"signature-input", b"cookie"})


def check(exchange: Exchange) -> None:
    """Method, Accept and Content-Type. Raises Rejected."""
    if exchange.method not in {"GET", "POST"}:
        message = f"Send GET or POST here, not {exchange.method[:60]}."
        raise Rejected(405, Code.METHOD_NOT_ALLOWED, message, [(b"allow", METHODS.encode())])
    if exchange.accepted.result is None and exchange.accepted.incremental is None:
        raise Rejected(406, Code.NOT_ACCEPTABLE, _NOTHING_ACCEPTED)
    if exchange.method == "POST":
        _check_content(exchange)
    elif len(exchange.scope["query_string"]) > QUERY_LIMIT:
        message = f"The query string is over {QUERY_LIMIT:,} bytes; send it by POST."
        raise Rejected(414, Code.BODY_TOO_LARGE, message)


def check_length(exchange: Exchange, limit: int) -> None:
    """Refuse a body that says that it is too large, before any of it is read. Raises Rejected."""
    told = exchange.headers.get(b"content-length", b"")
    if told.isdigit() and int(told[:20]) > limit:
        raise too_large(limit)


def too_large(limit: int) -> Rejected:
    """The body has more than `limit` bytes."""
    message = f"The body is over {limit:,} bytes; large files are uploaded by signed links."
    return Rejected(413, Code.BODY_TOO_LARGE, message)


def has_credentials(exchange: Exchange) -> bool:
    """Whether the client says who it is, rightly or not."""
    return not _CREDENTIALS.isdisjoint(exchange.headers)


def media_type(exchange: Exchange, operation: Operation) -> MediaType:
    """How the operation is answered. Raises Rejected if it does not go by this method, or not as is accepted."""
    if operation.kind is OperationType.MUTATION and exchange.method == "GET":
        message = "Mutations go by POST: a GET must change nothing."
        raise Rejected(405, Code.METHOD_NOT_ALLOWED, message, [(b"allow", b"POST")])
    accepted = exchange.accepted
    if operation.kind is OperationType.SUBSCRIPTION:
        return _found(accepted.subscription, _NO_EVENTS)
    if operation.is_incremental:
        return _found(accepted.incremental, _NO_PARTS)
    return _found(accepted.result, _NOTHING_ACCEPTED)


def of_refusal(refusal: Refusal) -> Headers:
    """When to come back."""
    seconds = refusal.retry_after_seconds
    return () if seconds is None else [(b"retry-after", str(math.ceil(seconds)).encode())]


def _found(found: MediaType | None, message: str) -> MediaType:
    if found is None:
        raise Rejected(406, Code.NOT_ACCEPTABLE, message)
    return found


def _check_content(exchange: Exchange) -> None:
    content_type = exchange.headers.get(b"content-type", b"")
    if not negotiation.is_json(content_type):
        message = "The body is application/json in UTF-8, and its Content-Type says so."
        raise Rejected(415, Code.UNSUPPORTED_MEDIA_TYPE, message)
    encoding = exchange.headers.get(b"content-encoding", b"identity")
    if encoding.strip().lower() not in {b"identity", b""}:
        message = "The body is compressed; send it as it is."
        raise Rejected(
            415, Code.UNSUPPORTED_MEDIA_TYPE, message, [(b"accept-encoding", b"identity")]
        )
