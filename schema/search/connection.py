"""A page of a search: files, and how well each fits."""

import strawberry

from schema.files.types import File
from schema.paging import Connection, Edge


@strawberry.type(description="A file in a page of a search.")
class FileSearchEdge(Edge[File]):
    """An edge with a score."""

    @strawberry.field(
        description="How close the file is to what it was compared with, -1 to 1, higher is closer; null without"
        " similarTo."
    )
    def score(self) -> float | None:
        row = self.part.rows[self.position]
        found: float | None = row["score"] if "score" in row else None  # noqa: SIM401  no get
        return found


@strawberry.type(description="A page of a search over files, in the search's order.")
class FileSearchConnection(Connection[File]):
    """What is found."""

    @strawberry.field(description="The files with their cursors and scores.")
    def edges(self) -> list[FileSearchEdge]:
        return [
            FileSearchEdge(part=self.part, of=self.of, position=position)
            for position in range(len(self.part.rows))
        ]
