"""Makes organisations, people and things: few arguments, the rest plausible."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from sqlmodel import delete

from app.accounts import credentials, members, queries, service, tokens
from app.accounts.actor import Actor
from app.accounts.authentication import EVERYTHING
from app.accounts.models import BrowserSession
from app.accounts.roles import EntityRole, MemberType, OrganisationRole
from app.accounts.tokens import TokenScope
from app.core.clock import new_id, now, random_bytes
from app.core.db import Scope
from app.core.runtime import Runtime
from app.core.storage.integrations import AccessKey, AmazonS3, LocalFolder
from app.core.storage.integrations import Integration as ObjectStore
from app.files import folders, grants, integrations
from app.files import metadata as file_metadata
from app.files.grants import Grantees
from app.files.models import (
    File,
    FileMember,
    FileType,
    Folder,
    FolderGrant,
    Integration,
    StorageLocation,
)
from app.files.stores import Terms


@dataclass(frozen=True, slots=True)
class Person:
    """A member of an organisation, with a token of every scope."""

    email: str
    user_id: UUID
    organisation_id: UUID
    role: OrganisationRole
    token: str

    @property
    def actor(self) -> Actor:
        """Who asks when this person calls a service directly."""
        return Actor(
            user_id=self.user_id,
            organisation_id=self.organisation_id,
            role=self.role,
            scopes=EVERYTHING,
            credential="test",
        )


@dataclass(frozen=True, slots=True)
class World:
    """Writes through the services, as the application's role."""

    runtime: Runtime

    async def organisation(self, name: str = "Acme") -> Person:
        """A fresh organisation; its administrator."""
        organisation_id, email = new_id(), f"admin-{new_id().hex[-12:]}@example.org"
        async with self.runtime.db.transaction(Scope(organisation_id)) as tx:
            await service.create_organisation(tx, organisation_id, name, email)
        return await self._person(organisation_id, email, OrganisationRole.ADMIN)

    async def member(self, of: Person, role: OrganisationRole = OrganisationRole.MEMBER) -> Person:
        """Somebody new in the same organisation."""
        email = f"{role.value.lower()}-{new_id().hex[-12:]}@example.org"
        async with self.runtime.db.transaction(Scope(of.organisation_id)) as tx:
            await members.place(tx, of.organisation_id, email, role, MemberType.INTERNAL)
        return await self._person(of.organisation_id, email, role)

    async def token(self, of: Person, *scopes: TokenScope) -> str:
        """One more token of a person."""
        async with self.runtime.db.transaction(Scope(of.organisation_id, of.user_id)) as tx:
            _, text = await credentials.create_token(
                tx,
                of.organisation_id,
                of.user_id,
                name="a test's",
                scopes=list(scopes),
                expires_at=None,
                pepper=self.runtime.secret,
            )
        return text

    def with_token(self, person: Person, token: str) -> Person:
        """The same person, speaking with another token."""
        return replace(person, token=token)

    async def session(self, of: Person) -> str:
        """One more signed-in browser of a person; the text in its cookie."""
        minted = tokens.mint_session(random_bytes(tokens.SECRET_BYTES), pepper=self.runtime.secret)
        session = BrowserSession(
            user_id=of.user_id,
            organisation_id=of.organisation_id,
            digest=minted.digest,
            expires_at=now() + tokens.SESSION_LIFETIME,
        )
        async with self.runtime.db.transaction(of.actor.scope) as tx:
            tx.add(session)
        return minted.text

    async def folder(
        self, of: Person, name: str = "Folder", parent: Folder | None = None
    ) -> Folder:
        """A folder that this person administers."""
        async with self.runtime.db.transaction(of.actor.scope) as tx:
            parent_id = parent.id if parent else None
            return await folders.create(tx, of.actor, name=name, parent_id=parent_id)

    async def share(self, folder: Folder, to: Person, role: EntityRole = EntityRole.USER) -> None:
        """Give somebody a role on a folder."""
        async with self.runtime.db.transaction(Scope(folder.organisation_id)) as tx:
            who = Grantees(user_ids=frozenset({to.user_id}))
            await grants.give(tx, folder, who, role)

    async def unshare(self, folder: Folder, to: Person) -> None:
        """Take away whatever role somebody has on a folder."""
        async with self.runtime.db.transaction(Scope(folder.organisation_id)) as tx:
            theirs = (
                FolderGrant.organisation_id == folder.organisation_id,
                FolderGrant.folder_id == folder.id,
                FolderGrant.user_id == to.user_id,
            )
            await tx.exec(delete(FolderGrant).where(*theirs))

    async def file(
        self,
        of: Person,
        folder: Folder,
        name: str = "file.png",
        *,
        metadata: dict[str, Any] | None = None,
        **columns: Any,
    ) -> File:
        """A file as if this person had uploaded it: an image, unless `columns` say otherwise."""
        given = {"type": FileType.IMAGE, "storage_location": StorageLocation.OWN, **columns}
        file = File(
            organisation_id=of.organisation_id,
            folder_id=folder.id,
            name=name,
            created_by=of.user_id,
            **given,
        )
        async with self.runtime.db.transaction(of.actor.scope) as tx:
            tx.add(file)
            await tx.flush()
            if metadata is not None:
                documents = {file.id: orjson.dumps(metadata)}
                await file_metadata.replace_documents(tx, of.organisation_id, documents)
                await tx.refresh(file)
        return file

    async def local_integration(
        self, of: Person, root: Path, *, is_strict: bool = False
    ) -> Integration:
        """A folder of this machine that this person may register from."""
        async with self.runtime.db.transaction(of.actor.scope) as tx:
            return await integrations.create(
                tx,
                of.actor,
                title="Local files",
                store=LocalFolder(root),
                is_strict_client_only=is_strict,
                secret=self.runtime.secret,
                allowances=Terms.of(self.runtime.settings).unguarded,
            )

    async def member_of(self, composite: File, *parts: File) -> None:
        """Put files into a composite, in order."""
        places = [
            FileMember(
                organisation_id=composite.organisation_id,
                composite_id=composite.id,
                position=position,
                member_id=part.id,
            )
            for position, part in enumerate(parts)
        ]
        async with self.runtime.db.transaction(Scope(composite.organisation_id)) as tx:
            tx.add_all(places)

    async def bucket(
        self, of: Person, title: str = "Bucket", store: ObjectStore | None = None
    ) -> Integration:
        """An integration that this person administers; of S3, unless `store` says otherwise."""
        async with self.runtime.db.transaction(of.actor.scope) as tx:
            return await integrations.create(
                tx,
                of.actor,
                title=title,
                store=store or AmazonS3("eu-central-1", AccessKey("id", "secret"), "media"),
                is_strict_client_only=False,
                secret=self.runtime.secret,
                allowances=Terms.of(self.runtime.settings).unguarded,
            )

    async def _person(self, organisation_id: UUID, email: str, role: OrganisationRole) -> Person:
        async with self.runtime.db.read(Scope(organisation_id)) as session:
            user_id = await queries.user_id_of(session, email)
        assert user_id is not None
        person = Person(email, user_id, organisation_id, role, "")
        token = await self.token(person, TokenScope.ADMIN)
        return Person(email, user_id, organisation_id, role, token)
