"""Forgets local uploads that nobody has registered for a week, with the bytes that came of them."""

from datetime import timedelta
from uuid import UUID

from sqlmodel import col, delete, select

from app.accounts.models import Organisation
from app.core.clock import now
from app.core.db import Scope
from app.core.runtime import Runtime
from app.core.storage import tus
from app.uploads.models import Upload, UploadState

KEPT = timedelta(days=7)
BATCH = 500


async def forget_abandoned(runtime: Runtime) -> int:
    """Delete rows and bytes of uploads that are older than a week; how many those were."""
    async with runtime.system.read(Scope()) as session:
        organisations = (await session.exec(select(Organisation.id))).all()
    return sum([await _forget_of(runtime, organisation) for organisation in organisations])


async def _forget_of(runtime: Runtime, organisation_id: UUID) -> int:
    """Rows first, then bytes: what is registered at this very moment keeps both."""
    old = (
        select(Upload.id)
        .where(Upload.organisation_id == organisation_id)
        .where(Upload.state != UploadState.REGISTERED)
        .where(col(Upload.created_at) < now() - KEPT)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    statement = (
        delete(Upload)
        .where(col(Upload.organisation_id) == organisation_id, col(Upload.id).in_(old))
        .returning(col(Upload.object_key))
    )
    async with runtime.db.transaction(Scope(organisation_id)) as tx:
        keys = (await tx.execute(statement)).scalars().all()
    for key in keys:
        await tus.discard(runtime.storage, key)
        await runtime.storage.delete(key)
    return len(keys)
