"""The messages of graphql-transport-ws: what clients may say, and how we say ours."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from schema.execution.request import Error, Refusal, Request
from schema.transport import bodies

PROTOCOL = "graphql-transport-ws"
LONGEST_ID = 255
"""Characters; those of usual clients have 36."""
ACK = b'{"type":"connection_ack"}'


class Malformed(ValueError):
    """The message is none of the protocol's; why, in a few words."""


@dataclass(frozen=True, slots=True)
class Init:
    """A client says who it is."""

    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ping:
    """A client wants a pong."""

    payload: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Pong:
    """A client is there."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A client begins an operation of any kind."""

    id: str
    request: Request


@dataclass(frozen=True, slots=True)
class Complete:
    """A client wants no more answers."""

    id: str


Message = Init | Ping | Pong | Subscribe | Complete


def read(text: str | None) -> Message:
    """The message in a frame; None: it was no text frame. Raises Malformed."""
    if text is None:
        raise Malformed("Messages are text frames.")
    try:
        found = bodies.read(text.encode())
    except bodies.Unreadable as error:
        raise Malformed(str(error)) from None
    if not isinstance(found, dict):
        raise Malformed("A message is a JSON object.")
    kind = found.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise Malformed("`type` is none that clients send.")
    return reader(found)


def pong(payload: Mapping[str, Any] | None) -> bytes:
    """The answer to a ping."""
    told = {"type": "pong"} if payload is None else {"type": "pong", "payload": payload}
    return orjson.dumps(told)


def head(operation_id: str) -> bytes:
    """What stands before a result, which then needs a brace behind it."""
    return b'{"id":%s,"type":"next","payload":' % orjson.dumps(operation_id)


def error(operation_id: str, errors: Sequence[Error]) -> bytes:
    """The operation was refused, or cannot go on. It is the last message about it."""
    return orjson.dumps({"id": operation_id, "type": "error", "payload": errors})


def complete(operation_id: str) -> bytes:
    """The operation has ended."""
    return orjson.dumps({"id": operation_id, "type": "complete"})


def _init(found: Mapping[str, Any]) -> Init:
    return Init(_payload(found) or {})


def _ping(found: Mapping[str, Any]) -> Ping:
    return Ping(_payload(found))


def _pong(found: Mapping[str, Any]) -> Pong:
    _payload(found)
    return Pong()


def _subscribe(found: Mapping[str, Any]) -> Subscribe:
    try:
        return Subscribe(_id(found), bodies.request_of(found.get("payload"), ""))
    except Refusal as refusal:
        raise Malformed(str(refusal)) from None


def _complete(found: Mapping[str, Any]) -> Complete:
    return Complete(_id(found))


def _payload(found: Mapping[str, Any]) -> dict[str, Any] | None:
    payload = found.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise Malformed("`payload` is an object, null, or left out.")
    return payload


def _id(found: Mapping[str, Any]) -> str:
    told = found.get("id")
    if not isinstance(told, str) or not 0 < len(told) <= LONGEST_ID:
        raise Malformed(f"`id` is a text of 1 to {LONGEST_ID} characters.")
    return told


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Message]] = {
    "connection_init": _init,
    "ping": _ping,
    "pong": _pong,
    "subscribe": _subscribe,
    "complete": _complete,
}
