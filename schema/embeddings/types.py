"""The embedding keys of an organisation as clients see them."""

from typing import Self
from uuid import UUID

import strawberry

from app.embeddings import tables
from app.embeddings.models import VectorIndexState
from app.embeddings.tables import KeyTable
from app.metadata import queries as metadata
from schema import enums
from schema.context import Info
from schema.loading import related
from schema.metadata.types import MetadataKey
from schema.scalars import SafeInt

enums.public(
    VectorIndexState,
    "Where the index over a key's vectors stands. Answers are exact without one, only slower.",
    {
        VectorIndexState.NONE: "There is none: comparing all vectors is as quick.",
        VectorIndexState.QUEUED: "It waits for a worker.",
        VectorIndexState.WAITING: "It waits for older transactions to end.",
        VectorIndexState.BUILDING: "It is being built; writers need not wait.",
        VectorIndexState.READY: "It serves.",
        VectorIndexState.FAILED: "It could not be built; message says why. It will be tried again.",
    },
)


@strawberry.type(description="The index over the vectors of one key.")
class VectorIndex:
    """One index."""

    state: VectorIndexState = strawberry.field(description="Where it stands.")
    is_serving: bool = strawberry.field(
        description="Whether searches use it; also true while it is built anew beside the one that serves."
    )
    done_count: SafeInt = strawberry.field(description="Vectors that are in it, as far as built.")
    total_count: SafeInt | None = strawberry.field(
        description="Vectors that will be in it; null while nothing is to be built."
    )
    message: str = strawberry.field(
        description="What went wrong, or what it waits for, for people; else empty."
    )


@strawberry.type(
    description="An embedding key of the metadata schema, with what is known of its vectors."
)
class EmbeddingKey:
    """One key."""

    key: str = strawberry.field(description="Its name.")
    dimensions: int = strawberry.field(description="How many numbers a vector has, 1 to 4,096.")
    vector_count: SafeInt = strawberry.field(
        description="Vectors of files and frames, your own or not, as they were last counted: a few seconds ago."
        " Exact up to 200,000."
    )
    index: VectorIndex = strawberry.field(description="The index over them.")
    row_id: strawberry.Private[UUID]

    @strawberry.field(description="The key in the metadata schema.")
    def metadata_key(self, info: Info) -> MetadataKey | None:
        return related(info, metadata.keys_by_id, self.row_id, MetadataKey.of)

    @classmethod
    def of(cls, table: KeyTable) -> Self:
        """The public form."""
        total = table.total_count
        return cls(
            key=table.key,
            dimensions=table.dimensions,
            vector_count=SafeInt(table.vector_count),
            index=VectorIndex(
                state=table.index_state,
                is_serving=table.has_index,
                done_count=SafeInt(table.done_count),
                total_count=None if total is None else SafeInt(total),
                message=table.message,
            ),
            row_id=table.key_id,
        )

    @classmethod
    async def every(cls, info: Info) -> list[Self]:
        """All of the caller's organisation, by name."""
        context = info.context
        found = await tables.tables_of(context.runtime.reads, context.actor)
        return [cls.of(one) for one in found]
