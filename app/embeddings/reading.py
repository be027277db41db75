"""What vectors files have: batches for many files at once. Of every file the actor must be able to see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy
from sqlalchemy import TableClause, Uuid, column, func, literal, true, union_all

from app.accounts.actor import Actor
from app.core.db import Session
from app.core.halfvec import Floats
from app.embeddings import tables
from app.embeddings.tables import WHOLE_FILE, KeyTable
from app.files import queries

Wanted = tuple[UUID, tuple[str, ...] | None]
"""A file, and which keys; None: all."""
Spot = tuple[str, UUID, int]
"""A table, a file and a frame."""
FramePage = tuple[str, UUID, int, int]
"""A table, a file, the frame behind which to begin, and how many."""


@dataclass(frozen=True, slots=True)
class FileVectors:
    """The vectors of one key that a file has: at least one."""

    key: str
    dimensions: int
    table: str
    file_id: UUID
    is_whole: bool
    """Whether the file itself has one."""
    frame_count: int
    """Frames that have one."""


async def of_files(
    session: Session, actor: Actor, wanted: Sequence[Wanted]
) -> dict[Wanted, list[FileVectors]]:
    """What each file has, by the name of the key. Two statements, however many files and keys."""
    by_number = {one.number: one for one in await tables.tables_of(session, actor) if one.name}
    counts = await _counts(session, actor, [file_id for file_id, _ in wanted], by_number)
    found: dict[UUID, list[FileVectors]] = {}
    for number, file_id, is_whole, frame_count in counts:
        key = by_number[number]
        vectors = FileVectors(
            key.key, key.dimensions, key.name or "", file_id, is_whole, frame_count
        )
        found.setdefault(file_id, []).append(vectors)
    for of_file in found.values():
        of_file.sort(key=lambda one: one.key)
    return {
        (file_id, names): [
            one for one in found.get(file_id, []) if names is None or one.key in names
        ]
        for file_id, names in wanted
    }


async def vectors(session: Session, actor: Actor, wanted: Sequence[Spot]) -> dict[Spot, Floats]:
    """The vectors in these places, in half precision; one statement for each key."""
    found: dict[Spot, Floats] = {}
    for name in sorted({name for name, _, _ in wanted}):
        table = _table(name)
        places = [(file_id, frame) for one, file_id, frame in wanted if one == name]
        visible = queries.visible_file_ids(actor, [file_id for file_id, _ in places])
        statement = sqlalchemy.select(table.c.file_id, table.c.frame, table.c.vector).where(
            table.c.file_id.in_(visible),
            sqlalchemy.tuple_(table.c.file_id, table.c.frame).in_(places),
        )
        rows = await session.execute(statement)
        found |= {(name, file_id, frame): vector for file_id, frame, vector in rows}
    return found


async def frames(
    session: Session, actor: Actor, wanted: Sequence[FramePage]
) -> dict[FramePage, list[int]]:
    """The frames with vectors, in order; one statement for each key and each page that is asked of it."""
    found: dict[FramePage, list[int]] = {one: [] for one in wanted}
    for name, after, most in sorted({(name, after, most) for name, _, after, most in wanted}):
        ids = [one[1] for one in wanted if (one[0], *one[2:]) == (name, after, most)]
        for file_id, frame in await session.execute(_frames(actor, name, ids, after, most)):
            found[name, file_id, after, most].append(frame)
    return found


def _frames(actor: Actor, name: str, ids: Sequence[UUID], after: int, most: int) -> Any:
    files = queries.visible_file_ids(actor, ids).subquery()
    table = _table(name)
    first = (
        sqlalchemy.select(table.c.frame)
        .where(table.c.file_id == files.c.id, table.c.frame > after)
        .order_by(table.c.frame)
        .limit(most)
        .lateral()
    )
    return (
        sqlalchemy.select(files.c.id, first.c.frame)
        .join(first, true())
        .order_by(files.c.id, first.c.frame)
    )


async def _counts(
    session: Session, actor: Actor, ids: Sequence[UUID], by_number: dict[int, KeyTable]
) -> Sequence[Any]:
    if not by_number:
        return []
    visible = queries.visible_file_ids(actor, ids).cte()
    parts = [
        _count(number, _table(key.name or ""), sqlalchemy.select(visible.c.id))
        for number, key in by_number.items()
    ]
    return (await session.execute(union_all(*parts))).all()


def _count(number: int, table: TableClause, visible: Any) -> Any:
    is_whole = table.c.frame == WHOLE_FILE
    return (
        sqlalchemy.select(
            literal(number),
            table.c.file_id,
            func.bool_or(is_whole),
            func.count().filter(~is_whole),
        )
        .where(table.c.file_id.in_(visible))
        .group_by(table.c.file_id)
    )


def _table(name: str) -> TableClause:
    """A table of vectors. The name is one of ours, never a caller's."""
    return sqlalchemy.table(name, column("file_id", Uuid), column("frame"), column("vector"))
