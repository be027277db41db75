"""Changes of background jobs, and what the answers of those that start one have."""

from typing import Annotated, Any

import strawberry

from app.accounts.actor import Actor
from app.background import service
from app.core import ids
from app.core.db import Tx
from app.core.ids import Kind
from schema.background.types import BackgroundJob
from schema.context import Info
from schema.inputs import IdempotencyKey
from schema.mutations import Payload, change


@strawberry.interface(description="What the answers about a background job have.")
class BackgroundJobPayload(Payload):
    """The job as it is now; the answer names it as `job`."""

    @strawberry.field(description="The job; null if it was refused.")
    async def job(self, info: Info) -> BackgroundJob | None:
        return await BackgroundJob.load(info, self.answer.get("job"))


@strawberry.input(description="A background job to stop.")
class CancelBackgroundJobInput:
    """Input of cancelBackgroundJob."""

    id: strawberry.ID = strawberry.field(description="The job.")
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.type(description="Answer to cancelBackgroundJob.")
class CancelBackgroundJobPayload(BackgroundJobPayload):
    """The stopped job."""


@strawberry.type
class BackgroundMutation:
    """The background jobs' share of Mutation."""

    @strawberry.mutation(
        description="Stop a background job of yours, or as an administrator anybody's. What is done stays."
    )
    async def cancel_background_job(
        self,
        info: Info,
        input: Annotated[CancelBackgroundJobInput, strawberry.argument(description="The job.")],
    ) -> CancelBackgroundJobPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, Any]:
            job = await service.cancel(tx, actor, ids.decode(Kind.BACKGROUND_JOB, input.id))
            return {"job": job.id.hex}

        return await change(info, CancelBackgroundJobPayload, input, work)
