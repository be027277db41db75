"""How generic types are called in the public schema: `FolderConnection`, `FolderEdge`."""

from strawberry.schema.name_converter import NameConverter


class Names(NameConverter):
    """Strawberry's own names; a place for exceptions."""
