"""Changes of uploads and registration jobs."""

import hashlib
from typing import Annotated, Any
from uuid import UUID

import orjson
import strawberry

from app.accounts.actor import Actor
from app.accounts.tokens import TokenScope
from app.core import ids
from app.core.db import Tx
from app.core.errors import Invalid
from app.core.ids import Kind
from app.uploads import items, queries, receiving, service
from app.uploads.models import DocumentFormat
from app.uploads.receiving import Announced
from app.uploads.service import Registration
from schema.context import Info
from schema.mutations import Payload, change
from schema.uploads.inputs import (
    CancelUploadJobInput,
    CreateUploadsInput,
    RegisterFilesInput,
    RetryUploadJobInput,
    plain,
)
from schema.uploads.types import Upload, UploadJob


@strawberry.type(description="Answer to createUploads.")
class CreateUploadsPayload(Payload):
    """Where to send each file."""

    @strawberry.field(description="In the order announced; empty if it was refused.")
    async def uploads(self, info: Info) -> list[Upload]:
        keys = [UUID(key) for key in self.answer.get("uploads", ())]
        rows = [await info.context.load(queries.uploads_by_id, key) for key in keys]
        return [Upload.of(row) for row in rows if row]


@strawberry.interface(description="What the answers about a registration job have.")
class UploadJobPayload(Payload):
    """The job as it is now."""

    @strawberry.field(description="The job; null if it was refused.")
    async def job(self, info: Info) -> UploadJob | None:
        return await UploadJob.load(info, self.answer.get("job"))


@strawberry.type(description="Answer to registerFiles.")
class RegisterFilesPayload(UploadJobPayload):
    """The new job."""


@strawberry.type(description="Answer to cancelUploadJob.")
class CancelUploadJobPayload(UploadJobPayload):
    """The stopped job."""


@strawberry.type(description="Answer to retryUploadJob.")
class RetryUploadJobPayload(UploadJobPayload):
    """The job, which runs again."""


@strawberry.type
class UploadMutation:
    """The uploads' share of Mutation."""

    @strawberry.mutation(
        description="Announce local files: each gets an id and signed addresses for its bytes. Send those, then"
        " registerFiles."
    )
    async def create_uploads(
        self,
        info: Info,
        input: Annotated[CreateUploadsInput, strawberry.argument(description="The files.")],
    ) -> CreateUploadsPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, Any]:
            announced = [
                Announced(
                    file_name=item.file_name,
                    type=item.type or None,
                    content_type=item.content_type or None,
                    byte_size=None if item.byte_size is strawberry.UNSET else item.byte_size,
                )
                for item in input.items
            ]
            folder_id = ids.decode(Kind.FOLDER, input.folder_id)
            uploads = await receiving.announce(tx, actor, folder_id, input.purpose, announced)
            return {"uploads": [upload.id.hex for upload in uploads]}

        return await change(info, CreateUploadsPayload, input, work, TokenScope.UPLOAD)

    @strawberry.mutation(
        description="Start a job that registers files from a document, from uploads, or from typed items. It goes"
        " on by itself; follow it with uploadProgress."
    )
    async def register_files(
        self,
        info: Info,
        input: Annotated[RegisterFilesInput, strawberry.argument(description="What and where.")],
    ) -> RegisterFilesPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, Any]:
            document_format, key = await _document(info, tx, actor, input)
            asked = Registration(
                folder_id=ids.decode(Kind.FOLDER, input.folder_id),
                integration_id=(
                    ids.decode(Kind.INTEGRATION, input.integration_id)
                    if input.integration_id
                    else None
                ),
                format=document_format,
                document_key=key,
                file_name=input.file_name or None,
                ignore_errors=input.ignore_errors,
            )
            return {"job": (await service.register(tx, actor, asked)).id.hex}

        return await change(info, RegisterFilesPayload, input, work, TokenScope.UPLOAD)

    @strawberry.mutation(
        description="Stop a registration job. What is registered stays; what is pending is cancelled."
    )
    async def cancel_upload_job(
        self,
        info: Info,
        input: Annotated[CancelUploadJobInput, strawberry.argument(description="The job.")],
    ) -> CancelUploadJobPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, Any]:
            job = await service.cancel(tx, actor, ids.decode(Kind.UPLOAD_JOB, input.id))
            return {"job": job.id.hex}

        return await change(info, CancelUploadJobPayload, input, work, TokenScope.UPLOAD)

    @strawberry.mutation(
        description="Try the failed units of an ended job again; what is done stays as it is."
    )
    async def retry_upload_job(
        self,
        info: Info,
        input: Annotated[RetryUploadJobInput, strawberry.argument(description="The job.")],
    ) -> RetryUploadJobPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, Any]:
            job_id = ids.decode(Kind.UPLOAD_JOB, input.id)
            include = input.include_cancelled
            job = await service.retry(tx, actor, job_id, include_cancelled=include)
            return {"job": job.id.hex}

        return await change(info, RetryUploadJobPayload, input, work, TokenScope.UPLOAD)


async def _document(
    info: Info, tx: Tx, actor: Actor, given: RegisterFilesInput
) -> tuple[DocumentFormat, str]:
    """Format and object key of the document: an upload, or what came inline, put into our store."""
    ((form, value),) = plain(given.source).items()
    if form in UPLOADED:
        upload_id = ids.decode(Kind.UPLOAD, value)
        return UPLOADED[form], (await service.document_of(tx, actor, upload_id)).object_key
    if form == "csv":
        return DocumentFormat.CSV, await _keep(info, actor, value.encode())
    if form == "items":
        flags = {
            "skip_duplicate_urls": given.skip_duplicate_urls,
            "upsert_metadata": given.upsert_metadata,
        }
        value = items.document(value, flags)
    if not isinstance(value, dict):
        raise Invalid("A registration document is one JSON object.", field=("source", "json"))
    try:
        document = orjson.dumps(value)
    except TypeError as error:
        raise Invalid(f"This cannot be JSON: {error}.", field=("source", "json")) from error
    return DocumentFormat.JSON, await _keep(info, actor, document)


async def _keep(info: Info, actor: Actor, document: bytes) -> str:
    """Put a document into our store, under a key by its content: the same again is the same object."""
    digest = hashlib.sha256(document).hexdigest()
    key = f"documents/{actor.organisation_id.hex}/{digest}"
    await info.context.runtime.storage.put(key, document)
    return key


UPLOADED = {
    "json_upload_id": DocumentFormat.JSON,
    "csv_upload_id": DocumentFormat.CSV,
}
