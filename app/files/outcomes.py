"""What becomes of the items of a bulk change."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.core.errors import Conflict, Path, Refused, TooLarge

MOST_ITEMS = 1_000


class BulkMode(StrEnum):
    """Write all or none, or write what can be written."""

    ATOMIC = "ATOMIC"
    PARTIAL = "PARTIAL"


class ItemStatus(StrEnum):
    """What became of one item."""

    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    REJECTED = "REJECTED"


@dataclass(slots=True)
class Outcome:
    """One item's fate. `warnings` are JSON objects that the caller is told."""

    file_id: UUID | None = None
    status: ItemStatus = ItemStatus.UPDATED
    refused: Refused | None = None
    warnings: Sequence[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def judged(self) -> Iterator[None]:
        """What refuses inside the block rejects this item, and no other."""
        try:
            yield
        except Refused as refused:
            self.status, self.refused = ItemStatus.REJECTED, refused

    def answer(self) -> dict[str, Any]:
        """The outcome as JSON."""
        refused = self.refused
        return {
            "file": self.file_id.hex if self.file_id else None,
            "status": self.status.value,
            "warnings": list(self.warnings),
            "error": refused
            and {"code": refused.code, "message": refused.message, "field": refused.field},
        }


def check_count(items: Sequence[Any], *, field: Path = ("items",)) -> None:
    """Raises TooLarge for more than 1,000."""
    if len(items) > MOST_ITEMS:
        raise TooLarge(f"{len(items):,} items; at most {MOST_ITEMS:,} at once.", field=field)


def settle(
    outcomes: Sequence[Outcome], mode: BulkMode, *, field: Path = ("items",)
) -> dict[str, Any]:
    """The answer to the caller. With ATOMIC raises Conflict if an item was refused, so nothing is written."""
    rejected = sum(outcome.status is ItemStatus.REJECTED for outcome in outcomes)
    if not rejected or mode is BulkMode.PARTIAL:
        return {"results": [outcome.answer() for outcome in outcomes]}
    for outcome in outcomes:
        if outcome.status is ItemStatus.UPDATED:
            outcome.status, outcome.warnings = ItemStatus.UNCHANGED, []
    raise Conflict(
        f"{rejected} of {len(outcomes)} items were refused, so nothing was written.",
        field=field,
        answer={"results": [outcome.answer() for outcome in outcomes]},
    )
