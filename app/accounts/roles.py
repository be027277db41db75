"""The roles that people have in an organisation and on the things in it."""

from collections.abc import Collection
from enum import IntEnum, StrEnum

from app.core.errors import Invalid


class OrganisationRole(StrEnum):
    """What a member is in the organisation; the values are those of the wire."""

    ADMIN = "ADMIN"
    MEMBER = "MEMBER"
    TASKER = "TASKER"
    WORKFORCE_MANAGER = "WORKFORCE_MANAGER"


class MemberType(StrEnum):
    """Whether the organisation employs the member or works with them."""

    INTERNAL = "internal"
    EXTERNAL = "external"


class EntityRole(StrEnum):
    """The role on a dataset, an ontology, a folder (and the items in it) or an integration."""

    ADMIN = "admin"
    USER = "user"


class ProjectRole(IntEnum):
    """The role on a project; the integers are those of the wire."""

    ADMIN = 0
    ANNOTATOR = 1
    REVIEWER = 2
    ANNOTATOR_REVIEWER = 3
    TEAM_MANAGER = 4
    VIEWER = 5


LEGACY_NUMBERS = {EntityRole.ADMIN: 0, EntityRole.USER: 1}
"""How older clients write the role on a dataset, and all clients the role on an ontology."""

STRONGEST_FIRST = (
    ProjectRole.ADMIN,
    ProjectRole.TEAM_MANAGER,
    ProjectRole.ANNOTATOR_REVIEWER,
    ProjectRole.REVIEWER,
    ProjectRole.ANNOTATOR,
    ProjectRole.VIEWER,
)


def check_member(role: OrganisationRole, member_type: MemberType) -> None:
    """Raises Invalid for an external administrator: only employees may run the organisation."""
    if role is OrganisationRole.ADMIN and member_type is MemberType.EXTERNAL:
        raise Invalid("Only an internal member can be ADMIN.", field=("role",))


def strongest(roles: Collection[EntityRole]) -> EntityRole | None:
    """The role that counts, of the direct one and those of all groups; None without any."""
    if EntityRole.ADMIN in roles:
        return EntityRole.ADMIN
    return EntityRole.USER if roles else None


def strongest_in_project(roles: Collection[ProjectRole]) -> ProjectRole | None:
    """The role that may do what any of these may, and no more; None without any.

    There always is one: annotator and reviewer together are ANNOTATOR_REVIEWER, and of any other
    two roles one may do all that the other may.
    """
    if ProjectRole.ANNOTATOR in roles and ProjectRole.REVIEWER in roles:
        roles = {*roles, ProjectRole.ANNOTATOR_REVIEWER}
    return next((role for role in STRONGEST_FIRST if role in roles), None)
