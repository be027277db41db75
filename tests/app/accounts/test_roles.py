"""Roles: their values on the wire, and which of several counts."""

from itertools import combinations

import pytest

from app.accounts import permissions, roles
from app.accounts.roles import EntityRole, MemberType, OrganisationRole, ProjectRole
from app.core.errors import Invalid

SOME_PROJECT_ROLES = [
    set(some) for count in range(1, 7) for some in combinations(ProjectRole, count)
]


def test_roles_are_written_as_clients_know_them() -> None:
    assert {role.name: role.value for role in ProjectRole} == {
        "ADMIN": 0,
        "ANNOTATOR": 1,
        "REVIEWER": 2,
        "ANNOTATOR_REVIEWER": 3,
        "TEAM_MANAGER": 4,
        "VIEWER": 5,
    }
    assert [str(role) for role in EntityRole] == ["admin", "user"]
    assert [roles.LEGACY_NUMBERS[role] for role in EntityRole] == [0, 1]
    assert {str(role) for role in OrganisationRole} == {
        "ADMIN",
        "MEMBER",
        "TASKER",
        "WORKFORCE_MANAGER",
    }
    assert {str(kind) for kind in MemberType} == {"internal", "external"}


@pytest.mark.parametrize("role", OrganisationRole)
@pytest.mark.parametrize("member_type", MemberType)
def test_only_an_internal_member_can_be_admin(
    role: OrganisationRole, member_type: MemberType
) -> None:
    if (role, member_type) == (OrganisationRole.ADMIN, MemberType.EXTERNAL):
        with pytest.raises(Invalid, match="internal"):
            roles.check_member(role, member_type)
    else:
        roles.check_member(role, member_type)


@pytest.mark.parametrize(
    ("held", "counts"),
    [
        ([], None),
        ([EntityRole.USER], EntityRole.USER),
        ([EntityRole.ADMIN], EntityRole.ADMIN),
        ([EntityRole.USER, EntityRole.ADMIN, EntityRole.USER], EntityRole.ADMIN),
    ],
)
def test_the_strongest_role_counts(held: list[EntityRole], counts: EntityRole | None) -> None:
    assert roles.strongest(held) is counts


@pytest.mark.parametrize(
    ("held", "counts"),
    [
        (set(), None),
        ({ProjectRole.VIEWER}, ProjectRole.VIEWER),
        ({ProjectRole.VIEWER, ProjectRole.ANNOTATOR}, ProjectRole.ANNOTATOR),
        ({ProjectRole.ANNOTATOR, ProjectRole.REVIEWER}, ProjectRole.ANNOTATOR_REVIEWER),
        ({ProjectRole.TEAM_MANAGER, ProjectRole.REVIEWER}, ProjectRole.TEAM_MANAGER),
        (set(ProjectRole), ProjectRole.ADMIN),
    ],
)
def test_project_roles_add_up(held: set[ProjectRole], counts: ProjectRole | None) -> None:
    assert roles.strongest_in_project(held) is counts


@pytest.mark.parametrize("held", SOME_PROJECT_ROLES)
def test_the_role_that_counts_allows_what_any_of_them_allows_and_no_more(
    held: set[ProjectRole],
) -> None:
    together = frozenset[permissions.ProjectPermission]().union(
        *(permissions.PROJECT[role] for role in held)
    )
    counting = roles.strongest_in_project(held)
    assert counting is not None
    assert permissions.PROJECT[counting] == together
