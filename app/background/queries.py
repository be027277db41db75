"""What may be read of background jobs: everybody sees their own, administrators all of the organisation's."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.accounts import tokens
from app.accounts.actor import Actor
from app.accounts.by_id import ById
from app.accounts.models import Member
from app.accounts.tokens import TokenScope
from app.background.models import BackgroundJob, JobKind, JobState
from app.core.db import Session


def visible_jobs(actor: Actor) -> SelectOfScalar[BackgroundJob]:
    """The jobs that the actor may look at."""
    jobs = select(BackgroundJob).where(BackgroundJob.organisation_id == actor.organisation_id)
    if actor.is_organisation_admin:
        return jobs
    return jobs.where(BackgroundJob.created_by == actor.user_id)


def filtered_jobs(
    actor: Actor, kinds: Sequence[JobKind] | None, states: Sequence[JobState] | None
) -> SelectOfScalar[BackgroundJob]:
    """Jobs of one of these kinds, and in one of these states, as far as that is asked."""
    statement = visible_jobs(actor)
    if kinds is not None:
        statement = statement.where(col(BackgroundJob.kind).in_(kinds))
    if states is not None:
        statement = statement.where(col(BackgroundJob.state).in_(states))
    return statement


jobs_by_id = ById(BackgroundJob, visible_jobs)
"""Jobs by id."""


async def actor_of(session: Session, job: BackgroundJob) -> Actor | None:
    """For whom a job runs, with today's role; None if they left the organisation."""
    return await member(session, job.organisation_id, job.created_by)


async def member(session: Session, organisation_id: UUID, user_id: UUID | None) -> Actor | None:
    """A member as an actor that may do what the role allows, content only."""
    found = await session.exec(
        select(Member).where(Member.organisation_id == organisation_id, Member.user_id == user_id)
    )
    row = found.one_or_none()
    if row is None:
        return None
    return Actor(
        user_id=row.user_id,
        organisation_id=organisation_id,
        role=row.role,
        scopes=tokens.expand([TokenScope.WRITE]),
        credential="job",
    )
