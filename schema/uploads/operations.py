"""What can be asked about uploads."""

from typing import Annotated

import strawberry

from app.accounts.tokens import TokenScope
from app.core import ids, paging
from app.core.errors import NotFound
from app.core.ids import Kind
from app.core.paging import Listing
from app.uploads import models, queries
from schema.context import Info
from schema.paging import After, Before, Connection, First, Last, listed, page
from schema.uploads import enums
from schema.uploads.types import Upload, UploadJob

NEWEST_FIRST = paging.Order[models.UploadJob](
    columns=(models.UploadJob.__table__.c.id,),  # type: ignore[attr-defined]
    is_descending=True,
)
Id = Annotated[strawberry.ID, strawberry.argument(description="Its id.")]


@strawberry.input(description="Which registration jobs. Members that are given must all hold.")
class UploadJobFilter:
    """A filter of jobs."""

    folder_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Jobs into this folder."
    )
    status: list[enums.JobStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Jobs that stand at one of these."
    )


@strawberry.type
class UploadQuery:
    """The uploads' share of Query."""

    @strawberry.field(description="A registration job; null if it is unknown or not for you.")
    async def upload_job(self, info: Info, id: Id) -> UploadJob | None:
        info.context.actor.must_have(TokenScope.UPLOAD, TokenScope.READ)
        try:
            key = ids.decode(Kind.UPLOAD_JOB, id)
        except NotFound:
            return None
        return await UploadJob.load(info, key.hex)

    @strawberry.field(description="A local upload; null if it is unknown or not for you.")
    async def upload(self, info: Info, id: Id) -> Upload | None:
        info.context.actor.must_have(TokenScope.UPLOAD, TokenScope.READ)
        try:
            key = ids.decode(Kind.UPLOAD, id)
        except NotFound:
            return None
        row = await info.context.load(queries.uploads_by_id, key)
        return Upload.of(row) if row else None

    @strawberry.field(
        description="Registration jobs of the folders that you may see, newest first."
    )
    async def upload_jobs(
        self,
        info: Info,
        filter: Annotated[
            UploadJobFilter | None, strawberry.argument(description="Which jobs.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[UploadJob] | None:
        actor = info.context.actor
        folder_id = (
            ids.decode(Kind.FOLDER, filter.folder_id) if filter and filter.folder_id else None
        )
        states = (filter.status or None) if filter else None
        statement = queries.filtered_jobs(actor, folder_id, states)
        asked = page(first, after, last, before)
        listing = Listing(statement, NEWEST_FIRST, [folder_id, states])
        return await listed(info, listing, asked, UploadJob.of)
