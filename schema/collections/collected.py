"""What a job has put into a collection, or taken out."""

from typing import Any, Self
from uuid import UUID

import strawberry

from app.collections import queries
from schema.collections.types import Collection
from schema.context import Info
from schema.loading import related
from schema.scalars import SafeInt


@strawberry.type(description="What a job has put into a collection, or taken out, so far.")
class CollectedFiles:
    """Figures of one job."""

    matched_file_count: SafeInt = strawberry.field(
        description="Files that the preset let through and that the job has seen to."
    )
    added_file_count: SafeInt = strawberry.field(description="Files that are new in it.")
    removed_file_count: SafeInt = strawberry.field(description="Files that were taken out.")
    collection_key: strawberry.Private[UUID]

    @strawberry.field(description="The collection; null if it is gone, or not for you.")
    def collection(self, info: Info) -> Collection | None:
        return related(info, queries.by_id, self.collection_key, Collection.of)

    @classmethod
    def of(cls, asked: dict[str, Any], result: dict[str, Any]) -> Self:
        """The public form of what a job was asked for, and what came of it."""
        is_removal, changed = asked["is_removal"], result["changed"]
        return cls(
            matched_file_count=SafeInt(result["matched"]),
            added_file_count=SafeInt(0 if is_removal else changed),
            removed_file_count=SafeInt(changed if is_removal else 0),
            collection_key=UUID(asked["collection"]),
        )
