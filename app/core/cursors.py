"""Positions in the stream of events, as clients hold them: opaque text with an epoch and a number."""

import base64
import binascii
from dataclasses import dataclass
from uuid import UUID

from app.core.errors import Invalid
from app.core.hub import Hub


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position within an epoch; positions of two epochs have nothing to do with each other."""

    epoch: UUID
    position: int


def of(hub: Hub) -> Cursor:
    """Where the hub stands."""
    if hub.epoch is None:
        raise RuntimeError("the hub was not started")
    return Cursor(hub.epoch, hub.position)


def encode(cursor: Cursor) -> str:
    """The cursor as text."""
    raw = cursor.epoch.bytes + cursor.position.to_bytes(8, "big")
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text: str) -> Cursor:
    """The cursor of a text. Raises Invalid for a text that is none of ours."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 24:
        raise Invalid("This is not an event cursor of ours.", field=("after",))
    return Cursor(UUID(bytes=raw[:16]), int.from_bytes(raw[16:], "big"))
