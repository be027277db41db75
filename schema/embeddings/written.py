"""What came of a file of vectors, as clients see it."""

from typing import Any, Self

import strawberry

from schema.errors import UserError
from schema.scalars import SafeInt


@strawberry.type(description="A line of an uploaded file that was refused.")
class EmbeddingLineError:
    """One line."""

    line: SafeInt = strawberry.field(description="Its number, from 1.")
    error: UserError = strawberry.field(description="Why, with the path within the line.")


@strawberry.type(description="What setEmbeddingsFromUpload has written; grows while it runs.")
class WrittenEmbeddings:
    """The figures of one job."""

    written_count: SafeInt = strawberry.field(description="Lines whose vector was written.")
    rejected_count: SafeInt = strawberry.field(description="Lines that were refused.")
    errors: list[EmbeddingLineError] = strawberry.field(
        description="Why, of the first 100 that were refused."
    )

    @classmethod
    def of(cls, result: dict[str, Any]) -> Self:
        """The public form of a job's result."""
        return cls(
            written_count=SafeInt(result["written_count"]),
            rejected_count=SafeInt(result["rejected_count"]),
            errors=[
                EmbeddingLineError(line=SafeInt(error["line"]), error=UserError.told(error))
                for error in result["errors"]
            ],
        )
