"""Who may bring files into a folder, now and when the worker gets to it."""

from uuid import UUID

from sqlmodel import col, select

from app.accounts import tokens
from app.accounts.actor import Actor
from app.accounts.models import Member
from app.accounts.permissions import FolderPermission
from app.accounts.tokens import TokenScope
from app.core.db import Session
from app.core.errors import NotFound
from app.files import access
from app.files.models import Folder


async def to_upload(session: Session, actor: Actor, folder_id: UUID) -> None:
    """Raises NotFound if the actor cannot see the folder, Forbidden if they may not upload into it.

    Takes no lock: files that are being written hold the folder in place anyway.
    """
    statement = access.visible_folders(actor).where(col(Folder.id) == folder_id)
    if (await session.exec(statement)).one_or_none() is None:
        raise NotFound("There is no such folder for you.", field=("folder_id",))
    needs = FolderPermission.UPLOAD
    await access.must_allow(session, actor, [folder_id], needs, field=("folder_id",))


async def of_owner(session: Session, user_id: UUID, organisation_id: UUID) -> Actor | None:
    """The actor for whom a job runs, with today's role; None if they left the organisation."""
    found = await session.exec(
        select(Member).where(Member.organisation_id == organisation_id, Member.user_id == user_id)
    )
    member = found.one_or_none()
    if member is None:
        return None
    return Actor(
        user_id=user_id,
        organisation_id=organisation_id,
        role=member.role,
        scopes=tokens.expand([TokenScope.UPLOAD]),
        credential="job",
    )
