"""Inputs of the mutations of folders and of sharing."""

from typing import Any, TypeVar
from uuid import UUID

import strawberry

from app.core import ids
from app.core.errors import Invalid
from app.core.ids import Kind
from app.files.sharing import People
from schema.files.enums import EntityRole
from schema.inputs import ExpectedRevision, IdempotencyKey
from schema.scalars import Json

T = TypeVar("T")


@strawberry.input(description="A folder to make.")
class CreateFolderInput:
    """Input of createFolder."""

    name: str = strawberry.field(description="1 to 255 characters; need not be unique.")
    description: str = strawberry.field(default="", description="Up to 4,096 characters.")
    parent_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The folder to put it into; left out: at the top of the organisation.",
    )
    client_metadata: Json | None = strawberry.field(
        default=strawberry.UNSET, description="A JSON object of your own, of at most 10 MiB."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Changes of a folder. What is left out stays as it is.")
class UpdateFolderInput:
    """Input of updateFolder."""

    folder_id: strawberry.ID = strawberry.field(description="The folder.")
    name: strawberry.Maybe[str] = strawberry.field(description="1 to 255 characters.")
    description: strawberry.Maybe[str | None] = strawberry.field(
        description="Up to 4,096 characters; null clears it."
    )
    client_metadata: strawberry.Maybe[Json | None] = strawberry.field(
        description="A JSON object that takes the place of the stored one; null clears it."
    )
    expected_revision: ExpectedRevision = strawberry.UNSET
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="A folder to move, with everything below it.")
class MoveFolderInput:
    """Input of moveFolder."""

    folder_id: strawberry.ID = strawberry.field(description="The folder.")
    parent_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description="The folder to put it into; null: the top of the organisation. It must be given."
    )
    expected_revision: ExpectedRevision = strawberry.UNSET
    idempotency_key: IdempotencyKey = strawberry.UNSET

    def target(self) -> UUID | None:
        """The new parent; None: the top. Raises Invalid if neither was said."""
        if self.parent_id is None:
            raise Invalid("Say where to: a folder, or null for the top.", field=("parent_id",))
        parent = self.parent_id.value
        return None if parent is None else ids.decode(Kind.FOLDER, parent)


@strawberry.input(description="A folder to delete, with everything below it.")
class DeleteFolderInput:
    """Input of deleteFolder."""

    folder_id: strawberry.ID = strawberry.field(description="The folder.")
    expected_revision: ExpectedRevision = strawberry.UNSET
    idempotency_key: IdempotencyKey = strawberry.UNSET


TAGS = "Names of tags, exact and case-sensitive, at most 1,000. Unknown names are an error that lists them."


@strawberry.input(description="Tags to put on a folder.")
class AttachFolderTagsInput:
    """Input of attachFolderTags."""

    folder_id: strawberry.ID = strawberry.field(description="The folder.")
    tags: list[str] = strawberry.field(description=TAGS)
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Tags to take off a folder.")
class DetachFolderTagsInput:
    """Input of detachFolderTags."""

    folder_id: strawberry.ID = strawberry.field(description="The folder.")
    tags: list[str] = strawberry.field(description=TAGS)
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Whom it is about: members of the organisation and groups.")
class GranteesInput:
    """At most 1,000 in all."""

    user_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Members by id."
    )
    emails: list[str] = strawberry.field(default_factory=list, description="Members by e-mail.")
    group_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Groups by id."
    )


TO = "Who is given the role."
OF = "Whose role changes; each must have one of their own there."
FROM = "Who loses the role; who has none is passed over."
ROLE = "What they may do. Who has a role of their own already keeps that."
NEW_ROLE = "What they may do from now on."


@strawberry.input(description="A role to give on a folder.")
class ShareFolderInput:
    """Input of shareFolder."""

    folder_id: strawberry.ID = strawberry.field(description="Which one.")
    to: GranteesInput = strawberry.field(description=TO)
    role: EntityRole = strawberry.field(description=ROLE)
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Another role on a folder.")
class ChangeFolderRoleInput:
    """Input of changeFolderRole."""

    folder_id: strawberry.ID = strawberry.field(description="Which one.")
    of: GranteesInput = strawberry.field(description=OF)
    role: EntityRole = strawberry.field(description=NEW_ROLE)
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Roles to take away from a folder.")
class UnshareFolderInput:
    """Input of unshareFolder."""

    folder_id: strawberry.ID = strawberry.field(description="Which one.")
    from_: GranteesInput = strawberry.field(name="from", description=FROM)
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="A role to give on an integration.")
class ShareIntegrationInput:
    """Input of shareIntegration."""

    integration_id: strawberry.ID = strawberry.field(description="Which one.")
    to: GranteesInput = strawberry.field(description=TO)
    role: EntityRole = strawberry.field(description=ROLE)
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Another role on an integration.")
class ChangeIntegrationRoleInput:
    """Input of changeIntegrationRole."""

    integration_id: strawberry.ID = strawberry.field(description="Which one.")
    of: GranteesInput = strawberry.field(description=OF)
    role: EntityRole = strawberry.field(description=NEW_ROLE)
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Roles to take away from an integration.")
class UnshareIntegrationInput:
    """Input of unshareIntegration."""

    integration_id: strawberry.ID = strawberry.field(description="Which one.")
    from_: GranteesInput = strawberry.field(name="from", description=FROM)
    idempotency_key: IdempotencyKey = strawberry.UNSET


def cleared(value: "strawberry.Some[Any] | None", empty: T) -> T | None:
    """What a member of an update says: None if it was left out, `empty` if it was null."""
    if value is None:
        return None
    return empty if value.value is None else value.value


def people(given: GranteesInput) -> People:
    """The same for `app`."""
    return People(
        user_ids=[ids.decode(Kind.USER, one) for one in given.user_ids],
        emails=given.emails,
        group_ids=[ids.decode(Kind.GROUP, one) for one in given.group_ids],
    )
