"""Who asks: one user, in one organisation, with what the credentials allow."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.accounts.permissions import Permission, organisation_allows
from app.accounts.roles import OrganisationRole
from app.accounts.tokens import TokenScope
from app.core.db import Scope
from app.core.errors import Forbidden


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The caller of one operation. `credential` says what proved it, for logs: `token:…`, `session:…`."""

    user_id: UUID
    organisation_id: UUID
    role: OrganisationRole
    scopes: frozenset[TokenScope]
    credential: str
    auth_epoch: int = 0
    expires_at: datetime | None = None

    @property
    def scope(self) -> Scope:
        """The tenant whose rows the actor's transactions may touch."""
        return Scope(self.organisation_id, self.user_id)

    @property
    def eyes(self) -> tuple[UUID, UUID, OrganisationRole]:
        """What `visible(actor)` of any feature depends on; actors with equal eyes may share statements."""
        return self.organisation_id, self.user_id, self.role

    @property
    def is_organisation_admin(self) -> bool:
        """Whether the actor may see everything in the organisation."""
        return self.may(Permission.SEE_ALL)

    def may(self, permission: Permission) -> bool:
        """Whether the role in the organisation gives this permission."""
        return organisation_allows(self.role, permission)

    def must(self, permission: Permission) -> None:
        """Raises Forbidden, naming the role, unless the role gives this permission."""
        if not self.may(permission):
            what = permission.value.lower().replace("_", " ")
            raise Forbidden(f"Your role {self.role.value} does not allow to {what}.")

    def must_have(self, *scopes: TokenScope) -> None:
        """Raises Forbidden, naming the scope, unless the credentials have one of these."""
        if self.scopes.isdisjoint(scopes):
            raise Forbidden(f"This token lacks the scope {scopes[0].value}; use one that has it.")
