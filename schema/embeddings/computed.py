"""What a job that made vectors of images came to."""

from typing import Any, Self
from uuid import UUID

import strawberry

from app.files import queries as files
from schema.context import Info
from schema.files.types import File
from schema.loading import related
from schema.scalars import SafeInt


@strawberry.type(description="An image that got no vector.")
class SkippedImage:
    """One image and why."""

    reason: str = strawberry.field(description="Why, for people.")
    key: strawberry.Private[UUID]

    @strawberry.field(description="The file; null if it is gone, or not for you to see.")
    def file(self, info: Info) -> File | None:
        return related(info, files.files_by_id, self.key, File.of)


@strawberry.type(description="What making vectors of images came to so far.")
class ComputedEmbeddings:
    """The result of a job."""

    encoded_count: SafeInt = strawberry.field(description="Images that got a vector.")
    skipped_count: SafeInt = strawberry.field(description="Images that got none.")
    skipped: list[SkippedImage] = strawberry.field(description="The first 100 of those, and why.")

    @classmethod
    def of(cls, result: dict[str, Any]) -> Self:
        """The public form of a job's result."""
        return cls(
            encoded_count=SafeInt(result["encoded"]),
            skipped_count=SafeInt(result["skipped"]),
            skipped=[
                SkippedImage(reason=one["message"], key=UUID(one["file"]))
                for one in result["reasons"]
            ],
        )
