"""What others may hear of background jobs."""

from dataclasses import dataclass
from typing import ClassVar

from app.core.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundJobChanged(Event):
    """A background job moved on, or ended."""

    topic: ClassVar[str] = "background_job"
