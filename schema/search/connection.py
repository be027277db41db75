"""A page of a search: files, and how well each fits."""

from typing import Any

import strawberry

from app.embeddings.tables import WHOLE_FILE
from app.search.type_errors import WrongValuesOf
from schema.context import Info
from schema.embeddings.similarity import Similarity
from schema.files.types import File
from schema.inputs import given
from schema.loading import looked_up
from schema.paging import Connection, Edge
from schema.search.facets import Buckets, FacetFields, FacetKeys, FacetsOf, FileFacets, wanted
from schema.search.type_errors import FileSearchTypeErrors


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

    @strawberry.field(
        description="Which frame of the file was nearest; null if it was the file as a whole, and without"
        " similarTo."
    )
    def frame(self) -> int | None:
        row = self.part.rows[self.position]
        found: int | None = row["frame"] if "frame" in row else None  # noqa: SIM401  no get
        return None if found == WHOLE_FILE else found


@strawberry.type(description="A page of a search over files, in the search's order.")
class FileSearchConnection(Connection[File]):
    """What is found."""

    names: strawberry.Private[frozenset[str]] = frozenset()
    """The metadata keys that the filter and the sort name."""

    @strawberry.field(
        description="For the metadata keys that the filter or the sort names: values that do not fit the key's"
        " type and so count as missing. Empty if all fit; read only when selected."
    )
    def type_errors(self, info: Info) -> list[FileSearchTypeErrors]:
        batch: Any = WrongValuesOf()
        return looked_up(info, batch, self.names, FileSearchTypeErrors.each)

    @strawberry.field(description="The files with their cursors and scores.")
    def edges(self) -> list[FileSearchEdge]:
        return [
            FileSearchEdge(part=self.part, of=self.of, position=position)
            for position in range(len(self.part.rows))
        ]

    @strawberry.field(
        description="How the nearest were found, and what it cost; null without similarTo."
    )
    def similarity(self) -> Similarity | None:
        return Similarity.of(self.part)

    @strawberry.field(
        description="How the files that are found, on all pages, spread over metadata keys and fields; counted"
        " only when selected."
    )
    def facets(
        self,
        info: Info,
        keys: FacetKeys = strawberry.UNSET,
        fields: FacetFields = strawberry.UNSET,
        buckets: Buckets = 20,
    ) -> FileFacets:
        asked = wanted(given(keys), given(fields), buckets)
        batch: Any = FacetsOf(self.kind, asked, self.listing)
        return looked_up(info, batch, self.parent, FileFacets.of)
