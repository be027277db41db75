"""Background jobs as clients see them."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from app.background import models, queries
from app.core.ids import Kind
from app.embeddings import plots
from schema.accounts.users import User
from schema.background import enums
from schema.collections.collected import CollectedFiles
from schema.context import Info
from schema.embeddings.computed import ComputedEmbeddings
from schema.embeddings.duplicates import NearDuplicateSummary
from schema.embeddings.plots import EmbeddingPlot
from schema.embeddings.recall import EmbeddingRecall
from schema.embeddings.written import WrittenEmbeddings
from schema.files.parts import user_of
from schema.loading import reads, related
from schema.node import Node, Source, Sources, Stored
from schema.scalars import SafeInt


@strawberry.type(
    description="Something that the server does for you while you go on. It survives restarts; follow it with"
    " backgroundJobProgress. Its result stands in the field of its kind."
)
class BackgroundJob(Stored, Node):
    """One job."""

    KIND = Kind.BACKGROUND_JOB
    MODEL = models.BackgroundJob

    kind: enums.JobKind = strawberry.field(description="What it does.")
    state: enums.JobState = strawberry.field(description="Where it stands.")
    done_count: SafeInt = strawberry.field(description="Steps done; the kind says what a step is.")
    total_count: SafeInt | None = strawberry.field(
        description="Steps in all; null while that is not known."
    )
    message: str = strawberry.field(
        description="What went wrong, or what it waits for, for people; else empty."
    )
    revision: int = strawberry.field(description="Counts changes.")
    created_at: datetime = strawberry.field(description="When it was asked for.")
    updated_at: datetime = strawberry.field(description="When it last moved.")
    finished_at: datetime | None = strawberry.field(description="When it ended; null until then.")

    @strawberry.field(description="What SET_EMBEDDINGS has written so far; null for other kinds.")
    @reads("kind", "result")
    def written_embeddings(self) -> WrittenEmbeddings | None:
        if self.row.kind != models.JobKind.SET_EMBEDDINGS or self.row.result is None:
            return None
        return WrittenEmbeddings.of(self.row.result)

    @strawberry.field(
        description="Of COLLECT, what it came to so far; null for other kinds, and at the start."
    )
    @reads("kind", "input", "result")
    def collected(self) -> CollectedFiles | None:
        is_ours = self.row.kind == models.JobKind.COLLECT and self.row.result
        return CollectedFiles.of(self.row.input, self.row.result) if is_ours else None

    @strawberry.field(description="Who asked for it; null if they have left.")
    @reads("created_by")
    def created_by(self, info: Info) -> User | None:
        return user_of(info, self.row.created_by)

    @strawberry.field(
        description="Of COMPUTE_EMBEDDINGS, what it came to so far; null for other kinds, and at the start."
    )
    @reads("kind", "result")
    def computed_embeddings(self) -> ComputedEmbeddings | None:
        is_ours = self.row.kind == enums.JobKind.COMPUTE_EMBEDDINGS and self.row.result
        return ComputedEmbeddings.of(self.row.result) if is_ours else None

    @strawberry.field(description="The plot that was computed; null until it is whole.")
    @reads("kind", "result")
    def plot(self, info: Info) -> EmbeddingPlot | None:
        is_ours = self.row.kind == models.JobKind.EMBEDDING_PLOT and self.row.result
        key = UUID(self.row.result["plot_id"]) if is_ours else None
        return related(info, plots.plots_by_id, key, EmbeddingPlot.of)

    @strawberry.field(
        description="What a search for near duplicates came to; null until it ended well. The pairs are read by"
        " nearDuplicates, also while it runs."
    )
    @reads("kind", "result")
    def near_duplicates(self) -> NearDuplicateSummary | None:
        is_ours = self.row.kind == models.JobKind.NEAR_DUPLICATES and self.row.result
        return NearDuplicateSummary.of(self.row.result) if is_ours else None

    @strawberry.field(
        description="What a measurement of similarity search came to; null until it ended well."
    )
    @reads("kind", "result")
    def recall(self) -> EmbeddingRecall | None:
        is_ours = self.row.kind == models.JobKind.EMBEDDING_RECALL and self.row.result
        return EmbeddingRecall.of(self.row.result) if is_ours else None

    @classmethod
    async def load(cls, info: Info, key: UUID | str | None) -> Self | None:
        """The job of this key, if the caller may see it."""
        if key is None:
            return None
        key = key if isinstance(key, UUID) else UUID(key)
        row = await info.context.load(queries.jobs_by_id, key)
        return cls.of(row) if row else None


NODES: Sources = {Kind.BACKGROUND_JOB: Source(queries.jobs_by_id, BackgroundJob.of)}
