"""What can be asked about background jobs."""

from typing import Annotated

import strawberry

from app.background import models, queries
from app.core import paging
from app.core.paging import Listing
from schema.background import enums
from schema.background.types import BackgroundJob
from schema.context import Info
from schema.paging import After, Before, Connection, First, Last, listed, page

NEWEST_FIRST = paging.Order[models.BackgroundJob](
    columns=(models.BackgroundJob.__table__.c.id,),  # type: ignore[attr-defined]
    is_descending=True,
)


@strawberry.input(description="Which background jobs. Members that are given must all hold.")
class BackgroundJobFilter:
    """A filter of jobs."""

    kind: list[enums.JobKind] | None = strawberry.field(
        default=strawberry.UNSET, description="Jobs that do one of these."
    )
    state: list[enums.JobState] | None = strawberry.field(
        default=strawberry.UNSET, description="Jobs that stand at one of these."
    )


@strawberry.type
class BackgroundQuery:
    """The background jobs' share of Query."""

    @strawberry.field(
        description="Your background jobs, newest first; an administrator sees everybody's. One job is read by"
        " `node`."
    )
    async def background_jobs(
        self,
        info: Info,
        filter: Annotated[
            BackgroundJobFilter | None, strawberry.argument(description="Which jobs.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[BackgroundJob] | None:
        kinds = (filter.kind or None) if filter else None
        states = (filter.state or None) if filter else None
        statement = queries.filtered_jobs(info.context.actor, kinds, states)
        listing = Listing(statement, NEWEST_FIRST, [kinds, states])
        return await listed(info, listing, page(first, after, last, before), BackgroundJob.of)
