"""The indexes by metadata key as clients see them."""

from typing import Self

import strawberry

from app.search.models import IndexState, MetadataIndex
from schema import enums
from schema.scalars import SafeInt

enums.public(
    IndexState,
    "Where an index stands. Searches find the same in every state; only what they cost differs.",
    {
        IndexState.NONE: "There is none: so few files that looking at each is as quick.",
        IndexState.QUEUED: "It will be built; `message` says what it waits for, if it does.",
        IndexState.WAITING: "The build waits for older transactions to end. Nobody waits behind it.",
        IndexState.BUILDING: "It is being built, while everybody reads and writes.",
        IndexState.READY: "Searches use it where it helps.",
        IndexState.FAILED: "It could not be built, `message` says why; it is tried again within ten minutes.",
        IndexState.DROPPING: "It is being removed, since nothing needs it any more.",
    },
)


@strawberry.type(description="The index of one metadata key's values.")
class MetadataKeyIndex:
    """Where it stands."""

    state: IndexState = strawberry.field(description="Where the index stands.")
    done_count: SafeInt = strawberry.field(
        description="How much of the build's present step is done, in the database's own units; 0 outside of one."
    )
    total_count: SafeInt | None = strawberry.field(
        description="How much the present step has in all; null if that is not known."
    )
    message: str = strawberry.field(description="More about the state, for people; may be empty.")

    @classmethod
    def of(cls, row: MetadataIndex) -> Self:
        """The public form of a row."""
        return cls(
            state=row.state,
            done_count=SafeInt(row.done_count),
            total_count=None if row.total_count is None else SafeInt(row.total_count),
            message=row.message,
        )
