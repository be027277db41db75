"""Links by which clients fetch the bytes of files, from whatever store holds them."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

import sqlalchemy
from sqlalchemy import Select, and_
from sqlmodel import col

from app.accounts.actor import Actor
from app.core.db import Session
from app.core.errors import Refused, Unavailable
from app.core.runtime import Runtime
from app.core.storage import integrations, opening
from app.core.storage.integrations import Allowances, LocalFolder
from app.core.storage.signing import Links
from app.core.storage.store import Store
from app.files import local_files, queries, stores
from app.files.models import File, FileType, Integration
from app.files.stores import Terms

WITHOUT_BYTES = frozenset(
    {FileType.IMAGE_GROUP, FileType.DICOM_SERIES, FileType.GROUP, FileType.SCENE}
)
"""Composites that are no object of their own: fetch their members."""

Link = str | Refused | Unavailable
"""A signed URL that works for 15 minutes, or why there is none."""


@dataclass(frozen=True, slots=True)
class Downloads:
    """A loader of links: equal ones batch together."""

    own: Store
    links: Links
    secret: bytes = field(repr=False)
    terms: Terms

    @classmethod
    def of(cls, runtime: Runtime) -> Self:
        """The links that this process can sign."""
        terms = Terms.of(runtime.settings)
        return cls(runtime.storage, runtime.links, runtime.secret, terms)

    async def __call__(
        self, session: Session, actor: Actor, file_ids: Sequence[UUID]
    ) -> dict[UUID, Link]:
        """A link for each of the files; none for composites and for what is gone at its source."""
        rows = (await session.execute(_with_integrations(actor, file_ids))).all()
        await session.close()  # signing may ask other servers; it needs no connection of ours
        async with AsyncExitStack() as stack:
            allowances = Allowances()
            if any(integration is not None for _, integration in rows):
                allowances = await stack.enter_async_context(self.terms.in_force())
            signer = _Signer(self, allowances)
            return {file.id: await signer.link(file, row) for file, row in rows if _has_bytes(file)}


@dataclass(slots=True)
class _Signer:
    """Signs the links of one batch, and opens each bucket once."""

    downloads: Downloads
    allowances: Allowances
    opened: dict[tuple[UUID, str], Store] = field(default_factory=dict)

    async def link(self, file: File, row: Integration | None) -> Link:
        try:
            if row is None:
                return await self._own(file)
            store, key = await self._store(row, file.url or "")
            return await store.signed_url(key, content_type=file.mime_type)
        except (Refused, Unavailable) as error:
            return error

    async def _own(self, file: File) -> str:
        return await self.downloads.own.signed_url(
            file.object_key or "", content_type=file.mime_type
        )

    async def _store(self, row: Integration, url: str) -> tuple[Store, str]:
        integration = stores.integration_of(row, self.downloads.secret)
        bucket, key = integrations.resolve(integration, url)
        store = self.opened.get((row.id, bucket))
        if store is None:
            store = await opening.open_store(integration, bucket, self.allowances)
            if isinstance(integration, LocalFolder):
                store = local_files.signing(integration.root, row, self.downloads.links)
            self.opened[row.id, bucket] = store
        return store, key


def _with_integrations(actor: Actor, file_ids: Sequence[UUID]) -> Select[File, Integration]:
    """The visible ones of the files, each with its integration: who may see a file may fetch it."""
    through = and_(
        col(Integration.organisation_id) == col(File.organisation_id),
        col(Integration.id) == col(File.integration_id),
    )
    return (
        sqlalchemy.select(File, Integration)
        .outerjoin(Integration, through)
        .where(col(File.id).in_(queries.visible_file_ids(actor, file_ids)))
        .where(col(File.organisation_id) == actor.organisation_id)
    )


def _has_bytes(file: File) -> bool:
    is_somewhere = file.url is not None or file.object_key is not None
    return is_somewhere and not file.is_tombstone and file.type not in WITHOUT_BYTES
