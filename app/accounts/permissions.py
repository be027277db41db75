"""What each role may do: the one place where roles become permissions.

`None` as a role is someone without any: nothing is allowed to them.
"""

from enum import StrEnum, auto

from app.accounts.roles import EntityRole, OrganisationRole, ProjectRole


class Permission(StrEnum):
    """What may be done in the organisation itself."""

    EDIT_ORGANISATION = auto()
    """Its name and its settings."""
    MANAGE_MEMBERS = auto()
    """Add, change and remove members."""
    MANAGE_GROUPS = auto()
    MANAGE_TAGS = auto()
    """Create and delete them; attaching one is a matter of the thing that it marks."""
    EDIT_METADATA_SCHEMA = auto()
    CREATE_INTEGRATION = auto()
    CREATE_FOLDER = auto()
    """At the top; below another folder it is a matter of that folder."""
    REVOKE_CREDENTIALS = auto()
    """End the tokens, keys and sessions of other members; everyone may end their own."""
    SEE_ALL = auto()
    """Read everything of the organisation, where a listing is asked for that."""


class FolderPermission(StrEnum):
    """What may be done with a folder and the items in it."""

    LIST = auto()
    READ = auto()
    LINK_TO_DATASET = auto()
    UPLOAD = auto()
    """Also: register files of a bucket in it, make folders in it."""
    EDIT = auto()
    """Names, descriptions, metadata."""
    MOVE = auto()
    DELETE = auto()
    SHARE = auto()
    CONFIGURE_INGESTION = auto()


class IntegrationPermission(StrEnum):
    """What may be done with the connection to a bucket."""

    VIEW = auto()
    REGISTER_DATA = auto()
    DELETE = auto()
    SHARE = auto()


class DatasetPermission(StrEnum):
    """What may be done with a dataset."""

    READ = auto()
    ATTACH = auto()
    """To a project; the role on the project must allow it as well."""
    EDIT = auto()
    CHANGE_ROWS = auto()
    DELETE = auto()
    SHARE = auto()


class OntologyPermission(StrEnum):
    """What may be done with an ontology."""

    VIEW = auto()
    ATTACH = auto()
    """To a project, or take it away; the role on the project must allow it as well."""
    EDIT = auto()
    COPY = auto()
    DELETE = auto()
    SHARE = auto()


class ProjectPermission(StrEnum):
    """What may be done in a project."""

    VIEW = auto()
    ATTACH_DATASETS = auto()
    SWITCH_ONTOLOGY = auto()
    DELETE = auto()
    MANAGE_TEAM = auto()
    MANAGE_ADMINS = auto()
    ANNOTATE = auto()
    """Open tasks of an annotate stage."""
    REVIEW = auto()
    """Open tasks of a review stage."""
    CONFIRM_LABELS = auto()
    """Outside of a task."""
    MANAGE_TASKS = auto()
    """Assign, release, prioritise, move and reopen the tasks of others."""
    EDIT_SETTINGS = auto()
    """Layouts, instructions, project tags."""
    EXPORT_LABELS = auto()
    RAISE_ISSUES_ANNOTATING = auto()
    RAISE_ISSUES_REVIEWING = auto()
    DELETE_ANY_ISSUE = auto()
    ATTACH_ORGANISATION_TAGS = auto()


MEMBERS_MAY = frozenset(
    {Permission.EDIT_METADATA_SCHEMA, Permission.CREATE_INTEGRATION, Permission.CREATE_FOLDER}
)
ORGANISATION = {
    OrganisationRole.ADMIN: frozenset(Permission),
    OrganisationRole.WORKFORCE_MANAGER: MEMBERS_MAY | {Permission.MANAGE_GROUPS},
    OrganisationRole.MEMBER: MEMBERS_MAY,
    OrganisationRole.TASKER: frozenset[Permission](),
}

FOLDER = {
    EntityRole.ADMIN: frozenset(FolderPermission),
    EntityRole.USER: frozenset(
        {FolderPermission.LIST, FolderPermission.READ, FolderPermission.LINK_TO_DATASET}
    ),
}
INTEGRATION = {
    EntityRole.ADMIN: frozenset(IntegrationPermission),
    EntityRole.USER: frozenset({IntegrationPermission.VIEW}),
}
DATASET = {
    EntityRole.ADMIN: frozenset(DatasetPermission),
    EntityRole.USER: frozenset({DatasetPermission.READ, DatasetPermission.ATTACH}),
}
ONTOLOGY = {
    EntityRole.ADMIN: frozenset(OntologyPermission),
    EntityRole.USER: frozenset({OntologyPermission.VIEW, OntologyPermission.ATTACH}),
}

VIEWERS_MAY = frozenset({ProjectPermission.VIEW})
ANNOTATORS_MAY = VIEWERS_MAY | {
    ProjectPermission.ANNOTATE,
    ProjectPermission.RAISE_ISSUES_ANNOTATING,
}
REVIEWERS_MAY = VIEWERS_MAY | {
    ProjectPermission.REVIEW,
    ProjectPermission.RAISE_ISSUES_REVIEWING,
}
PROJECT = {
    ProjectRole.ADMIN: frozenset(ProjectPermission),
    ProjectRole.TEAM_MANAGER: ANNOTATORS_MAY
    | REVIEWERS_MAY
    | {
        ProjectPermission.MANAGE_TEAM,
        ProjectPermission.CONFIRM_LABELS,
        ProjectPermission.MANAGE_TASKS,
        ProjectPermission.EDIT_SETTINGS,
        ProjectPermission.EXPORT_LABELS,
    },
    ProjectRole.ANNOTATOR_REVIEWER: ANNOTATORS_MAY | REVIEWERS_MAY,
    ProjectRole.REVIEWER: REVIEWERS_MAY,
    ProjectRole.ANNOTATOR: ANNOTATORS_MAY,
    ProjectRole.VIEWER: VIEWERS_MAY,
}


def organisation_allows(role: OrganisationRole | None, permission: Permission) -> bool:
    """Whether a member of this role may do that in the organisation."""
    return role is not None and permission in ORGANISATION[role]


def folder_allows(role: EntityRole | None, permission: FolderPermission) -> bool:
    """Whether this role on a folder allows that, there and for the items in it."""
    return role is not None and permission in FOLDER[role]


def integration_allows(role: EntityRole | None, permission: IntegrationPermission) -> bool:
    """Whether this role on an integration allows that."""
    return role is not None and permission in INTEGRATION[role]


def dataset_allows(role: EntityRole | None, permission: DatasetPermission) -> bool:
    """Whether this role on a dataset allows that."""
    return role is not None and permission in DATASET[role]


def ontology_allows(role: EntityRole | None, permission: OntologyPermission) -> bool:
    """Whether this role on an ontology allows that."""
    return role is not None and permission in ONTOLOGY[role]


def project_allows(role: ProjectRole | None, permission: ProjectPermission) -> bool:
    """Whether this role on a project allows that."""
    return role is not None and permission in PROJECT[role]
