"""What the mutations of vectors take."""

import strawberry

from app.core.ids import Kind
from app.embeddings.writing import Said, Spot
from schema.files.comparisons import NOWHERE
from schema.files.enums import BulkMode
from schema.files.inputs import key
from schema.inputs import IdempotencyKey, given
from schema.scalars import Vector

KEY = "An embedding key of your metadata schema; addMetadataEmbedding makes one."


@strawberry.input(description="A vector for a file, or for a frame of it.")
class EmbeddingItem:
    """One item of setEmbeddings."""

    file_id: strawberry.ID = strawberry.field(
        description="The file; you need to be able to edit it."
    )
    frame: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The frame, from 0; left out: the vector is of the file as a whole.",
    )
    vector: Vector = strawberry.field(
        description="As many finite numbers within ±65,504 as the key has dimensions, not all zero. Kept in half"
        " precision."
    )

    def said(self) -> Said:
        """The same for `app`."""
        file_id = key(Kind.FILE, self.file_id) or NOWHERE
        return Said(file_id=file_id, frame=given(self.frame), vector=self.vector)


@strawberry.input(description="Vectors of one key to write, in place of those that are there.")
class SetEmbeddingsInput:
    """Input of setEmbeddings."""

    key: str = strawberry.field(description=KEY)
    items: list[EmbeddingItem] = strawberry.field(
        description="At most 1,000, each file and frame once. A request has at most 12 MiB: as base64, that is"
        " 1,000 vectors of up to 2,000 dimensions. For more there is setEmbeddingsFromUpload."
    )
    mode: BulkMode = strawberry.field(
        default=BulkMode.PARTIAL, description="What to do when an item is refused."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Where a vector is to be removed.")
class EmbeddingSpot:
    """One item of removeEmbeddings."""

    file_id: strawberry.ID = strawberry.field(
        description="The file; you need to be able to edit it."
    )
    frame: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The frame, from 0; left out: the file's own vector and those of all its frames.",
    )

    def spot(self) -> Spot:
        """The same for `app`."""
        return Spot(file_id=key(Kind.FILE, self.file_id) or NOWHERE, frame=given(self.frame))


@strawberry.input(description="Vectors of one key to remove.")
class RemoveEmbeddingsInput:
    """Input of removeEmbeddings."""

    key: str = strawberry.field(description=KEY)
    items: list[EmbeddingSpot] = strawberry.field(description="At most 1,000.")
    mode: BulkMode = strawberry.field(
        default=BulkMode.PARTIAL, description="What to do when an item is refused."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="A file of vectors to write.")
class SetEmbeddingsFromUploadInput:
    """Input of setEmbeddingsFromUpload."""

    key: str = strawberry.field(description=KEY)
    upload_id: strawberry.ID = strawberry.field(
        description="An upload of purpose DOCUMENT. Each line of it is a JSON object of at most 1 MiB:"
        ' `{"fileId": "file_…", "frame": 12, "vector": [0.5, …]}`. In place of fileId stands `name`, if the file'
        " lies right in the folder of the upload and no other has the name. Without frame the vector is of the"
        " file as a whole. A vector is a list of numbers, or base64 as in Vector."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET
