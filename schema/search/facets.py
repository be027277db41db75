"""Facets of a search as clients see them."""

from collections.abc import Collection, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry

from app.accounts.actor import Actor
from app.accounts.batches import HotBatch
from app.accounts.pages import Lists, prepared
from app.core import ids
from app.core.ids import Kind
from app.core.reads import Reads
from app.search import facets
from app.search.facets import Bucket, Facet, FacetField, Wanted
from schema import enums

enums.public(
    FacetField,
    "A field of files whose values can be counted.",
    {
        FacetField.TYPE: "What the file is.",
        FacetField.FOLDER: "The folder that the file lies in; the value is the folder's id.",
        FacetField.STORAGE_LOCATION: "Whose store holds the bytes.",
    },
    name="FileFacetField",
)

FacetKeys = Annotated[
    list[str] | None,
    strawberry.argument(
        description="Names of metadata keys of any type but TEXT, EMBEDDING and GEOSPATIAL. At most 10 with the"
        " fields."
    ),
]
FacetFields = Annotated[
    list[FacetField] | None, strawberry.argument(description="Fields of the files.")
]
Buckets = Annotated[
    int, strawberry.argument(description="How many buckets a histogram has, 1 to 100.")
]


@strawberry.type(description="A value, and how many files have it.")
class FileFacetValue:
    """One row of a facet."""

    value: str = strawberry.field(
        description="The value as text: an option, true or false, a text, the name of an enum's value, an id."
    )
    count: int = strawberry.field(description="How many files have it, at least 1.")


@strawberry.type(
    description="The files whose value is at least the lower bound and below the upper one; in the last bucket"
    " the upper bound belongs to it. Numbers have the bounds `lower` and `upper`, instants `lowerAt` and"
    " `upperAt`."
)
class FileFacetBucket:
    """One bar of a histogram."""

    lower: float | None = strawberry.field(description="Lower bound of numbers; else null.")
    upper: float | None = strawberry.field(description="Upper bound of numbers; else null.")
    lower_at: datetime | None = strawberry.field(
        description="Lower bound of instants, to the microsecond; else null."
    )
    upper_at: datetime | None = strawberry.field(
        description="Upper bound of instants, to the microsecond; else null."
    )
    count: int = strawberry.field(description="How many files lie in it; may be 0.")

    @classmethod
    def of(cls, bucket: Bucket) -> Self:
        """The public form."""
        lower, upper = bucket.lower, bucket.upper
        if isinstance(lower, datetime) and isinstance(upper, datetime):
            return cls(lower=None, upper=None, lower_at=lower, upper_at=upper, count=bucket.count)
        assert isinstance(lower, float) and isinstance(upper, float)  # noqa: S101, PT018  both or none
        return cls(lower=lower, upper=upper, lower_at=None, upper_at=None, count=bucket.count)


@strawberry.type(description="How the files of a search spread over one metadata key or field.")
class FileFacet:
    """Counts of values, or a histogram."""

    key: str | None = strawberry.field(description="The metadata key; null for a field.")
    field: FacetField | None = strawberry.field(description="The field; null for a key.")
    values: list[FileFacetValue] | None = strawberry.field(
        description="The most frequent values, at most 100; of equally frequent ones the first by code point."
        " Null for NUMBER and DATETIME."
    )
    other_count: int | None = strawberry.field(
        description="How many files have a value that is not among these. Null for NUMBER and DATETIME."
    )
    buckets: list[FileFacetBucket] | None = strawberry.field(
        description="Buckets of equal width from the least to the greatest value, empty ones too; a single one if"
        " all values are equal, none if there are none. Null for all types but NUMBER and DATETIME."
    )
    missing_count: int = strawberry.field(description="How many files have no value that fits.")
    is_exact: bool = strawberry.field(
        description="False if there are more than 100,000 files: then as many of them were counted."
    )

    @classmethod
    def of(cls, facet: Facet) -> Self:
        """The public form."""
        is_bars = facet.is_histogram
        return cls(
            key=facet.key,
            field=facet.field,
            values=None if is_bars else _values(facet),
            other_count=None if is_bars else facet.other_count,
            buckets=list(map(FileFacetBucket.of, facet.buckets)) if is_bars else None,
            missing_count=facet.missing_count,
            is_exact=facet.is_exact,
        )


@strawberry.type(description="The facets that were asked for.")
class FileFacets:
    """A list by itself, since the page's own price would multiply it."""

    items: list[FileFacet] = strawberry.field(
        description="The keys in the order given, then the fields."
    )

    @classmethod
    def of(cls, found: list[Facet] | None) -> Self:
        """The public form."""
        return cls(items=list(map(FileFacet.of, found or ())))


@dataclass(frozen=True)
class FacetsOf(HotBatch):
    """The facets of a list. `key` tells it from others."""

    key: Hashable
    wanted: Wanted
    listing: Lists = field(compare=False)

    async def read(
        self,
        reads: Reads,
        actor: Actor,
        keys: Collection[Any],
        columns: frozenset[str] | None = None,  # noqa: ARG002  a facet has none
    ) -> dict[Any, list[Facet]]:
        """The facets of the list of each parent."""
        _, of = await prepared(self.listing, reads, actor)
        return {
            parent: await facets.read(reads, actor, of(actor, parent), self.wanted)
            for parent in keys
        }


def wanted(keys: list[str] | None, fields: list[FacetField] | None, buckets: int) -> Wanted:
    """What the arguments ask for. Raises Invalid for what is out of bounds."""
    return Wanted(
        tuple(dict.fromkeys(keys or ())), tuple(dict.fromkeys(fields or ())), buckets
    ).check()


def _values(facet: Facet) -> list[FileFacetValue]:
    is_folder = facet.field is FacetField.FOLDER
    return [
        FileFacetValue(
            value=ids.encode(Kind.FOLDER, UUID(value)) if is_folder else value, count=count
        )
        for value, count in facet.values
    ]
