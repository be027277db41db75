"""What can be done to presets: make, change and delete them.

A preset is its maker's. One that is shared may be changed and deleted by the organisation's administrators, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlmodel import col

from app.accounts.actor import Actor
from app.core import clock, texts
from app.core.db import Tx
from app.core.errors import Forbidden, Invalid, NotFound, RevisionConflict
from app.files import access
from app.files.models import Folder
from app.presets import fitting, queries
from app.presets.models import FilterPreset
from app.search import conditions
from app.search.filters import FileFilter
from app.search.keys import Keys


@dataclass(frozen=True, slots=True)
class Written:
    """A filter in the API's words, and the same as a tree."""

    document: Mapping[str, Any]
    tree: FileFilter

    def checked(self, actor: Actor, keys: Keys) -> dict[str, Any]:
        """The document, if it may be saved. Raises Invalid for what says nothing or does not fit the keys."""
        if fitting.is_empty(self.tree):
            raise Invalid("A preset needs at least one comparison.", field=("filter",))
        conditions.condition(actor, self.tree, keys)
        return self.storable()

    def storable(self) -> dict[str, Any]:
        """The document, if the database can hold it. Raises Invalid."""
        try:
            is_storable = b"\\u0000" not in orjson.dumps(self.document)
        except TypeError:  # half of a surrogate pair
            is_storable = False
        if not is_storable:
            message = "A filter cannot hold U+0000 or lone surrogates."
            raise Invalid(message, field=("filter",))
        return dict(self.document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """What is to become of a preset; None leaves a member as it is. `places` tells whether the folder is given."""

    name: str | None = None
    description: str | None = None
    written: Written | None = None
    is_shared: bool | None = None
    places: bool = False
    folder_id: UUID | None = None


async def create(
    tx: Tx,
    actor: Actor,
    keys: Keys,
    written: Written,
    *,
    name: str,
    description: str = "",
    folder_id: UUID | None = None,
    is_shared: bool = False,
) -> FilterPreset:
    """A new preset of the actor's. `keys` are the metadata keys that its filter must fit."""
    if folder_id is not None:
        await _must_see(tx, actor, folder_id)
    preset = FilterPreset(
        organisation_id=actor.organisation_id,
        folder_id=folder_id,
        name=texts.name(name),
        description=texts.description(description),
        filter=written.checked(actor, keys),
        is_shared=is_shared,
        created_by=actor.user_id,
    )
    tx.add(preset)
    await tx.flush()
    return preset


async def update(
    tx: Tx,
    actor: Actor,
    preset_id: UUID,
    keys: Keys,
    patch: Patch,
    *,
    expected_revision: int | None = None,
) -> FilterPreset:
    """Change what is given."""
    preset = await _changeable(tx, actor, preset_id)
    _must_match(preset, expected_revision)
    if patch.name is not None:
        preset.name = texts.name(patch.name)
    if patch.description is not None:
        preset.description = texts.description(patch.description)
    if patch.written is not None:
        preset.filter = patch.written.checked(actor, keys)
    if patch.is_shared is not None:
        preset.is_shared = patch.is_shared
    if patch.places:
        if patch.folder_id is not None:
            await _must_see(tx, actor, patch.folder_id)
        preset.folder_id = patch.folder_id
    preset.revision += 1
    preset.updated_at = clock.now()
    return preset


async def remove(
    tx: Tx, actor: Actor, preset_id: UUID, *, expected_revision: int | None = None
) -> None:
    """Delete a preset; jobs that it was given to go on with what it said."""
    preset = await _changeable(tx, actor, preset_id)
    _must_match(preset, expected_revision)
    await tx.delete(preset)
    await tx.flush()


async def _changeable(tx: Tx, actor: Actor, preset_id: UUID) -> FilterPreset:
    """The preset, locked for a change. Raises NotFound if invisible, Forbidden if not allowed."""
    wanted = queries.visible(actor).where(col(FilterPreset.id) == preset_id)
    preset = (await tx.exec(wanted.with_for_update())).one_or_none()
    field = ("preset_id",)
    if preset is None:
        raise NotFound(queries.UNKNOWN, field=field)
    if preset.created_by != actor.user_id and not actor.is_organisation_admin:
        raise Forbidden("Only its maker and administrators may change this preset.", field=field)
    return preset


def _must_match(preset: FilterPreset, expected_revision: int | None) -> None:
    if expected_revision is None or preset.revision == expected_revision:
        return
    raise RevisionConflict(
        f"The preset is at revision {preset.revision}; read it again, then decide.",
        field=("expected_revision",),
        answer={"preset": preset.id.hex},
    )


async def _must_see(tx: Tx, actor: Actor, folder_id: UUID) -> None:
    wanted = access.visible_folders(actor).where(col(Folder.id) == folder_id)
    if (await tx.exec(wanted)).one_or_none() is None:
        raise NotFound("There is no such folder for you.", field=("folder_id",))
