"""What can be done to integrations: make, change, delete and try them."""

from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from app.accounts.actor import Actor
from app.accounts.permissions import IntegrationPermission, Permission
from app.core import texts
from app.core.db import Tx
from app.core.errors import Conflict, Refused
from app.core.storage import integrations
from app.core.storage.integrations import Allowances
from app.files import access, configuration, grants, revisions, sealing, stores
from app.files.models import File, Integration, StorageLocation

LONGEST_MEMBER = 16_384
"""Characters of one member of a configuration; a Google key file has about 2,400."""
CHANGE = IntegrationPermission.SHARE
"""Whoever may hand an integration on may change it, too."""


async def create(
    tx: Tx,
    actor: Actor,
    *,
    title: str,
    store: integrations.Integration,
    is_strict_client_only: bool,
    secret: bytes,
    allowances: Allowances,
) -> Integration:
    """A new integration; the actor becomes its administrator. Whether it works is not tried: see `checks`."""
    actor.must(Permission.CREATE_INTEGRATION)
    row = Integration(
        organisation_id=actor.organisation_id,
        title=texts.name(title, ("title",)),
        provider=StorageLocation(store.provider.value),
        configuration={},
        is_strict_client_only=is_strict_client_only,
        created_by=actor.user_id,
    )
    await _configure(row, store, secret, allowances)
    tx.add(row)
    await tx.flush()
    await grants.make_administrator(tx, row, actor.user_id)
    return row


async def update(
    tx: Tx,
    actor: Actor,
    integration_id: UUID,
    *,
    title: str | None = None,
    store: integrations.Integration | None = None,
    is_strict_client_only: bool | None = None,
    expected_revision: int | None = None,
    secret: bytes,
    allowances: Allowances,
) -> Integration:
    """Change what is given; None leaves it. A configuration is replaced as a whole and keeps its provider."""
    row = await access.integration(tx, actor, integration_id, CHANGE)
    revisions.must_match(row, expected_revision)
    if title is not None:
        row.title = texts.name(title, ("title",))
    if is_strict_client_only is not None:
        row.is_strict_client_only = is_strict_client_only
    if store is not None:
        if store.provider.value != row.provider.value:
            raise Conflict(
                f"This integration is of {row.provider}; make another one for {store.provider}.",
                field=("store",),
            )
        await _configure(row, store, secret, allowances)
    revisions.touch(row)
    return row


async def remove(
    tx: Tx, actor: Actor, integration_id: UUID, *, expected_revision: int | None = None
) -> None:
    """Delete an integration that no file uses. Raises Conflict that says how many do."""
    row = await access.integration(tx, actor, integration_id, IntegrationPermission.DELETE)
    revisions.must_match(row, expected_revision)
    used = select(func.count()).where(
        col(File.organisation_id) == actor.organisation_id,
        col(File.integration_id) == integration_id,
    )
    count = (await tx.exec(used)).one()
    if count:
        raise Conflict(
            f"{count:,} files are read through this integration; delete them first.",
            field=("integration_id",),
        )
    await tx.delete(row)
    await tx.flush()


async def _configure(
    row: Integration, store: integrations.Integration, secret: bytes, allowances: Allowances
) -> None:
    """Write a configuration into the row, if it keeps to the rules."""
    shown, secrets = configuration.split(store)
    for name, value in (shown | secrets).items():
        if isinstance(value, str):
            texts.checked(value, field=("store", name), most=LONGEST_MEMBER)
    try:
        await integrations.check(store, allowances)
    except Refused as refused:
        refused.field = ("store",)
        raise
    row.configuration = shown
    row.credentials = sealing.seal(secret, stores.binding(row), secrets) if secrets else None
