"""Similarity in a search: what is compared with what, and what it cost."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import strawberry

from app.accounts.actor import Actor
from app.core.errors import Invalid
from app.core.ids import Kind
from app.core.paging import Listing, Page
from app.embeddings import anchors, pages, plans, statements
from app.embeddings.anchors import Anchor, FileAnchor, SimilarityRequest, TextAnchor, VectorAnchor
from app.embeddings.asked import Candidates
from app.embeddings.pages import Ranked
from schema import enums
from schema.context import Info
from schema.files.comparisons import known
from schema.files.types import File
from schema.inputs import given
from schema.paging import Connection
from schema.scalars import Vector


class SimilarityMode(StrEnum):
    """How much a search may miss."""

    APPROXIMATE = "APPROXIMATE"
    EXACT = "EXACT"


enums.public(
    SimilarityMode,
    "How the nearest are found.",
    {
        SimilarityMode.APPROXIMATE: "By an index where that serves. `similarity.plan` says what it came to.",
        SimilarityMode.EXACT: "By comparing every vector of the files that the filter leaves: slower, nothing is"
        " missing.",
    },
)
enums.public(
    plans.Plan,
    "How a search was done. The list may grow: have a default branch.",
    {
        plans.Plan.EXACT: "All vectors of the files in question were compared: nothing is missing.",
        plans.Plan.ANN_VERIFIED: "By the index; enough of what is nearest passed the filter. Measured, more than"
        " 99 of 100 of the nearest are found; measureEmbeddingRecall measures yours.",
        plans.Plan.APPROXIMATE: "By the index, past many files that do not pass the filter: nearer ones may be"
        " missing. Narrow the filter, or ask for EXACT.",
    },
    name="SimilarityPlan",
)


@strawberry.input(description="One frame of a file.")
class FrameAnchor:
    """A frame."""

    file_id: strawberry.ID = strawberry.field(description="The file.")
    frame: int = strawberry.field(description="The frame's number, from 0.")


@strawberry.input(
    one_of=True,
    description="What to compare with. A file or a frame that is named here is not found itself.",
)
class SimilarityAnchor:
    """One of them."""

    file_id: strawberry.Maybe[strawberry.ID] = strawberry.field(
        description="The vector of this file as a whole."
    )
    frame: strawberry.Maybe[FrameAnchor] = strawberry.field(description="The vector of a frame.")
    vector: strawberry.Maybe[Vector] = strawberry.field(
        description="This vector, of as many numbers as the embedding has dimensions."
    )
    text: strawberry.Maybe[str] = strawberry.field(
        description="The vector that the embedding's encoder makes of this text; see setEmbeddingEncoder."
    )

    def anchor(self) -> Anchor:
        """The same for `app`."""
        if self.file_id is not None:
            return FileAnchor(_file(self.file_id.value))
        if self.frame is not None:
            frame = self.frame.value
            if frame.frame < 0:
                raise Invalid(
                    "Frames count from 0.", field=(*anchors.AT, "anchor", "frame", "frame")
                )
            return FileAnchor(_file(frame.file_id), frame.frame)
        if self.vector is not None:
            return VectorAnchor(self.vector.value)
        assert self.text is not None  # noqa: S101  one of them is given
        return TextAnchor(self.text.value)


@strawberry.input(description="Files by how near they are to something, the nearest first.")
class SimilarityInput:
    """A comparison."""

    embedding: str = strawberry.field(
        description="By which embedding: the name of a key of the metadata schema."
    )
    anchor: SimilarityAnchor = strawberry.field(description="What to compare with.")
    min_score: float | None = strawberry.field(
        default=strawberry.UNSET, description="Only files at least as near: -1 to 1."
    )
    mode: SimilarityMode = strawberry.field(
        default=SimilarityMode.APPROXIMATE, description="How much may be missed."
    )

    def request(self) -> SimilarityRequest:
        """The same for `app`."""
        return SimilarityRequest(
            key=self.embedding,
            anchor=self.anchor.anchor(),
            min_score=given(self.min_score),
            is_exact=self.mode is SimilarityMode.EXACT,
        )


Similar = Annotated[
    SimilarityInput | None,
    strawberry.argument(
        description="Rank what the filter leaves by similarity. Files without a vector are left out; the list"
        " ends at 1,000. Not together with sort."
    ),
]


@strawberry.type(description="How the similarity of a page was found, and what it cost.")
class Similarity:
    """Figures of a search."""

    plan: plans.Plan = strawberry.field(description="How the search was done.")
    candidate_count: int | None = strawberry.field(
        description="How many files the filter leaves; null if they are many and were not counted."
    )
    compared_count: int = strawberry.field(
        description="At most so many vectors were compared, besides those that the index walked over."
    )
    milliseconds: float = strawberry.field(description="How long the search took.")
    is_stored: bool = strawberry.field(
        description="Whether this page was cut from the stored result of an earlier one, which is kept for ten"
        " minutes; the figures are that search's."
    )

    @classmethod
    def of(cls, part: Any) -> "Similarity | None":
        """The figures of a page; None if it was not ranked."""
        if not isinstance(part, Ranked):
            return None
        figures = part.result.figures
        return cls(
            plan=figures.plan,
            candidate_count=figures.candidate_count,
            compared_count=figures.compared_count,
            milliseconds=figures.milliseconds,
            is_stored=part.is_stored,
        )


async def ranked(
    info: Info,
    listing: Listing[Any],
    similar: SimilarityInput,
    sort: list[Any] | None,
    asked: Page,
    into: Callable[..., Connection[File]],
    leaves_most: bool,
) -> Connection[File]:
    """The page of this list's files that was asked for, the nearest first."""
    if sort:
        raise Invalid("Leave sort out: with similarTo the nearest come first.", field=("sort",))
    context, request = info.context, similar.request()
    columns, joins = context.columns(info), context.joins(info)
    candidates = Candidates(listing, leaves_most)
    part = await pages.fetch(
        context.runtime, context.actor, request, candidates, asked, columns, joins
    )
    context.keep_joined(joins, part.rows)
    search, kind = part.result.search, ("similar", listing, part.mark)

    def compared(_: Actor, __: Any) -> Listing[Any]:
        return statements.comparable(search.asked, candidates, search.min_score)

    return into(part=part, of=File.of, kind=kind, parent=0, listing=compared)


def _file(public_id: strawberry.ID) -> Any:
    return next(iter(known(Kind.FILE, [public_id])), None)
