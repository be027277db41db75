"""The permission matrices, written out once more as the documentation has them."""

from collections.abc import Callable
from enum import Enum, StrEnum
from typing import Any

import pytest

from app.accounts import permissions
from app.accounts.roles import EntityRole, OrganisationRole, ProjectRole

Matrix = dict[str, str]
Columns = tuple[Any, ...]

ORGANISATION_COLUMNS = (
    OrganisationRole.ADMIN,
    OrganisationRole.WORKFORCE_MANAGER,
    OrganisationRole.MEMBER,
    OrganisationRole.TASKER,
)
ORGANISATION = {
    "EDIT_ORGANISATION": "y---",
    "MANAGE_MEMBERS": "y---",
    "MANAGE_GROUPS": "yy--",
    "MANAGE_TAGS": "y---",
    "EDIT_METADATA_SCHEMA": "yyy-",
    "CREATE_INTEGRATION": "yyy-",
    "CREATE_FOLDER": "yyy-",
    "REVOKE_CREDENTIALS": "y---",
    "SEE_ALL": "y---",
}

PROJECT_COLUMNS = (
    ProjectRole.ADMIN,
    ProjectRole.TEAM_MANAGER,
    ProjectRole.REVIEWER,
    ProjectRole.ANNOTATOR,
    ProjectRole.ANNOTATOR_REVIEWER,
    ProjectRole.VIEWER,
)
PROJECT = {
    "VIEW": "yyyyyy",
    "ATTACH_DATASETS": "y-----",
    "SWITCH_ONTOLOGY": "y-----",
    "DELETE": "y-----",
    "MANAGE_TEAM": "yy----",
    "MANAGE_ADMINS": "y-----",
    "ANNOTATE": "yy-yy-",
    "REVIEW": "yyy-y-",
    "CONFIRM_LABELS": "yy----",
    "MANAGE_TASKS": "yy----",
    "EDIT_SETTINGS": "yy----",
    "EXPORT_LABELS": "yy----",
    "RAISE_ISSUES_ANNOTATING": "yy-yy-",
    "RAISE_ISSUES_REVIEWING": "yyy-y-",
    "DELETE_ANY_ISSUE": "y-----",
    "ATTACH_ORGANISATION_TAGS": "y-----",
}

ENTITY_COLUMNS = (EntityRole.ADMIN, EntityRole.USER)
FOLDER = {
    "LIST": "yy",
    "READ": "yy",
    "LINK_TO_DATASET": "yy",
    "UPLOAD": "y-",
    "EDIT": "y-",
    "MOVE": "y-",
    "DELETE": "y-",
    "SHARE": "y-",
    "CONFIGURE_INGESTION": "y-",
}
INTEGRATION = {"VIEW": "yy", "REGISTER_DATA": "y-", "DELETE": "y-", "SHARE": "y-"}
DATASET = {
    "READ": "yy",
    "ATTACH": "yy",
    "EDIT": "y-",
    "CHANGE_ROWS": "y-",
    "DELETE": "y-",
    "SHARE": "y-",
}
ONTOLOGY = {
    "VIEW": "yy",
    "ATTACH": "yy",
    "EDIT": "y-",
    "COPY": "y-",
    "DELETE": "y-",
    "SHARE": "y-",
}

FAMILIES: list[tuple[Callable[..., bool], type[StrEnum], Columns, Matrix]] = [
    (
        permissions.organisation_allows,
        permissions.Permission,
        ORGANISATION_COLUMNS,
        ORGANISATION,
    ),
    (permissions.project_allows, permissions.ProjectPermission, PROJECT_COLUMNS, PROJECT),
    (permissions.folder_allows, permissions.FolderPermission, ENTITY_COLUMNS, FOLDER),
    (
        permissions.integration_allows,
        permissions.IntegrationPermission,
        ENTITY_COLUMNS,
        INTEGRATION,
    ),
    (permissions.dataset_allows, permissions.DatasetPermission, ENTITY_COLUMNS, DATASET),
    (permissions.ontology_allows, permissions.OntologyPermission, ENTITY_COLUMNS, ONTOLOGY),
]
CASES = [
    pytest.param(allows, kind[name], columns, row, id=f"{kind.__name__}-{name}")
    for allows, kind, columns, matrix in FAMILIES
    for name, row in matrix.items()
]


@pytest.mark.parametrize(("allows", "permission", "columns", "row"), CASES)
def test_each_role_may_do_what_the_matrix_says(
    allows: Callable[..., bool], permission: StrEnum, columns: Columns, row: str
) -> None:
    assert "".join("y" if allows(role, permission) else "-" for role in columns) == row


@pytest.mark.parametrize(("allows", "kind", "columns", "matrix"), FAMILIES)
def test_every_permission_and_every_role_is_in_the_matrix(
    allows: Callable[..., bool], kind: type[StrEnum], columns: Columns, matrix: Matrix
) -> None:
    assert {permission.name for permission in kind} == set(matrix)
    roles: type[Enum] = type(columns[0])
    assert set(columns) == set(roles)


@pytest.mark.parametrize(("allows", "kind", "columns", "matrix"), FAMILIES)
def test_nobody_without_a_role_may_do_anything(
    allows: Callable[..., bool], kind: type[StrEnum], columns: Columns, matrix: Matrix
) -> None:
    assert not any(allows(None, permission) for permission in kind)
