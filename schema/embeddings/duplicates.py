"""Files that are nearly the same: what was found."""

from collections.abc import Mapping
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry

from app.background import queries as background
from app.core import ids
from app.core.errors import NotFound
from app.core.ids import Kind
from app.embeddings import duplicates, models
from app.files import queries as files
from schema.context import Info
from schema.files.types import File
from schema.inputs import given
from schema.loading import reads, related
from schema.node import Stored
from schema.paging import After, Before, Connection, First, Last, listed, nested, page
from schema.scalars import SafeInt


@strawberry.type(
    description="Two files, or frames of them, that are nearly the same. Each pair comes once; frames of one file"
    " make none."
)
class NearDuplicate(Stored):
    """One pair."""

    MODEL = models.NearDuplicate

    score: float = strawberry.field(description="Their cosine similarity, at most 1.")

    @strawberry.field(description="The one that was registered earlier.")
    @reads("file_id")
    def file(self, info: Info) -> File | None:
        return related(info, files.files_by_id, self.row.file_id, File.of)

    @strawberry.field(description="Its frame, from 0; null for the file as a whole.")
    @reads("frame")
    def frame(self) -> int | None:
        return None if self.row.frame < 0 else self.row.frame

    @strawberry.field(description="The other one.")
    @reads("other_file_id")
    def other_file(self, info: Info) -> File | None:
        return related(info, files.files_by_id, self.row.other_file_id, File.of)

    @strawberry.field(description="The other one's frame, from 0; null for the file as a whole.")
    @reads("other_frame")
    def other_frame(self) -> int | None:
        return None if self.row.other_frame < 0 else self.row.other_frame


@strawberry.type(
    description="Files that hang together: each is nearly the same as another one of them."
)
class NearDuplicateGroup(Stored):
    """One group."""

    MODEL = models.NearDuplicateGroup

    file_count: int = strawberry.field(
        description="How many files were in it when the job ended, those that you may not see included."
    )

    @strawberry.field(
        description="The files in it that are still there and that you may see, the oldest first."
    )
    @reads("id")
    def files(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[File]:
        kind, asked = "near duplicates", page(first, after, last, before)
        return nested(info, kind, self.row.id, duplicates.files_in, asked, File.of)


@strawberry.type(
    description="What a search for near duplicates came to, in figures. The pairs themselves: nearDuplicates."
)
class NearDuplicateSummary:
    """The result of one job."""

    pair_count: SafeInt = strawberry.field(description="Pairs that were found, at most 1,000,000.")
    is_complete: bool = strawberry.field(
        description="False if it stopped at 1,000,000 pairs; take a higher threshold, a folder or a filter."
    )
    is_exact: bool = strawberry.field(
        description="True if all vectors were compared with each other; false if the nearest 50 of each were"
        " looked up in the index, which may miss some."
    )
    vector_count: SafeInt = strawberry.field(description="Vectors that were compared.")
    file_count: SafeInt = strawberry.field(description="Files that are in a pair.")
    group_count: SafeInt = strawberry.field(
        description="Groups of files that hang together by pairs. One of each kept, the rest may go:"
        " fileCount - groupCount files."
    )
    group_sizes: list[SafeInt] = strawberry.field(
        description="Files in each of the largest groups, at most 100 of them, the largest first."
    )

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Self | None:
        """The public form of a job's result; None before its end."""
        if "group_sizes" not in result:
            return None
        return cls(**{name: result[name] for name in cls.__annotations__})


@strawberry.type
class NearDuplicateQuery:
    """The near duplicates' share of Query."""

    @strawberry.field(
        description="The pairs that a job of findNearDuplicates has found, also while it runs; the nearest first."
        " Only pairs both of whose files you may see; null if there is no such job for you."
    )
    async def near_duplicates(
        self,
        info: Info,
        job_id: Annotated[strawberry.ID, strawberry.argument(description="The job.")],
        min_score: Annotated[
            float | None,
            strawberry.argument(
                description="Only pairs of at least this cosine similarity, -1 to 1."
            ),
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[NearDuplicate] | None:
        asked, job = page(first, after, last, before), await _job(info, job_id)
        if job is None:
            return None
        listing = duplicates.listing(info.context.actor, job, given(min_score))
        return await listed(info, listing, asked, NearDuplicate.of)

    @strawberry.field(
        description="The groups of near duplicates that a job of findNearDuplicates has found, once it is done;"
        " the largest first. Only those of which you may see two files; null if there is no such job for you."
    )
    async def near_duplicate_groups(
        self,
        info: Info,
        job_id: Annotated[strawberry.ID, strawberry.argument(description="The job.")],
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[NearDuplicateGroup] | None:
        asked, job = page(first, after, last, before), await _job(info, job_id)
        if job is None:
            return None
        listing = duplicates.groups(info.context.actor, job)
        return await listed(info, listing, asked, NearDuplicateGroup.of)


async def _job(info: Info, public_id: str) -> UUID | None:
    """The key of a job that the caller may see."""
    try:
        job: UUID = ids.decode(Kind.BACKGROUND_JOB, public_id)
    except NotFound:
        return None
    return job if await info.context.load(background.jobs_by_id, job) is not None else None
