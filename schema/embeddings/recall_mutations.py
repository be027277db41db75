"""Starts measurements of recall."""

from typing import Annotated, Any

import strawberry

from app.accounts.actor import Actor
from app.core.db import Tx
from app.embeddings import recall
from schema.background.mutations import BackgroundJobPayload
from schema.context import Info
from schema.inputs import IdempotencyKey
from schema.mutations import change


@strawberry.input(description="What is to be measured.")
class MeasureEmbeddingRecallInput:
    """Input of measureEmbeddingRecall."""

    key: str = strawberry.field(description="The name of the embedding key. It has an index.")
    sample: int = strawberry.field(
        default=100, description="How many of its vectors are searched for, 1 to 1,000."
    )
    k: int = strawberry.field(
        default=10, description="How many neighbours each search looks for, 1 to 1,000."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.type(description="Answer to measureEmbeddingRecall.")
class MeasureEmbeddingRecallPayload(BackgroundJobPayload):
    """The new job."""


@strawberry.type
class RecallMutation:
    """The share of Mutation."""

    @strawberry.mutation(
        description="Measure how much of the truth similarity search finds on your own vectors, as a background"
        " job; the result is its `recall`. For administrators of the organisation."
    )
    async def measure_embedding_recall(
        self,
        info: Info,
        input: Annotated[
            MeasureEmbeddingRecallInput, strawberry.argument(description="Of what, and how.")
        ],
    ) -> MeasureEmbeddingRecallPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, Any]:
            job = await recall.ask(tx, actor, input.key, input.sample, input.k)
            return {"job": job.id.hex}

        return await change(info, MeasureEmbeddingRecallPayload, input, work)
