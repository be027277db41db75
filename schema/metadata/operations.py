"""What can be asked about the metadata schema."""

import strawberry

from schema.context import Info
from schema.metadata.types import MetadataSchema


@strawberry.type
class MetadataQuery:
    """The metadata schema's share of Query."""

    @strawberry.field(
        description="What type each key of client metadata has, and what does not fit."
    )
    async def metadata_schema(self, info: Info) -> MetadataSchema | None:
        return await MetadataSchema.load(info)
