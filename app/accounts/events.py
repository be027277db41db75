"""What others may hear of people."""

from dataclasses import dataclass
from typing import ClassVar

from app.core import outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessChanged(outbox.Event):
    """What a user may do, or what proves who they are, is not what it was; `entity_id` is the user's."""

    topic: ClassVar[str] = "user"
