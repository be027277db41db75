"""Writing and removing vectors of files and frames, apart from client metadata (app.files.vectors says how the two
go together). Whoever may edit a file may do so.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from sqlmodel import col

from app.accounts.actor import Actor
from app.accounts.permissions import FolderPermission
from app.core.db import Tx
from app.core.errors import Forbidden, Invalid, NotFound
from app.embeddings import tables
from app.embeddings.tables import KeyTable
from app.embeddings.vectors import to_halfvec
from app.files import access, outcomes, vectors
from app.files.models import File, FileType
from app.files.outcomes import BulkMode, ItemStatus, Outcome
from app.files.vectors import Vectors
from app.metadata import queries as metadata
from app.metadata.frames import LAST_FRAME

WITH_FRAMES = {
    FileType.VIDEO,
    FileType.IMAGE_GROUP,
    FileType.IMAGE_SEQUENCE,
    FileType.DICOM_FILE,
    FileType.DICOM_SERIES,
    FileType.NIFTI,
    FileType.SCENE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A vector for a file, or for a frame of it."""

    file_id: UUID
    frame: int | None = None
    vector: object
    """A list of numbers, or base64 of little-endian 32-bit floats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a vector is to be removed. Without a frame: the file's own and those of all its frames."""

    file_id: UUID
    frame: int | None = None


@dataclass(slots=True)
class Held:
    """The files that vectors are about, held so that they neither go nor are written by two at once."""

    rows: dict[UUID, Any]
    open_folders: Collection[UUID]
    taken: set[tuple[UUID, int | None]] = field(default_factory=set)

    @classmethod
    async def lock(cls, tx: Tx, actor: Actor, ids: Collection[UUID]) -> Self:
        """Those of the files that the actor may see, in the order of their ids."""
        statement = (
            access.visible_files(actor)
            .where(col(File.id).in_(ids))
            .order_by(col(File.id))
            .with_only_columns(
                col(File.id), col(File.folder_id), col(File.type), col(File.frame_count)
            )
            .with_for_update(key_share=True, of=File)
        )
        rows = {row.id: row for row in await tx.execute(statement)}
        folder_ids = {row.folder_id for row in rows.values()}
        return cls(rows, await access.allowing(tx, actor, folder_ids, FolderPermission.EDIT))

    def take(self, file_id: UUID, frame: int | None, *, again: bool = False) -> None:
        """Raises Refused if the file is out of reach, has no such frame, or, but for `again`, was named before."""
        row = self.rows.get(file_id)
        if row is None:
            raise NotFound("There is no such file for you.", field=("file_id",))
        if row.folder_id not in self.open_folders:
            raise Forbidden("Your role on its folder does not allow to edit.", field=("file_id",))
        if frame is not None:
            _check_frame(row, frame)
        if not again and (file_id, frame) in self.taken:
            raise Invalid("An item before this one names the same place.", field=("file_id",))
        self.taken.add((file_id, frame))


async def put(
    tx: Tx, actor: Actor, key: str, items: Sequence[Said], mode: BulkMode
) -> dict[str, Any]:
    """Write vectors of one key, in place of those that were there; the answer tells of each item."""
    outcomes.check_count(items)
    table = await pinned(tx, actor, key)
    results = await judged(tx, actor, table, items)
    answer = outcomes.settle(results, mode)
    return {"key": table.key, **answer}


async def judged(
    tx: Tx, actor: Actor, table: KeyTable, items: Sequence[Said], *, last_counts: bool = False
) -> list[Outcome]:
    """Write those of the vectors that may be written; what became of each.

    Two for one place: the second is refused or, with `last_counts`, written.
    """
    held = await Held.lock(tx, actor, {item.file_id for item in items})
    results = [Outcome() for _ in items]
    packed: dict[tuple[UUID, int | None], bytes] = {}
    for item, outcome in zip(items, results, strict=True):
        with outcome.judged():
            held.take(item.file_id, item.frame, again=last_counts)
            packed[item.file_id, item.frame] = to_halfvec(item.vector, table.dimensions)
            outcome.file_id = item.file_id
    if packed:
        name = await name_of(tx, actor, table)
        await vectors.write(tx, name, Vectors.of(packed), is_from_document=False)
    return results


async def remove(
    tx: Tx, actor: Actor, key: str, spots: Sequence[Spot], mode: BulkMode
) -> dict[str, Any]:
    """Remove vectors of one key; UNCHANGED where there was none."""
    outcomes.check_count(spots)
    table = await pinned(tx, actor, key)
    held = await Held.lock(tx, actor, {spot.file_id for spot in spots})
    results = [Outcome() for _ in spots]
    for spot, outcome in zip(spots, results, strict=True):
        with outcome.judged():
            held.take(spot.file_id, spot.frame)
            outcome.file_id = spot.file_id
    removed = await _remove(tx, table, sorted(held.taken, key=str))
    for spot, outcome in zip(spots, results, strict=True):
        if outcome.refused is None and (spot.file_id, spot.frame) not in removed:
            outcome.status = ItemStatus.UNCHANGED
    return {"key": table.key, **outcomes.settle(results, mode)}


async def pinned(tx: Tx, actor: Actor, key: str) -> KeyTable:
    """The key, which stays as it is until the commit."""
    await metadata.pin(tx, actor.organisation_id)
    return await tables.table_of(tx, actor, key)


async def name_of(tx: Tx, actor: Actor, table: KeyTable) -> str:
    """The table of the key, made if need be."""
    if table.name is not None:
        return table.name
    names = await vectors.names_of(tx, actor.organisation_id, {table.number: table.dimensions})
    return names[table.number]


async def _remove(
    tx: Tx, table: KeyTable, places: Sequence[tuple[UUID, int | None]]
) -> set[tuple[UUID, int | None]]:
    """Those of the places where there was a vector."""
    if table.name is None or not places:
        return set()
    driver = await tx.driver()
    rows = await driver.fetch(
        f"delete from {table.name} v using unnest($1::uuid[], $2::int[]) as given(file_id, frame)"  # noqa: S608  its name is ours
        " where v.file_id = given.file_id and v.frame = coalesce(given.frame, v.frame)"
        " returning v.file_id, v.frame",
        [file_id for file_id, _ in places],
        [frame for _, frame in places],
    )
    gone = {(row["file_id"], row["frame"]) for row in rows}
    whole = {file_id for file_id, _ in gone}
    return {
        (key, frame)
        for key, frame in places
        if (key, frame) in gone or (frame is None and key in whole)
    }


def _check_frame(row: Any, frame: int) -> None:
    place = ("frame",)
    if not 0 <= frame <= LAST_FRAME:
        raise Invalid("Frames are counted from 0; leave it out for the file itself.", field=place)
    if row.type not in WITH_FRAMES:
        raise Invalid(f"A file of type {row.type} has no frames; leave it out.", field=place)
    if row.frame_count is not None and frame >= row.frame_count:
        raise Invalid(f"This file has {row.frame_count:,} frames, counted from 0.", field=place)
