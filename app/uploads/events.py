"""What others may hear of uploads."""

from dataclasses import dataclass
from typing import ClassVar

from app.core.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class JobChanged(Event):
    """A registration job moved on: units were read or finished, or it ended."""

    topic: ClassVar[str] = "upload_job"
