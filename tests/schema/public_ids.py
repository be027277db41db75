"""The public ids of rows."""

from app.core import ids
from app.core.ids import Kind
from app.files.models import File, Folder, Integration

KINDS = {File: Kind.FILE, Folder: Kind.FOLDER, Integration: Kind.INTEGRATION}


def public(row: File | Folder | Integration) -> str:
    """The id as clients hold it."""
    return ids.encode(KINDS[type(row)], row.id)
