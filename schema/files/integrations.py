"""Integrations as clients see them."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

import strawberry

from app.core import ids
from app.core.ids import Kind
from app.files import access, listings, models, queries
from schema.accounts.users import User
from schema.context import Info
from schema.files.enums import EntityRole, StorageLocation
from schema.files.parts import Grant, user_of
from schema.loading import related
from schema.node import Node, Source, Sources
from schema.paging import After, Before, Connection, First, Last, nested, page


@strawberry.type(
    description="What an integration reaches. Members that its provider does not have are null; secrets are never"
    " shown."
)
class IntegrationConfiguration:
    """What may be shown of a connection."""

    bucket: str | None = strawberry.field(
        description="The bucket or container; null: all that the credentials open."
    )
    prefix: str = strawberry.field(description="Only what lies below this folder; empty: all.")
    region: str | None = strawberry.field(description="Of S3.")
    endpoint: str | None = strawberry.field(description="Of a service that speaks S3.")
    is_path_style: bool | None = strawberry.field(
        description="Whether the bucket is in the path of a URL and not in its host."
    )
    account: str | None = strawberry.field(description="Of Azure.")
    root: str | None = strawberry.field(description="The folder of a LOCAL integration.")
    access_key_id: str | None = strawberry.field(description="The public half of a pair of keys.")
    role_arn: str | None = strawberry.field(description="The AWS role that this server takes on.")
    external_id: str | None = strawberry.field(
        description="What the trust policy of that role must ask for."
    )

    @classmethod
    def of(cls, configuration: dict[str, Any]) -> Self:
        """The public form."""
        names = (
            "bucket",
            "region",
            "endpoint",
            "is_path_style",
            "account",
            "root",
            "access_key_id",
            "role_arn",
            "external_id",
        )
        return cls(
            prefix=configuration.get("prefix", ""),
            **{name: configuration.get(name) for name in names},
        )


@strawberry.type(
    description="A connection to an object store, through which files are registered and read where they lie."
)
class Integration(Node):
    """One integration."""

    title: str = strawberry.field(description="1 to 255 characters; need not be unique.")
    provider: StorageLocation = strawberry.field(description="Whose store it is.")
    configuration: IntegrationConfiguration = strawberry.field(description="What it reaches.")
    is_strict_client_only: bool = strawberry.field(
        description="Whether the server signs URLs but never reads media; then their metadata must come with"
        " the registration."
    )
    revision: int = strawberry.field(
        description="Counts changes; send it back as expectedRevision."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    row: strawberry.Private[models.Integration]

    @strawberry.field(description="Who made it; null if they have left.")
    def created_by(self, info: Info) -> User | None:
        return user_of(info, self.row.created_by)

    @strawberry.field(
        description="Your own role; null for an administrator of the organisation without one."
    )
    def user_role(self, info: Info) -> EntityRole | None:
        return related(info, access.integration_roles, self.row.id, EntityRole)

    @strawberry.field(description="The roles that were given on it.")
    def grants(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Grant]:
        kind, asked = "integration grants", page(first, after, last, before)
        return nested(info, kind, self.row.id, listings.integration_grants, asked, Grant.of)

    @classmethod
    def of(cls, row: models.Integration) -> Self:
        """The public form of a row."""
        return cls(
            id=strawberry.ID(ids.encode(Kind.INTEGRATION, row.id)),
            title=row.title,
            provider=row.provider,
            configuration=IntegrationConfiguration.of(row.configuration),
            is_strict_client_only=row.is_strict_client_only,
            revision=row.revision,
            created_at=row.created_at,
            updated_at=row.updated_at,
            row=row,
        )

    @classmethod
    async def load(cls, info: Info, key: UUID | str | None) -> Self | None:
        """The integration of this key, if the caller may see it."""
        if key is None:
            return None
        key = key if isinstance(key, UUID) else UUID(key)
        row = await info.context.load(queries.integrations_by_id, key)
        return cls.of(row) if row else None


NODES: Sources = {Kind.INTEGRATION: Source(queries.integrations_by_id, Integration.of)}
