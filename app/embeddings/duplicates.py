"""Files that are nearly the same: who may have them looked for, and who sees what was found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, literal_column
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.accounts.actor import Actor
from app.background import queries, service
from app.background.models import BackgroundJob, JobKind, JobState
from app.core.db import Tx
from app.core.errors import Invalid
from app.core.orders import Order
from app.core.paging import Listing
from app.embeddings import tables, walk
from app.embeddings.models import NearDuplicate, NearDuplicateGroup, NearDuplicateMember
from app.files import access
from app.files.models import File

FIND = "find_near_duplicates"
LEAST, MOST = 0.8, 1.0
"""Below that cosine, files are alike rather than the same."""
MOST_PAIRS = 1_000_000

_TABLE = NearDuplicate.__table__  # type: ignore[attr-defined]
_GROUP = NearDuplicateGroup.__table__  # type: ignore[attr-defined]
LARGEST_FIRST = Order[NearDuplicateGroup](
    columns=[_GROUP.c.file_count, _GROUP.c.id], is_descending=True, name="size"
)
NEAREST_FIRST = Order[NearDuplicate](
    columns=[
        _TABLE.c[name] for name in ("score", "file_id", "frame", "other_file_id", "other_frame")
    ],
    is_descending=True,
    name="score",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Pairs of files of a folder with everything below it, or of all files, with at least this cosine."""

    key: str
    threshold: float
    folder_id: UUID | None = None


async def find(
    tx: Tx, actor: Actor, asked: Asked, narrowing: Mapping[str, Any] | None = None
) -> BackgroundJob:
    """Start a job that looks for them, among what `narrowing` lets through: a filter that the job keeps for
    `hunting.tasks`.
    """
    if not LEAST <= asked.threshold <= MOST:
        raise Invalid(
            f"threshold is {asked.threshold}; it must be {LEAST} to {MOST:g}.", field=("threshold",)
        )
    await walk.may_look(tx, actor, asked.folder_id)
    found, _ = await tables.table_with_vectors(tx, actor, asked.key)
    given = {
        "key_number": found.number,
        "folder_id": asked.folder_id.hex if asked.folder_id else None,
        "threshold": asked.threshold,
        "filter": None if narrowing is None else dict(narrowing),
    }
    return await service.begin(tx, actor, JobKind.NEAR_DUPLICATES, given, FIND)


def visible_pairs(actor: Actor) -> SelectOfScalar[NearDuplicate]:
    """The pairs that jobs of the actor's have found, as far as they see both files."""
    jobs = queries.visible_jobs(actor).with_only_columns(col(BackgroundJob.id))
    return select(NearDuplicate).where(
        NearDuplicate.organisation_id == actor.organisation_id,
        col(NearDuplicate.job_id).in_(jobs),
        col(NearDuplicate.file_id).in_(_files(actor)),
        col(NearDuplicate.other_file_id).in_(_files(actor)),
    )


def listing(actor: Actor, job_id: UUID, min_score: float | None) -> Listing[NearDuplicate]:
    """What a job has found so far, with at least this cosine if one is given; the nearest first."""
    statement = visible_pairs(actor).where(NearDuplicate.job_id == job_id)
    if min_score is not None:
        if not -1 <= min_score <= 1:
            raise Invalid("minScore is a cosine similarity, -1 to 1.", field=("min_score",))
        statement = statement.where(col(NearDuplicate.score) >= min_score)
    return Listing(statement, NEAREST_FIRST, (job_id, min_score), is_filtered=True)


def visible_groups(actor: Actor) -> SelectOfScalar[NearDuplicateGroup]:
    """The groups that jobs of the actor's have found."""
    jobs = queries.visible_jobs(actor).with_only_columns(col(BackgroundJob.id))
    return select(NearDuplicateGroup).where(
        NearDuplicateGroup.organisation_id == actor.organisation_id,
        col(NearDuplicateGroup.job_id).in_(jobs),
    )


def groups(actor: Actor, job_id: UUID) -> Listing[NearDuplicateGroup]:
    """The groups that a job has found, once it is done, as far as the actor sees two of their files; the largest
    first.
    """
    job = queries.visible_jobs(actor).where(BackgroundJob.id == job_id)
    done = job.where(BackgroundJob.state == JobState.DONE)
    statement = visible_groups(actor).where(NearDuplicateGroup.job_id == job_id)
    statement = statement.where(done.exists(), _sees_two(actor))
    return Listing(statement, LARGEST_FIRST, ("groups", job_id), is_filtered=True)


def _sees_two(actor: Actor) -> ColumnElement[bool]:
    files = _of_group(access.visible_files(actor), col(NearDuplicateGroup.id))
    some: Select[Any] = (
        files.with_only_columns(literal_column("1")).correlate(NearDuplicateGroup).limit(2)
    )
    seen = select(func.count()).select_from(some.subquery("some")).scalar_subquery()
    return seen == literal_column("2")


def files_in(actor: Actor, group_id: Any) -> Listing[File]:
    """The files of a group that the actor may see, in the order of their ids."""
    member = col(NearDuplicateMember.file_id)
    order: Order[File] = Order(columns=(member.label("id"),))
    return Listing(_of_group(access.visible_files(actor), group_id), order, ("near", group_id))


def _of_group(files: SelectOfScalar[File], group_id: Any) -> SelectOfScalar[File]:
    same = and_(
        col(NearDuplicateMember.organisation_id) == col(File.organisation_id),
        col(NearDuplicateMember.file_id) == col(File.id),
    )
    return files.join(NearDuplicateMember, same).where(NearDuplicateMember.group_id == group_id)


def _files(actor: Actor) -> Select[tuple[UUID]]:
    return access.visible_files(actor).with_only_columns(col(File.id))
