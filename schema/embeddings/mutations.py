"""Changes of vectors."""

from typing import Annotated, Any, Self
from uuid import UUID

import strawberry

from app.accounts.actor import Actor
from app.core import ids
from app.core.db import Tx
from app.core.ids import Kind
from app.embeddings import writing
from app.files import queries
from app.uploads import embeddings
from schema.background.mutations import BackgroundJobPayload
from schema.context import Info
from schema.embeddings.inputs import (
    RemoveEmbeddingsInput,
    SetEmbeddingsFromUploadInput,
    SetEmbeddingsInput,
)
from schema.errors import UserError
from schema.files.enums import ItemStatus
from schema.files.types import File
from schema.loading import related
from schema.mutations import Payload, change

What = strawberry.argument(description="What to do.")
Answer = dict[str, Any]


@strawberry.type(description="What became of one item, in the order given.")
class EmbeddingResult:
    """One item's fate."""

    status: ItemStatus = strawberry.field(
        description="What became of it; UNCHANGED if there was nothing to remove."
    )
    user_errors: list[UserError] = strawberry.field(
        description="Why it was refused, with the path within the item; else empty."
    )
    file_key: strawberry.Private[str | None]

    @strawberry.field(description="The file; null if the item was refused.")
    def file(self, info: Info) -> File | None:
        key = UUID(self.file_key) if self.file_key else None
        return related(info, queries.files_by_id, key, File.of)

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """The public form of an outcome."""
        error = answer["error"]
        return cls(
            status=ItemStatus(answer["status"]),
            user_errors=[UserError.told(error)] if error else [],
            file_key=answer["file"],
        )


@strawberry.interface(description="What the answers to changes of many vectors have.")
class EmbeddingsPayload(Payload):
    """What became of each item."""

    @strawberry.field(
        description="What became of each item, in the order given; empty if the request was refused as a whole."
    )
    def results(self) -> list[EmbeddingResult]:
        return [EmbeddingResult.of(one) for one in self.answer.get("results", ())]


@strawberry.type(description="Answer to setEmbeddings.")
class SetEmbeddingsPayload(EmbeddingsPayload):
    """What became of each."""


@strawberry.type(description="Answer to removeEmbeddings.")
class RemoveEmbeddingsPayload(EmbeddingsPayload):
    """What became of each."""


@strawberry.type(description="Answer to setEmbeddingsFromUpload.")
class SetEmbeddingsFromUploadPayload(BackgroundJobPayload):
    """The new job."""


@strawberry.type
class EmbeddingMutation:
    """The vectors' share of Mutation."""

    @strawberry.mutation(
        description="Write vectors of files and of frames, at most 1,000, in place of those that are there."
    )
    async def set_embeddings(
        self, info: Info, input: Annotated[SetEmbeddingsInput, What]
    ) -> SetEmbeddingsPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            said = [item.said() for item in input.items]
            return await writing.put(tx, actor, input.key, said, input.mode)

        return await change(info, SetEmbeddingsPayload, input, work)

    @strawberry.mutation(
        description="Remove vectors of files and of frames, at most 1,000. What client metadata says of them stays"
        " there, and counts again when it is written."
    )
    async def remove_embeddings(
        self, info: Info, input: Annotated[RemoveEmbeddingsInput, What]
    ) -> RemoveEmbeddingsPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            spots = [item.spot() for item in input.items]
            return await writing.remove(tx, actor, input.key, spots, input.mode)

        return await change(info, RemoveEmbeddingsPayload, input, work)

    @strawberry.mutation(
        description="Start a job that writes the vectors of an uploaded file, of any size. Lines that are wrong"
        " are counted and told; the others are written."
    )
    async def set_embeddings_from_upload(
        self, info: Info, input: Annotated[SetEmbeddingsFromUploadInput, What]
    ) -> SetEmbeddingsFromUploadPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            upload_id = ids.decode(Kind.UPLOAD, input.upload_id)
            job = await embeddings.start(tx, actor, input.key, upload_id)
            return {"job": job.id.hex}

        return await change(info, SetEmbeddingsFromUploadPayload, input, work)
