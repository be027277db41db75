"""What may be read of presets: everybody sees their own, and the shared ones of the organisation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.accounts.actor import Actor
from app.accounts.by_id import ById
from app.core.db import Session
from app.core.errors import NotFound, Path, TooLarge
from app.core.paging import Listing, Order
from app.embeddings.plots import plots_by_id
from app.files import access
from app.files.models import Folder
from app.metadata import queries as metadata
from app.presets import fitting
from app.presets.fitting import Footing
from app.presets.models import FilterPreset
from app.search.filters import FileFilter
from app.search.keys import Key, Keys

MOST_LISTED = 1_000
MOST_AT_ONCE = 10
"""Presets that one search may name."""
UNKNOWN = "There is no such filter preset for you."


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetFilter:
    """Which presets: what is given must all hold."""

    ids: Sequence[UUID] | None = None
    folder_id: UUID | None = None
    is_mine: bool | None = None
    is_shared: bool | None = None


def visible(actor: Actor) -> SelectOfScalar[FilterPreset]:
    """The actor's own presets, and the shared ones that are of no folder or of one that the actor may see."""
    folders = access.visible_folders(actor).with_only_columns(col(Folder.id))
    is_in_sight = or_(
        col(FilterPreset.folder_id).is_(None), col(FilterPreset.folder_id).in_(folders)
    )
    return select(FilterPreset).where(
        FilterPreset.organisation_id == actor.organisation_id,
        or_(_is_mine(actor), and_(col(FilterPreset.is_shared), is_in_sight)),
    )


by_id = ById(FilterPreset, visible)
"""Presets by id."""


def presets(actor: Actor, given: PresetFilter) -> Listing[FilterPreset]:
    """The presets that the filter lets through, the oldest first. Raises TooLarge."""
    statement = visible(actor).where(*_tests(actor, given))
    order: Order[FilterPreset] = Order(columns=(col(FilterPreset.id),))
    return Listing(statement, order, ("presets", given), is_filtered=given != PresetFilter())


async def named(
    session: Session, actor: Actor, ids: Sequence[UUID], *, field: Path
) -> list[FilterPreset]:
    """The presets of these ids, in this order, at most ten. Raises NotFound for one that the actor may not see."""
    if len(ids) > MOST_AT_ONCE:
        raise TooLarge(f"{len(ids)} presets; at most {MOST_AT_ONCE} at once.", field=field)
    found = await by_id(session, actor, ids)
    for position, key in enumerate(ids):
        if key not in found:
            raise NotFound(UNKNOWN, field=(*field, position))
    return [found[key] for key in ids]


async def declared(
    session: Session, actor: Actor, organisation_ids: Sequence[UUID]
) -> dict[UUID, Keys]:
    """The metadata keys of the actor's organisation, as filters need them."""
    entries = (await metadata.schema_of(session, actor)).schema.entries
    keys = {name: Key(name, entry.number, entry.type) for name, entry in entries.items()}
    found = {actor.organisation_id: Keys(actor.organisation_id, keys)}
    return {one: found[one] for one in organisation_ids if one in found}


async def plots(session: Session, actor: Actor, trees: Iterable[FileFilter]) -> frozenset[UUID]:
    """Of the plots that filters name those which the actor sees. Without any nothing is looked for."""
    return await _there(session, actor, frozenset[UUID]().union(*map(fitting.plots_of, trees)))


async def footing(
    session: Session, actor: Actor, plots: Sequence[frozenset[UUID]]
) -> dict[frozenset[UUID], Footing]:
    """What filters that name these plots stand on."""
    keys = (await declared(session, actor, [actor.organisation_id]))[actor.organisation_id]
    there = await _there(session, actor, frozenset[UUID]().union(*plots))
    return {some: Footing(keys, some & there) for some in plots}


async def _there(session: Session, actor: Actor, plots: frozenset[UUID]) -> frozenset[UUID]:
    return frozenset(await plots_by_id(session, actor, list(plots)) if plots else ())


async def footing_of(session: Session, actor: Actor, tree: FileFilter) -> Footing:
    """What this filter stands on."""
    plots = fitting.plots_of(tree)
    return (await footing(session, actor, [plots]))[plots]


def _is_mine(actor: Actor) -> ColumnElement[bool]:
    return col(FilterPreset.created_by) == actor.user_id


def _tests(actor: Actor, given: PresetFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if given.ids is not None:
        if len(given.ids) > MOST_LISTED:
            raise TooLarge(f"At most {MOST_LISTED:,} ids.", field=("filter", "ids"))
        found.append(col(FilterPreset.id).in_(given.ids))
    if given.folder_id is not None:
        found.append(col(FilterPreset.folder_id) == given.folder_id)
    if given.is_mine is not None:
        found.append(_is_mine(actor) if given.is_mine else _is_mine(actor).is_not(True))
    if given.is_shared is not None:
        found.append(col(FilterPreset.is_shared).is_(given.is_shared))
    return found
