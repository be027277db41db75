"""What a search for the nearest vectors is about: whose vectors, which files, near to what."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import FromClause, Integer, Select, TableClause, Uuid, column, table

from app.core.db import Scope
from app.core.joins import Join
from app.core.paging import Listing
from app.embeddings.operators import HalfVector


@dataclass(frozen=True, slots=True, kw_only=True)
class Vectors:
    """The table of a key's vectors, and what is known of it."""

    name: str
    dimensions: int
    count: int
    is_indexed: bool
    """Whether its index is ready."""

    @property
    def clause(self) -> TableClause:
        """For statements."""
        kind = HalfVector(self.dimensions)
        columns = column("file_id", Uuid), column("frame", Integer), column("vector", kind)
        return table(self.name, *columns)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Files that may be found: a list of files as somebody sees them.

    Where it `leaves_most`, hardly any file of the organisation is missing.
    """

    listing: Listing[Any]
    leaves_most: bool = False

    @property
    def entity(self) -> FromClause:
        """The table of files."""
        found: FromClause = self.listing.statement.column_descriptions[0]["entity"].__table__
        return found

    def ids(self) -> Select[Any]:
        """Their ids."""
        ids = self.listing.statement.with_only_columns(self.entity.c.id, maintain_column_froms=True)
        return ids.order_by(None)


@dataclass(frozen=True, slots=True)
class Beside:
    """What is read together with a search: the rows of the nearest files, as many as `count`, of a list."""

    listing: Listing[Any]
    columns: frozenset[str] | None
    joins: tuple[Join, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Who looks for what, and which vectors are left out."""

    scope: Scope
    vectors: Vectors
    vector: bytes
    """In pgvector's binary form: see `halfvec.pack`."""
    without_file: UUID | None = None
    without_frame: int | None = None
    """Of that file; None: all of it."""

    @property
    def given(self) -> dict[str, Any]:
        """Arguments by name."""
        file_id, frame = self.without_file, self.without_frame
        return {"vector": self.vector, "without_file": file_id, "without_frame": frame}
