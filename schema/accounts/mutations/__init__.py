"""Changes of people and organisations."""

import strawberry

from schema.accounts.mutations.credentials import CredentialMutation
from schema.accounts.mutations.groups import GroupMutation
from schema.accounts.mutations.members import MemberMutation
from schema.accounts.mutations.organisations import OrganisationMutation
from schema.accounts.mutations.sessions import SessionMutation
from schema.accounts.mutations.tags import TagMutation


@strawberry.type
class AccountMutation(
    OrganisationMutation,
    MemberMutation,
    GroupMutation,
    TagMutation,
    CredentialMutation,
    SessionMutation,
):
    """The accounts' share of Mutation."""
