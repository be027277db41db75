"""The metadata schema as clients see it."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import strawberry

from app.accounts.tokens import TokenScope
from app.core import ids
from app.core.errors import TooLarge
from app.core.ids import Kind
from app.core.paging import Listing
from app.embeddings import encoder_queries
from app.files import queries as files
from app.files import verification
from app.files.models import FileTypeError
from app.metadata import models, queries, wire
from app.metadata.kinds import Embedding, Enumeration, KeyType, Tombstone
from app.metadata.models import KeyState
from app.metadata.queries import Whole
from app.search import queries as indexes
from schema.context import Info
from schema.embeddings.encoder_types import EmbeddingEncoder
from schema.files.types import File
from schema.inputs import given
from schema.loading import looked_up, related
from schema.metadata.enums import MetadataKeyType
from schema.node import Node, Source, Sources
from schema.paging import After, Before, Connection, First, Last, listed, page
from schema.scalars import Json
from schema.search.indexes import MetadataKeyIndex

MOST_PROJECT_DIMENSIONS = 2_000
"""Longer vectors cannot be explored in projects (domain 5.4)."""
MOST_NAMES = 1_000

IncludeDeleted = Annotated[
    bool, strawberry.argument(description="Whether deleted keys are listed, too.")
]
Names = Annotated[
    list[str] | None,
    strawberry.argument(description="Only of these keys, at most 1,000; null: of all."),
]


@strawberry.type(description="A number of files, counted up to a cap.")
class MetadataFileCount:
    """A count that may have stopped early."""

    value: int = strawberry.field(description="The number of files, or as many as were counted.")
    is_exact: bool = strawberry.field(
        description="False when counting stopped at a cap, and value is a lower bound."
    )

    @classmethod
    def of(cls, count: verification.Count | None) -> Self:
        """The public form."""
        count = count or verification.Count()
        return cls(value=count.value, is_exact=count.is_exact)


@strawberry.type(
    description="A key of client metadata whose type is declared. Names are case-sensitive and stay taken when"
    " the key is deleted."
)
class MetadataKey(Node):
    """One key, perhaps deleted."""

    name: str = strawberry.field(
        description="A top-level member of client metadata, literally: a period is no path."
    )
    type: MetadataKeyType | None = strawberry.field(
        description="What its values are; null if the key is deleted."
    )
    deleted_type: MetadataKeyType | None = strawberry.field(
        description="What a softly deleted key was, and would be again; else null."
    )
    is_deleted: bool = strawberry.field(description="Whether the key is deleted, softly or hard.")
    is_hard_deleted: bool = strawberry.field(
        description="Whether it was deleted for good, so that nobody can use the name again."
    )
    options: list[str] | None = strawberry.field(
        description="The options of an enumeration in code point order, 1 to 256; else null."
    )
    dimensions: int | None = strawberry.field(
        description="How many numbers an embedding has, 1 to 4,096; else null."
    )
    is_usable_for_projects: bool | None = strawberry.field(
        description="Whether an embedding can be explored in projects: up to 2,000 dimensions. Null for other"
        " types."
    )
    state: KeyState = strawberry.field(
        description="Whether the values that files already hold have been read."
    )
    created_at: datetime = strawberry.field(description="When the key was first added.")
    updated_at: datetime = strawberry.field(description="When its definition last changed.")
    row_id: strawberry.Private[UUID]

    @strawberry.field(
        description="How many of the files that you may see have a value that fits; for EMBEDDING and GEOSPATIAL,"
        " any value but null. At most 200,000 files are looked at, 2,000 for those two types."
    )
    def file_count(self, info: Info) -> MetadataFileCount:
        return looked_up(info, verification.value_counts, self.row_id, MetadataFileCount.of)

    @strawberry.field(
        description="How many of the files that you may see have a value that does not fit the type, and counts"
        " as missing. Counted up to 10,000."
    )
    def type_error_count(self, info: Info) -> MetadataFileCount:
        return looked_up(info, verification.error_counts, self.row_id, MetadataFileCount.of)

    @strawberry.field(
        description="Who makes this embedding's vectors from texts and pictures; null if nobody does."
    )
    def encoder(self, info: Info) -> EmbeddingEncoder | None:
        return related(info, encoder_queries.encoders_of, self.row_id, EmbeddingEncoder.of)

    @strawberry.field(
        description="The index that filters and sorts by this key lean on; null for deleted keys, EMBEDDING and"
        " GEOSPATIAL."
    )
    def index(self, info: Info) -> MetadataKeyIndex | None:
        return related(info, indexes.indexes_of, self.row_id, MetadataKeyIndex.of)

    @classmethod
    def of(cls, row: models.MetadataKey) -> Self:
        """The public form of a row."""
        kind = wire.from_wire(row.definition)
        deleted = kind.deleted if isinstance(kind, Tombstone) else None
        shown = deleted or kind
        size = shown.size if isinstance(shown, Embedding) else None
        return cls(
            id=strawberry.ID(ids.encode(Kind.METADATA_KEY, row.id)),
            name=row.name,
            type=_public_type(kind),
            deleted_type=None if deleted is None else _public_type(deleted),
            is_deleted=isinstance(kind, Tombstone),
            is_hard_deleted=kind == Tombstone(None),
            options=list(shown.values) if isinstance(shown, Enumeration) else None,
            dimensions=size,
            is_usable_for_projects=None if size is None else size <= MOST_PROJECT_DIMENSIONS,
            state=row.state,
            created_at=row.created_at,
            updated_at=row.updated_at,
            row_id=row.id,
        )

    @classmethod
    async def load(cls, info: Info, key: str | None) -> Self | None:
        """The key that a change answered with."""
        row = await info.context.load(queries.keys_by_id, UUID(key)) if key else None
        return cls.of(row) if row else None


def _public_type(kind: KeyType) -> MetadataKeyType | None:
    if isinstance(kind, Tombstone):
        return None
    written = wire.to_wire(kind)
    return MetadataKeyType(str(written.get("hint", written["ty"])))


@strawberry.type(
    description="A value that does not fit its key's type. It is kept, but counts as missing in filters."
)
class MetadataTypeError:
    """One value."""

    key: MetadataKey = strawberry.field(description="The key.")
    frame: int | None = strawberry.field(
        description="The first frame with such a value, from 0; null if it is the file's own."
    )
    found: str = strawberry.field(description="What was expected and what was found.")
    file_row_id: strawberry.Private[UUID]

    @strawberry.field(description="The file that holds it; null if it was deleted meanwhile.")
    def file(self, info: Info) -> File | None:
        return related(info, files.files_by_id, self.file_row_id, File.of)


@strawberry.type(
    description="What type each key of the organisation's client metadata has. Metadata need not fit it: what"
    " does not is kept and reported here."
)
class MetadataSchema:
    """The schema of one organisation."""

    revision: int = strawberry.field(
        description="Counts changes, from 0; send it back as expectedRevision."
    )
    rows: strawberry.Private[list[models.MetadataKey]]

    @strawberry.field(description="The keys by name, at most 2,000.")
    def keys(self, include_deleted: IncludeDeleted = False) -> list[MetadataKey]:
        keys = map(MetadataKey.of, self.rows)
        return [key for key in keys if include_deleted or not key.is_deleted]

    @strawberry.field(
        description='The schema as one JSON object, deleted keys too, `{"weather": {"ty": "enum", "values":'
        ' ["rain", "sunny"]}}`: what importMetadataSchema reads.'
    )
    def document(self) -> Json:
        return Json({row.name: row.definition for row in self.rows})

    @strawberry.field(
        description="Values that do not fit the type of their key, in the files that you may see, by key; at"
        " most two for each file and key."
    )
    async def type_errors(
        self,
        info: Info,
        keys: Names = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[MetadataTypeError]:
        names = given(keys)
        by_number = {row.number: row for row in self._named(names)}
        statement = verification.type_errors(info.context.actor, list(by_number))

        def of(row: FileTypeError) -> MetadataTypeError:
            return MetadataTypeError(
                key=MetadataKey.of(by_number[row.key_number]),
                frame=None if row.frame < 0 else row.frame,
                found=row.found,
                file_row_id=row.file_id,
            )

        listing = Listing(statement, verification.TYPE_ERRORS, names)
        return await listed(info, listing, page(first, after, last, before), of)

    def _named(self, names: list[str] | None) -> list[models.MetadataKey]:
        if names is not None and len(names) > MOST_NAMES:
            raise TooLarge(f"{len(names):,} keys; at most {MOST_NAMES:,} at once.", field=("keys",))
        living = [row for row in self.rows if row.definition["ty"] != "tombstone"]
        return [row for row in living if names is None or row.name in set(names)]

    @classmethod
    def of(cls, whole: Whole) -> Self:
        """The public form."""
        return cls(revision=whole.revision, rows=whole.keys)

    @classmethod
    async def load(cls, info: Info) -> Self:
        """The schema of the caller's organisation, as it is now."""
        info.context.actor.must_have(TokenScope.READ)
        whole = await info.context.load(queries.wholes_of, info.context.actor.organisation_id)
        return cls.of(whole or Whole())


NODES: Sources = {Kind.METADATA_KEY: Source(queries.keys_by_id, MetadataKey.of)}
