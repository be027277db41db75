"""What one request may ask for."""

from dataclasses import dataclass
from typing import Self

from app.core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The largest figures that are let through; by default those that docs/operating.md names."""

    characters: int = 100_000
    """Of a document's text."""
    tokens: int = 5_000
    operations: int = 20
    """In one document."""
    fragments: int = 100
    depth: int = 12
    introspection_depth: int = 20
    """Levels of fields in `__schema` and `__type`; what tools ask for has 15."""
    root_fields: int = 20
    aliases: int = 30
    directives: int = 50
    literals: int = 200
    """Values that are written into the document instead of being sent as variables."""
    cost: int = 50_000
    """Points of one operation."""
    points_per_minute: int = 1_000_000
    """Of one caller, over all operations."""
    seconds: float = 10.0
    answer_bytes: int = 16 * 2**20
    body_bytes: int = 2**20
    large_body_bytes: int = 12 * 2**20
    """For callers who have signed in: bulk operations carry metadata."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the operator says."""
        return cls(
            characters=settings.max_document_characters,
            tokens=settings.max_tokens,
            operations=settings.max_operations,
            fragments=settings.max_fragments,
            depth=settings.max_depth,
            introspection_depth=settings.max_introspection_depth,
            root_fields=settings.max_root_fields,
            aliases=settings.max_aliases,
            directives=settings.max_directives,
            literals=settings.max_literals,
            cost=settings.max_cost,
            points_per_minute=settings.points_per_minute,
            seconds=settings.max_seconds,
            answer_bytes=settings.max_answer_bytes,
            body_bytes=settings.max_body_bytes,
            large_body_bytes=settings.max_large_body_bytes,
        )
