"""Counting the changes of a row, and refusing one that was decided on an older state."""

from app.core import clock
from app.core.errors import RevisionConflict
from app.files.models import File, Folder, Integration


def must_match(row: File | Folder | Integration, expected_revision: int | None) -> None:
    """Raises RevisionConflict if the caller has read another revision than the stored one."""
    if expected_revision is None or row.revision == expected_revision:
        return
    kind = type(row).__name__.lower()
    raise RevisionConflict(
        f"The {kind} is at revision {row.revision}; read it again, then decide.",
        field=("expected_revision",),
        answer={kind: row.id.hex},
    )


def touch(row: File | Folder | Integration) -> None:
    """The row is about to change."""
    row.revision += 1
    row.updated_at = clock.now()
