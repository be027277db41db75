"""Uploads and registration jobs as clients see them."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import orjson
import strawberry

from app.accounts.actor import Actor
from app.accounts.tokens import TokenScope
from app.core import ids, paging
from app.core.ids import Kind
from app.core.paging import Listing
from app.files import queries as files
from app.uploads import models, queries, receiving
from app.uploads.documents import UnitErrorCode
from schema.context import Info
from schema.files.types import File, Folder
from schema.loading import related
from schema.node import Node, Source, Sources
from schema.paging import After, Before, Connection, First, Last, nested, page
from schema.scalars import SafeInt, Url
from schema.uploads import enums


@strawberry.type(description="A header to send with the bytes, as it is.")
class UploadHeader:
    """A name and a value."""

    name: str = strawberry.field(description="The header's name.")
    value: str = strawberry.field(description="The header's value.")


@strawberry.type(description="Bytes on their way into the server's own store.")
class Upload(Node):
    """One local upload."""

    file_name: str = strawberry.field(description="What the file is called where it comes from.")
    state: enums.UploadState = strawberry.field(description="Where its bytes stand.")
    purpose: enums.UploadPurpose = strawberry.field(description="What the bytes are for.")
    byte_size: SafeInt | None = strawberry.field(description="As announced; null if it was not.")
    received_byte_size: SafeInt = strawberry.field(description="Bytes that are known to have come.")
    created_at: datetime = strawberry.field(description="When it was announced.")
    row: strawberry.Private[models.Upload]

    @strawberry.field(
        description="PUT the bytes here in one request, with these headers, within 15 minutes."
    )
    async def put_url(self, info: Info) -> Url:
        return Url((await self._addresses(info)).put_url)

    @strawberry.field(
        description="Or send them in pieces here, by PATCH of the tus protocol 1.0.0, within a day. Null if"
        " the size was not announced."
    )
    async def resumable_url(self, info: Info) -> Url | None:
        address = (await self._addresses(info)).resumable_url
        return Url(address) if address else None

    @strawberry.field(description="Headers of the PUT, to be sent as they are.")
    def headers(self) -> list[UploadHeader]:
        return [UploadHeader(name="Content-Type", value=self.row.content_type)]

    async def _addresses(self, info: Info) -> receiving.Addresses:
        runtime = info.context.runtime
        return await receiving.addresses(runtime.storage, runtime.links, self.row)

    @classmethod
    def of(cls, row: models.Upload) -> Self:
        """The public form of a row."""
        return cls(
            id=strawberry.ID(ids.encode(Kind.UPLOAD, row.id)),
            file_name=row.file_name,
            state=row.state,
            purpose=row.purpose,
            byte_size=None if row.byte_size is None else SafeInt(row.byte_size),
            received_byte_size=SafeInt(row.received_byte_size),
            created_at=row.created_at,
            row=row,
        )


@strawberry.type(description="Why a unit was not registered.")
class UploadUnitError:
    """One failure."""

    code: enums.UnitErrorCode = strawberry.field(description="What kind of failure, for programs.")
    message: str = strawberry.field(description="The fact and what to do, for people.")
    is_retryable: bool = strawberry.field(
        description="Whether trying again without a change may help."
    )


@strawberry.type(
    description="One video, image, group, series …: what is registered, reported and retried as a whole."
)
class UploadUnit:
    """One element of a registration document."""

    index: int = strawberry.field(description="Position in the document, from 0.")
    kind: str = strawberry.field(description="The type of file that it asks for.")
    location: str = strawberry.field(
        description="Where it stands: a JSON pointer, or the rows of the CSV file."
    )
    state: enums.UnitState = strawberry.field(description="Where it stands.")
    result: enums.UnitResult | None = strawberry.field(description="What it did; null until done.")
    name: str | None = strawberry.field(description="Its title, as far as it is known.")
    object_urls: list[str] = strawberry.field(
        description="Its objects: one, or all frames or files in order."
    )
    error: UploadUnitError | None = strawberry.field(description="Why it failed; else null.")
    row: strawberry.Private[models.UploadUnit]

    @strawberry.field(description="The file that stands for it; null until done.")
    def file(self, info: Info) -> File | None:
        return related(info, files.files_by_id, self.row.file_id, File.of)

    @classmethod
    def of(cls, row: models.UploadUnit) -> Self:
        """The public form of a row."""
        return cls(
            index=row.index,
            kind=row.kind,
            location=row.location,
            state=row.state,
            result=row.result,
            name=row.name,
            object_urls=orjson.loads(row.payload)["urls"],
            error=_error(row),
            row=row,
        )


def _error(row: models.UploadUnit) -> UploadUnitError | None:
    if row.error_code is None:
        return None
    return UploadUnitError(
        code=UnitErrorCode(row.error_code),
        message=row.error_message or "",
        is_retryable=bool(row.is_retryable),
    )


@strawberry.type(description="A fault of the registration document as a whole.")
class UploadJobError:
    """One fault."""

    code: str = strawberry.field(description="What kind of fault, for programs.")
    message: str = strawberry.field(description="The fact and what to do, for people.")
    place: str = strawberry.field(description="Where in the document; empty if nowhere.")


UNIT_ORDER = paging.Order[models.UploadUnit](
    columns=(models.UploadUnit.__table__.c.index,),  # type: ignore[attr-defined]
    name="index",
)


@strawberry.type(
    description="A registration document on its way in. unitCount is always the sum of the four other counts."
)
class UploadJob(Node):
    """One job."""

    status: enums.JobStatus = strawberry.field(description="Where it stands.")
    phase: enums.JobPhase = strawberry.field(description="What it is doing.")
    file_name: str | None = strawberry.field(description="Of the document, if it was told.")
    ignore_errors: bool = strawberry.field(
        description="Whether units that fail leave the others alone."
    )
    unit_count: int = strawberry.field(description="Units read so far; all, once REGISTERING.")
    pending_count: int = strawberry.field(description="Units that are not finished.")
    done_count: int = strawberry.field(description="Units that are registered or were skipped.")
    error_count: int = strawberry.field(description="Units that failed.")
    cancelled_count: int = strawberry.field(description="Units that were not tried.")
    errors: list[UploadJobError] = strawberry.field(description="Faults of the whole document.")
    revision: int = strawberry.field(description="Counts changes.")
    created_at: datetime = strawberry.field(description="When it was asked for.")
    updated_at: datetime = strawberry.field(description="When it last moved.")
    finished_at: datetime | None = strawberry.field(description="When it ended; null until then.")
    row: strawberry.Private[models.UploadJob]

    @strawberry.field(description="Where its files go.")
    def folder(self, info: Info) -> Folder | None:
        return related(info, files.folders_by_id, self.row.folder_id, Folder.of)

    @strawberry.field(description="Its units, in the order of the document.")
    def units(
        self,
        info: Info,
        states: Annotated[
            list[enums.UnitState] | None,
            strawberry.argument(description="Only units in one of these states."),
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[UploadUnit]:
        wanted = tuple(states) if states else None

        def listing(actor: Actor, job_id: UUID) -> Listing[models.UploadUnit]:
            statement = queries.units_of(actor, job_id, wanted)
            return Listing(statement, UNIT_ORDER, (job_id, wanted))

        kind, asked = ("units", wanted), page(first, after, last, before)
        needs = (TokenScope.UPLOAD, TokenScope.READ)
        return nested(info, kind, self.row.id, listing, asked, UploadUnit.of, needs)

    @classmethod
    def of(cls, row: models.UploadJob) -> Self:
        """The public form of a row."""
        return cls(
            id=strawberry.ID(ids.encode(Kind.UPLOAD_JOB, row.id)),
            status=row.status,
            phase=row.phase,
            file_name=row.file_name,
            ignore_errors=row.ignore_errors,
            unit_count=row.unit_count,
            pending_count=row.unit_count - row.done_count - row.error_count - row.cancelled_count,
            done_count=row.done_count,
            error_count=row.error_count,
            cancelled_count=row.cancelled_count,
            errors=[UploadJobError(**error) for error in row.errors],
            revision=row.revision,
            created_at=row.created_at,
            updated_at=row.updated_at,
            finished_at=row.finished_at,
            row=row,
        )

    @classmethod
    async def load(cls, info: Info, key: str | None) -> Self | None:
        """The job that a change answered with."""
        row = await info.context.load(queries.jobs_by_id, UUID(key)) if key else None
        return cls.of(row) if row else None


NODES: Sources = {
    Kind.UPLOAD: Source(queries.uploads_by_id, Upload.of),
    Kind.UPLOAD_JOB: Source(queries.jobs_by_id, UploadJob.of),
}
