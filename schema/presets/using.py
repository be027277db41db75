"""Presets as a part of a search."""

from typing import Annotated
from uuid import UUID

import strawberry

from app.core.errors import NotFound, Path
from app.core.ids import Kind
from app.presets import collecting, combining, queries
from app.presets.combining import Preset
from app.presets.fitting import Footing
from app.search import filters
from app.search import keys as known_keys
from app.search.filters import FileFilter
from app.search.keys import Keys
from schema.context import Info
from schema.files import inputs
from schema.inputs import given
from schema.presets import reading

FIELD: Path = ("preset_ids",)
PresetIds = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(
        description="Presets, at most 10, all of which let the files through, as the filter does. One that is"
        " unknown, or has problems, is an error."
    ),
]


async def narrowed(
    info: Info, tree: FileFilter, preset_ids: list[strawberry.ID] | None
) -> FileFilter:
    """What both the filter and these presets let through."""
    if not given(preset_ids):
        return tree
    context, keys = info.context, _keys(preset_ids or [])
    async with context.read() as session:
        rows = await queries.named(session, context.actor, keys, field=FIELD)
        trees = [reading.read(info.schema, row.filter).tree() for row in rows]
        plot_ids = await queries.plots(session, context.actor, trees)
    presets = [Preset(tree, row.folder_id) for row, tree in zip(rows, trees, strict=True)]

    def check(declared: Keys) -> None:
        for position, (row, preset) in enumerate(zip(rows, presets, strict=True)):
            footing = Footing(declared, plot_ids)
            collecting.must_fit(row.name, preset.tree, footing, field=(*FIELD, position))

    found = combining.combined(tree, presets)
    names = frozenset().union(*(filters.keys_of(one.tree) for one in presets))
    await known_keys.using(context.runtime.reads, context.actor, names, check)
    return found


def _keys(public_ids: list[strawberry.ID]) -> list[UUID]:
    """The keys of presets. Raises NotFound for what is no preset's id."""
    keys = []
    for position, one in enumerate(public_ids):
        key = inputs.key(Kind.FILTER_PRESET, one)
        if key is None:
            raise NotFound(queries.UNKNOWN, field=(*FIELD, position))
        keys.append(key)
    return keys
