"""Values that do not fit the keys that a search names, as clients see them."""

from typing import Self
from uuid import UUID

import strawberry

from app.core import ids
from app.core.ids import Kind
from app.core.reads import Row
from app.files import queries
from app.search.type_errors import WrongValues
from schema.context import Info
from schema.files.types import File
from schema.loading import related
from schema.paging import TotalCount


@strawberry.type(
    description="A value that does not fit the type of its key. The file is treated as if it had none."
)
class FileSearchTypeError:
    """One value."""

    file_id: strawberry.ID = strawberry.field(description="The file that holds it.")
    frame: int | None = strawberry.field(
        description="The first frame with such a value, from 0; null if it is the file's own."
    )
    found: str = strawberry.field(description="What was expected and what was found.")
    file_key: strawberry.Private[UUID]

    @strawberry.field(description="The file; null if it was deleted meanwhile.")
    def file(self, info: Info) -> File | None:
        return related(info, queries.files_by_id, self.file_key, File.of)

    @classmethod
    def of(cls, row: Row) -> Self:
        """The public form of a row."""
        key = row["file_id"]
        return cls(
            file_id=strawberry.ID(ids.encode(Kind.FILE, key)),
            frame=None if row["frame"] < 0 else row["frame"],
            found=row["found"],
            file_key=key,
        )


@strawberry.type(
    description="Of a metadata key that the filter or the sort names: the values that do not fit its type, in"
    " files that you may see, whether or not the filter would let them through."
)
class FileSearchTypeErrors:
    """Of one key."""

    key: str = strawberry.field(description="The key.")
    count: TotalCount = strawberry.field(
        description="How many files have such a value, counted up to 10,000."
    )
    sample: list[FileSearchTypeError] = strawberry.field(
        description="Up to five of the values, of the oldest files first."
    )

    @classmethod
    def each(cls, found: list[WrongValues] | None) -> list[Self]:
        """The public forms."""
        return [
            cls(
                key=one.key.name,
                count=TotalCount(value=one.count, is_exact=one.is_exact),
                sample=list(map(FileSearchTypeError.of, one.sample)),
            )
            for one in found or ()
        ]
