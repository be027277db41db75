"""What can be done to files: change, move and delete them, many at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy
from sqlalchemy import ColumnElement, and_
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.accounts.actor import Actor
from app.accounts.permissions import FolderPermission
from app.core import clock, texts
from app.core.db import Tx
from app.core.errors import Conflict, Invalid, NotFound, Path
from app.files import access, documents, outcomes, removal, revisions
from app.files.chosen import Chosen
from app.files.models import File, FileMember
from app.files.outcomes import BulkMode, ItemStatus, Outcome

LONGEST_NAME = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """What is to become of one file; None leaves a member as it is. Client metadata is replaced as a whole."""

    file_id: UUID
    name: str | None = None
    description: str | None = None
    client_metadata: object | None = None
    expected_revision: int | None = None


@dataclass(frozen=True, slots=True)
class Deleted:
    """How many of the named files went, and how many parts of theirs that nothing else uses."""

    file_count: int
    frame_count: int


async def update(tx: Tx, actor: Actor, patch: Patch) -> dict[str, Any]:
    """Change one file; the answer is that of a change of many. Raises what refuses it."""
    result = await _update(tx, actor, [patch])
    if result[0].refused is not None:
        raise result[0].refused
    return result[0].answer()


async def update_many(
    tx: Tx, actor: Actor, patches: Sequence[Patch], mode: BulkMode
) -> dict[str, Any]:
    """Change many files; the answer tells of each, in the order given."""
    outcomes.check_count(patches)
    return outcomes.settle(await _update(tx, actor, patches), mode)


async def move(
    tx: Tx, actor: Actor, ids: Sequence[UUID], *, source_id: UUID, target_id: UUID
) -> int:
    """Move files from one folder to another, with the parts of composites; how many were named.

    All must lie right in the source folder, or nothing moves.
    """
    outcomes.check_count(ids, field=("file_ids",))
    await access.folder(tx, actor, source_id, FolderPermission.MOVE, field=("source_folder_id",))
    await access.folder(tx, actor, target_id, FolderPermission.UPLOAD, field=("target_folder_id",))
    named = await _children(tx, actor, ids, source_id)
    moving = {*named, *await _parts(tx, actor, named)}
    await tx.execute(
        sqlalchemy.update(File)
        .where(_is_one_of(actor, moving))
        .values(folder_id=target_id, revision=File.revision + 1, updated_at=clock.now())
    )
    return len(named)


async def remove(
    tx: Tx,
    actor: Actor,
    ids: Sequence[UUID],
    *,
    folder_id: UUID,
    removes_unused_frames: bool = True,
) -> Deleted:
    """Delete files that lie right in a folder, or nothing.

    Parts of deleted composites go, too, unless another composite uses them; or they become files of their own.
    """
    outcomes.check_count(ids, field=("file_ids",))
    await access.folder(tx, actor, folder_id, FolderPermission.DELETE, field=("folder_id",))
    named = await _children(tx, actor, ids, folder_id)
    parts = await _parts(tx, actor, named)
    unused = parts - await removal.used_elsewhere(tx, actor, parts, named)
    victims = {*named, *unused} if removes_unused_frames else set(named)
    await removal.must_be_free(tx, _these(actor, victims), field=("file_ids",))
    await removal.delete_files(tx, actor, _these(actor, victims))
    if not removes_unused_frames:
        freed = sqlalchemy.update(File).where(_is_one_of(actor, unused))
        await tx.execute(freed.values(is_component=False))
    return Deleted(len(named), len(victims) - len(named))


async def _update(tx: Tx, actor: Actor, patches: Sequence[Patch]) -> list[Outcome]:
    files = await Chosen.lock(tx, actor, [patch.file_id for patch in patches])
    results = [Outcome() for _ in patches]
    changed: dict[UUID, bytes] = {}
    for patch, outcome in zip(patches, results, strict=True):
        with outcome.judged():
            file = files.take(patch.file_id, patch.expected_revision)
            outcome.file_id = file.id
            members = _checked(patch)
            if patch.client_metadata is not None:
                changed[file.id] = documents.checked(file, patch.client_metadata)
            outcome.status = _apply(file, members, is_touched=file.id in changed)
    await tx.flush()
    await documents.write(tx, actor, files, changed, results)
    return results


def _checked(patch: Patch) -> dict[str, str]:
    """The columns that are given, if they may be stored."""
    members = {}
    if patch.name is not None:
        members["name"] = checked_name(patch.name)
    if patch.description is not None:
        members["description"] = texts.description(patch.description)
    return members


def checked_name(name: str, *, field: Path = ("name",)) -> str:
    """The name of a file as it was sent: 1 to 300 characters, not all of them blank."""
    if not name.strip():
        raise Invalid("A name cannot be empty.", field=field)
    return texts.checked(name, field=field, most=LONGEST_NAME)


def _apply(file: File, members: dict[str, str], *, is_touched: bool) -> ItemStatus:
    """Change what differs. `is_touched`: the revision is counted elsewhere."""
    differing = {name: value for name, value in members.items() if getattr(file, name) != value}
    for name, value in differing.items():
        setattr(file, name, value)
    if differing and not is_touched:
        revisions.touch(file)
    return ItemStatus.UPDATED if differing or is_touched else ItemStatus.UNCHANGED


async def _children(tx: Tx, actor: Actor, ids: Sequence[UUID], folder_id: UUID) -> dict[UUID, File]:
    """These files, locked. Raises NotFound if one does not lie right in the folder, Conflict for a part."""
    found = await access.locked_files(tx, actor, ids)
    for position, file_id in enumerate(ids):
        file = found.get(file_id)
        if file is None or file.folder_id != folder_id:
            raise NotFound(
                "This file does not lie right in the folder that you name; nothing was done.",
                field=("file_ids", position),
            )
        if file.is_component:
            raise Conflict(
                "This file is a part of a composite; name the composite.",
                field=("file_ids", position),
            )
    return found


async def _parts(tx: Tx, actor: Actor, composites: Iterable[UUID]) -> set[UUID]:
    """The files that were made as parts of these composites."""
    members = select(FileMember.member_id).where(
        FileMember.organisation_id == actor.organisation_id,
        col(FileMember.composite_id).in_(composites),
    )
    statement = select(File.id).where(
        File.organisation_id == actor.organisation_id,
        col(File.id).in_(members),
        col(File.is_component),
    )
    return set(await tx.exec(statement))


def _is_one_of(actor: Actor, ids: Iterable[UUID]) -> ColumnElement[bool]:
    return and_(col(File.organisation_id) == actor.organisation_id, col(File.id).in_(ids))


def _these(actor: Actor, ids: Iterable[UUID]) -> SelectOfScalar[UUID]:
    return select(File.id).where(_is_one_of(actor, ids))
