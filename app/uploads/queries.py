"""What may be read of uploads and registration jobs."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.accounts.actor import Actor
from app.accounts.by_id import ById
from app.files import access
from app.files.models import Folder
from app.uploads.models import JobStatus, UnitState, Upload, UploadJob, UploadUnit


def visible_jobs(actor: Actor) -> SelectOfScalar[UploadJob]:
    """The jobs of the folders that the actor may see."""
    return select(UploadJob).where(
        UploadJob.organisation_id == actor.organisation_id,
        col(UploadJob.folder_id).in_(_folders(actor)),
    )


def filtered_jobs(
    actor: Actor, folder_id: UUID | None, statuses: Sequence[JobStatus] | None
) -> SelectOfScalar[UploadJob]:
    """Jobs into this folder, and at one of these states, as far as that is asked."""
    statement = visible_jobs(actor)
    if folder_id is not None:
        statement = statement.where(UploadJob.folder_id == folder_id)
    if statuses is not None:
        statement = statement.where(col(UploadJob.status).in_(statuses))
    return statement


def visible_uploads(actor: Actor) -> SelectOfScalar[Upload]:
    """The uploads into the folders that the actor may see."""
    return select(Upload).where(
        Upload.organisation_id == actor.organisation_id,
        col(Upload.folder_id).in_(_folders(actor)),
    )


def units_of(
    actor: Actor, job_id: UUID, states: Sequence[UnitState] | None
) -> SelectOfScalar[UploadUnit]:
    """The units of a job that was found through `visible_jobs`, in these states only if given."""
    statement = select(UploadUnit).where(
        UploadUnit.organisation_id == actor.organisation_id, UploadUnit.job_id == job_id
    )
    if states is not None:
        statement = statement.where(col(UploadUnit.state).in_(states))
    return statement


jobs_by_id = ById(UploadJob, visible_jobs)
"""Jobs by id."""


uploads_by_id = ById(Upload, visible_uploads)
"""Uploads by id."""


def _folders(actor: Actor) -> Select[tuple[UUID]]:
    return access.visible_folders(actor).with_only_columns(col(Folder.id))
