"""Deleting files: what must hold before, and what has to follow."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, func
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.accounts.actor import Actor
from app.core import jobs
from app.core.db import Tx
from app.core.errors import Conflict, Path
from app.files.models import File, FileMember

FORGET_OBJECTS = "forget_objects"
"""The job that deletes bytes of our own store (app.files.objects)."""
OBJECTS_A_JOB = 1_000


async def must_be_free(
    tx: Tx, victims: SelectOfScalar[UUID], *, field: Path = ("folder_id",)
) -> None:
    """Raises Conflict if one of these files is a part of a composite that is not among them.

    The message counts and names nothing: the composites may be out of the caller's sight.
    """
    used = select(func.count(func.distinct(col(FileMember.composite_id)))).where(
        col(FileMember.member_id).in_(victims), col(FileMember.composite_id).not_in(victims)
    )
    count = (await tx.exec(used)).one()
    if count:
        raise Conflict(
            f"Composites elsewhere ({count}) contain some of these files and would lose them;"
            " delete those first.",
            field=field,
        )


async def used_elsewhere(
    tx: Tx, actor: Actor, parts: Collection[UUID], composites: Collection[UUID]
) -> set[UUID]:
    """Those of the parts that a composite besides these contains."""
    statement = select(FileMember.member_id).where(
        FileMember.organisation_id == actor.organisation_id,
        col(FileMember.member_id).in_(parts),
        col(FileMember.composite_id).not_in(composites),
    )
    return set(await tx.exec(statement))


async def delete_files(tx: Tx, actor: Actor, victims: SelectOfScalar[UUID]) -> None:
    """Delete these files; their bytes in our own store follow after the commit."""
    await forget_objects(tx, actor, victims)
    await tx.execute(
        delete(File).where(
            col(File.organisation_id) == actor.organisation_id, col(File.id).in_(victims)
        )
    )


async def forget_objects(tx: Tx, actor: Actor, victims: SelectOfScalar[UUID]) -> None:
    """Ask for the deletion of the bytes that these files have in our own store."""
    statement = select(File.object_key).where(
        File.organisation_id == actor.organisation_id,
        col(File.id).in_(victims),
        col(File.object_key).is_not(None),
    )
    keys = list(await tx.exec(statement))
    for start in range(0, len(keys), OBJECTS_A_JOB):
        await jobs.enqueue(tx, FORGET_OBJECTS, keys=keys[start : start + OBJECTS_A_JOB])
