"""Makes organisations, people and things: few arguments, the rest plausible."""

from dataclasses import dataclass
from uuid import UUID

from app.accounts import service
from app.accounts.actor import Actor
from app.accounts.authentication import EVERYTHING
from app.accounts.roles import MemberType, OrganisationRole
from app.accounts.tokens import TokenScope
from app.core.clock import new_id
from app.core.db import Scope
from app.core.runtime import Runtime


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
            await service.place(tx, of.organisation_id, email, role, MemberType.INTERNAL)
        return await self._person(of.organisation_id, email, role)

    async def token(self, of: Person, *scopes: TokenScope) -> str:
        """One more token of a person."""
        async with self.runtime.db.transaction(Scope(of.organisation_id, of.user_id)) as tx:
            _, text = await service.create_token(
                tx,
                of.organisation_id,
                of.user_id,
                name="a test's",
                scopes=list(scopes),
                expires_at=None,
                pepper=self.runtime.secret,
            )
        return text

    async def _person(self, organisation_id: UUID, email: str, role: OrganisationRole) -> Person:
        async with self.runtime.db.read(Scope(organisation_id)) as session:
            user_id = await service.user_id_of(session, email)
        assert user_id is not None
        person = Person(email, user_id, organisation_id, role, "")
        token = await self.token(person, TokenScope.ADMIN)
        return Person(email, user_id, organisation_id, role, token)
