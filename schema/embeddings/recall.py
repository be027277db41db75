"""How much of the truth similarity search finds, measured on one's own vectors."""

from collections.abc import Mapping
from typing import Any, Self
from uuid import UUID

import strawberry

from app.files import queries as files
from schema.context import Info
from schema.files.types import File
from schema.loading import related
from schema.scalars import SafeInt


@strawberry.type(description="A search of a measurement.")
class EmbeddingRecallQuery:
    """One of the sampled vectors."""

    recall: float = strawberry.field(
        description="Which part of its true neighbours the index found, 0 to 1."
    )
    frame: int | None = strawberry.field(
        description="The frame whose vector was searched for, from 0; null for the file as a whole."
    )
    file_key: strawberry.Private[UUID]

    @strawberry.field(description="The file whose vector was searched for; null if it has gone.")
    def file(self, info: Info) -> File | None:
        return related(info, files.files_by_id, self.file_key, File.of)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """The public form."""
        frame = None if told["frame"] < 0 else told["frame"]
        return cls(recall=told["recall"], frame=frame, file_key=UUID(hex=told["file"]))


@strawberry.type(
    description="Vectors of a key were searched for by the index and by comparing all: how much the index found."
)
class EmbeddingRecall:
    """The result of one job."""

    k: int = strawberry.field(description="How many neighbours each search looked for.")
    vector_count: SafeInt = strawberry.field(description="Vectors of the key.")
    query_count: int = strawberry.field(description="How many of them were searched for.")
    mean: float = strawberry.field(
        description="Which part of the true neighbours the index found, 0 to 1, on the average."
    )
    minimum: float = strawberry.field(
        description="The same for the worst search: a good mean may hide one that finds nothing."
    )
    index_ms: float = strawberry.field(
        description="Milliseconds of a search by the index, the median."
    )
    exact_ms: float = strawberry.field(
        description="Milliseconds of a comparison with all, the median."
    )
    worst: list[EmbeddingRecallQuery] = strawberry.field(
        description="The searches that found least, at most 20, the worst first."
    )

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Self:
        """The public form of a job's result."""
        told = {name: result[name] for name in cls.__annotations__ if name != "worst"}
        return cls(**told, worst=[EmbeddingRecallQuery.of(one) for one in result["worst"]])
