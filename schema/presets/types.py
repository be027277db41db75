"""Filter presets as clients see them."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

import strawberry

from app.core.errors import Invalid
from app.core.ids import Kind
from app.files import queries as files
from app.presets import fitting, models, queries
from app.presets.fitting import Footing
from app.search.filters import FileFilter
from schema.accounts.users import User
from schema.context import Info
from schema.errors import camel
from schema.files.parts import user_of
from schema.files.types import Folder
from schema.loading import looked_up, reads, related
from schema.node import Node, Source, Sources, Stored
from schema.presets import reading
from schema.scalars import Json


@strawberry.type(
    description="Something in a saved filter that does not fit the metadata schema any more, or is gone."
)
class FilterPresetProblem:
    """One problem."""

    message: str = strawberry.field(description="The fact and what to do, for people.")
    field: list[str] = strawberry.field(
        description="Where in the filter, list positions as numbers in text."
    )

    @classmethod
    def of(cls, refused: Invalid) -> Self:
        """The public form of a refusal."""
        return cls(message=refused.message, field=[camel(str(part)) for part in refused.field])


@strawberry.type(
    description="A filter of files under a name. Its maker changes it; one that is shared is seen by every member"
    " of the organisation who may see its folder, and administrators may change it, too."
)
class FilterPreset(Stored, Node):
    """One preset."""

    KIND = Kind.FILTER_PRESET
    MODEL = models.FilterPreset

    name: str = strawberry.field(description="1 to 255 characters; need not be unique.")
    description: str = strawberry.field(description="May be empty.")
    filter: Json = strawberry.field(
        description="The filter as JSON: what a variable of type FileFilter takes."
    )
    is_shared: bool = strawberry.field(
        description="Whether other members of the organisation see it."
    )
    revision: int = strawberry.field(
        description="Counts changes; send it back as expectedRevision."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @strawberry.field(
        description="It lets through files in this folder and below it; null: wherever they lie, or you may not"
        " see the folder."
    )
    @reads("folder_id")
    def folder(self, info: Info) -> Folder | None:
        return related(info, files.folders_by_id, self.row.folder_id, Folder.of)

    @strawberry.field(description="Who made it; null if they have left.")
    @reads("created_by")
    def created_by(self, info: Info) -> User | None:
        return user_of(info, self.row.created_by)

    @strawberry.field(
        description="What of it no longer fits the metadata schema, such as a key that was deleted or has another"
        " type now, and regions of plots that are gone. While there is anything, a search with it is an error."
    )
    @reads("id", "filter")
    def problems(self, info: Info) -> list[FilterPresetProblem]:
        tree = _read(info.schema, self.row.filter)
        plots = fitting.plots_of(tree) if isinstance(tree, FileFilter) else frozenset()

        def found(footing: Footing | None) -> list[FilterPresetProblem]:
            return list(map(FilterPresetProblem.of, _problems(tree, footing)))

        return looked_up(info, queries.footing, plots, found)

    @classmethod
    async def load(cls, info: Info, key: UUID | str | None) -> Self | None:
        """The preset of this key, if the caller may see it."""
        if key is None:
            return None
        key = key if isinstance(key, UUID) else UUID(key)
        row = await info.context.load(queries.by_id, key)
        return cls.of(row) if row else None


def _read(schema: Any, document: Any) -> FileFilter | Invalid:
    """The filter, or what keeps us from reading it."""
    try:
        return reading.read(schema, document, ()).tree(())
    except Invalid as refused:
        return refused


def _problems(tree: FileFilter | Invalid, footing: Footing | None) -> list[Invalid]:
    if isinstance(tree, Invalid):
        return [tree]
    return fitting.problems(tree, footing) if footing is not None else []


NODES: Sources = {Kind.FILTER_PRESET: Source(queries.by_id, FilterPreset.of)}
