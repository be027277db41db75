"""What others may hear of metadata."""

from dataclasses import dataclass
from typing import ClassVar

from app.core.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataSchemaChanged(Event):
    """Keys were added, deleted, or have another type; `entity_id` is the organisation's."""

    topic: ClassVar[str] = "metadata_schema"
