"""Starts the jobs that look at all vectors of a key: plots and near duplicates."""

from typing import Annotated, Any

import strawberry

from app.accounts.actor import Actor
from app.background.models import BackgroundJob as JobRow
from app.core import ids
from app.core.db import Tx
from app.core.ids import Kind
from app.embeddings import duplicates, plots
from app.embeddings.models import PlotMethod
from app.presets import hunts
from app.presets.service import Written
from schema.background.types import BackgroundJob
from schema.context import Info
from schema.inputs import IdempotencyKey
from schema.mutations import Payload, change
from schema.presets import reading
from schema.search.inputs import FileFilter

FOLDER = (
    "The files of this folder and of everything below it; you need a role on it. Left out: all files of the"
    " organisation, for its administrators."
)


@strawberry.input(description="A plot to compute.")
class ComputeEmbeddingPlotInput:
    """Input of computeEmbeddingPlot."""

    key: str = strawberry.field(description="The name of the embedding key.")
    folder_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description=FOLDER)
    method: PlotMethod = strawberry.field(
        default=PlotMethod.PCA, description="How vectors become points."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Where to look for near duplicates.")
class FindNearDuplicatesInput:
    """Input of findNearDuplicates."""

    key: str = strawberry.field(description="The name of the embedding key.")
    threshold: float = strawberry.field(
        default=0.95,
        description="The least cosine similarity of a pair, 0.8 to 1. What is the same to the eye depends on the"
        " model: begin high.",
    )
    folder_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description=FOLDER)
    filter: FileFilter | None = strawberry.field(
        default=strawberry.UNSET,
        description="Only among the files that it lets through, both of each pair; without parts of composites"
        " unless it names isComponent.",
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.type(description="Answer to computeEmbeddingPlot.")
class ComputeEmbeddingPlotPayload(Payload):
    """The new job."""

    @strawberry.field(description="The job; null if it was refused.")
    async def job(self, info: Info) -> BackgroundJob | None:
        return await BackgroundJob.load(info, self.answer.get("job"))


@strawberry.type(description="Answer to findNearDuplicates.")
class FindNearDuplicatesPayload(Payload):
    """The new job."""

    @strawberry.field(description="The job; null if it was refused.")
    async def job(self, info: Info) -> BackgroundJob | None:
        return await BackgroundJob.load(info, self.answer.get("job"))


@strawberry.type
class EmbeddingJobMutation:
    """The share of Mutation."""

    @strawberry.mutation(
        description="Compute a plot of all vectors of a key, as a background job. It takes the place of the older"
        " plot of the same key and folder when it is whole; until then that one is shown."
    )
    async def compute_embedding_plot(
        self,
        info: Info,
        input: Annotated[
            ComputeEmbeddingPlotInput, strawberry.argument(description="Of what, and how.")
        ],
    ) -> ComputeEmbeddingPlotPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, Any]:
            asked = plots.Asked(
                key=input.key, folder_id=_folder(input.folder_id), method=input.method
            )
            return _started(await plots.compute(tx, actor, asked))

        return await change(info, ComputeEmbeddingPlotPayload, input, work)

    @strawberry.mutation(
        description="Look for files, or frames of them, that are nearly the same, as a background job. It deletes"
        " nothing: read what it found by nearDuplicates."
    )
    async def find_near_duplicates(
        self,
        info: Info,
        input: Annotated[
            FindNearDuplicatesInput, strawberry.argument(description="Where, and how near.")
        ],
    ) -> FindNearDuplicatesPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, Any]:
            asked = duplicates.Asked(
                key=input.key, threshold=input.threshold, folder_id=_folder(input.folder_id)
            )
            written = _written(info, input.filter) if input.filter else None
            return _started(await hunts.find(tx, actor, asked, written))

        return await change(info, FindNearDuplicatesPayload, input, work)


def _folder(public_id: Any) -> Any:
    return ids.decode(Kind.FOLDER, public_id) if public_id else None


def _written(info: Info, filter: FileFilter) -> Written:
    tree = filter.tree()  # refuses null members first
    return Written(reading.written(info.schema, filter), tree)


def _started(job: JobRow) -> dict[str, str]:
    return {"job": job.id.hex}
