"""Making vectors of images, as a job."""

from typing import Annotated, Any

import strawberry

from app.accounts.actor import Actor
from app.core import ids
from app.core.db import Tx
from app.core.ids import Kind
from app.embeddings import computing
from schema.background.types import BackgroundJob
from schema.context import Info
from schema.inputs import IdempotencyKey, given
from schema.mutations import Payload, change


@strawberry.input(description="Images that are to get vectors.")
class ComputeEmbeddingsInput:
    """Input of computeEmbeddings."""

    key: str = strawberry.field(description="The name of an embedding key with an encoder.")
    folder_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The images in this folder and in all below it; left out: all that you may edit.",
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.type(description="Answer to computeEmbeddings.")
class ComputeEmbeddingsPayload(Payload):
    """The new job."""

    @strawberry.field(description="The job; null if it was refused.")
    async def job(self, info: Info) -> BackgroundJob | None:
        return await BackgroundJob.load(info, self.answer.get("job"))


@strawberry.type
class ComputingMutation:
    """The share of Mutation of making vectors."""

    @strawberry.mutation(
        description="Have the key's encoder make vectors of the images that have none. Frames of image groups and"
        " sequences are images, too. What cannot be encoded is left out, and told of in the job."
    )
    async def compute_embeddings(
        self,
        info: Info,
        input: Annotated[
            ComputeEmbeddingsInput, strawberry.argument(description="Which key and images.")
        ],
    ) -> ComputeEmbeddingsPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, Any]:
            folder = given(input.folder_id)
            folder_id = ids.decode(Kind.FOLDER, folder) if folder else None
            job = await computing.ask(tx, actor, input.key, folder_id)
            return {"job": job.id.hex}

        return await change(info, ComputeEmbeddingsPayload, input, work)
