"""Makes a plot: the work of a job, which goes on where a killed worker left off.

First the moments of all vectors are taken, then each vector is placed. The points stand below a plot that nobody
sees until it is whole; then those of older plots of the same key and folder go.
"""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import anyio.to_process
import numpy as np
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, delete, select

from app.background import service
from app.background.models import BackgroundJob
from app.core import bulk
from app.core.db import Tx
from app.core.errors import Conflict, TooLarge
from app.core.runtime import Runtime
from app.embeddings import projection, tables, walk
from app.embeddings.models import EmbeddingPlot, PlotMethod, PlotPoint
from app.embeddings.plots import DRAW
from app.embeddings.projection import Axes, Matrix, Moments
from app.embeddings.walk import Ground, Key, Window

COLUMNS = ("organisation_id", "plot_id", "file_id", "frame", "folder_id", "x", "y")
POINTS = PlotPoint.__table__  # type: ignore[attr-defined]
ERASED_AT_ONCE = 50_000

_ERASE = text(
    "delete from embedding_plot_point where ctid = any(array(select ctid from embedding_plot_point"
    " where organisation_id = :organisation_id and plot_id = :plot_id limit :most))"
)
_FIGURES = text(
    "select count(*), min(x), min(y), max(x), max(y) from embedding_plot_point"
    " where organisation_id = :organisation_id and plot_id = :plot_id"
)


class Stopped(Exception):
    """The job was cancelled, or another worker has it."""


@dataclass(slots=True)
class Drawing:
    """One run of one job."""

    runtime: Runtime
    ground: Ground
    job: BackgroundJob
    plot: EmbeddingPlot
    looks: int
    """How often every vector is looked at."""
    done: int = field(default=0)
    """Steps: one for each vector and look."""

    async def progress(self, tx: Tx, row_count: int) -> BackgroundJob:
        """Note steps; the job, held. Raises Stopped if it has ended."""
        job = await service.locked(tx, self.job.id)
        if not service.is_running(job):
            raise Stopped
        self.done += row_count
        total = max(self.looks * self.ground.count, self.done)
        service.progressed(tx, job, self.done, total)
        return job

    async def looked(self, window: Window) -> None:
        """A window was looked at."""
        async with self.runtime.db.transaction(self.ground.actor.scope) as tx:
            await self.progress(tx, window.row_count)


async def draw_embedding_plot(
    runtime: Runtime, *, organisation_id: str, job_id: str, user_id: str
) -> None:
    """Make the plot that a job is for."""
    await service.run(runtime, organisation_id, job_id, user_id, partial(_draw, runtime))


async def _draw(runtime: Runtime, job: BackgroundJob) -> None:
    ground = await Ground.of(runtime, job)
    if ground is None:
        raise _without_vectors()
    plot_id = UUID(job.input["plot_id"])
    async with runtime.db.read(ground.actor.scope) as session:
        plot = await session.get(EmbeddingPlot, (job.organisation_id, plot_id))
    if plot is None:
        raise _replaced()
    looks = 2 if plot.method is PlotMethod.PCA else 3
    drawing = Drawing(runtime, ground, job, plot, looks)
    try:
        if not plot.is_ready:
            await _place_all(drawing)
        await _finish(drawing)
    except Stopped:
        await _forget_if_ended(drawing)
    except DBAPIError as error:
        if not tables.is_gone(error):
            raise
        await _forget(drawing, plot.id)
        raise _without_vectors() from error


def _without_vectors() -> Conflict:
    return Conflict("The key has no vectors any more.")


async def _place_all(drawing: Drawing) -> None:
    axes = await _axes(drawing)
    if drawing.plot.method is PlotMethod.UMAP:
        await _place_by_umap(drawing, axes)
        return
    after = await _last_key(drawing)
    async for window in drawing.ground.windows(after):
        points = await asyncio.to_thread(_placed, axes, window.vectors)
        await _write(drawing, window.keys, points, window.row_count)
    await _publish(drawing)


def _placed(axes: Axes, vectors: Matrix) -> Matrix:
    return axes.place(projection.unit(vectors))


async def _axes(drawing: Drawing) -> Axes:
    """Those that an earlier run found, or new ones: so that one plot has one pair of axes."""
    dimensions = drawing.ground.dimensions
    if drawing.plot.axes is not None:
        drawing.done = drawing.ground.count
        return Axes.from_bytes(drawing.plot.axes, dimensions)
    moments = Moments.empty(dimensions)
    async for window in drawing.ground.windows():
        await asyncio.to_thread(_see, moments, window.vectors)
        await drawing.looked(window)
    is_umap = drawing.plot.method is PlotMethod.UMAP
    count = min(projection.BEFORE_UMAP, dimensions) if is_umap else projection.PLANE
    if is_umap and moments.count > projection.MOST_FOR_UMAP:
        raise _too_many(moments.count)
    axes = await asyncio.to_thread(projection.principal, moments, count)
    async with drawing.runtime.db.transaction(drawing.ground.actor.scope) as tx:
        await drawing.progress(tx, 0)
        plot = await _plot(tx, drawing)
        plot.axes = axes.to_bytes()
        tx.add(plot)
    return axes


def _see(moments: Moments, vectors: Matrix) -> None:
    moments.add(projection.unit(vectors))


async def _place_by_umap(drawing: Drawing, axes: Axes) -> None:
    """All at once, since no point has its place without the others; a run before this one counts for nothing."""
    await _erase(drawing, drawing.plot.id)
    keys: list[Key] = []
    parts: list[Matrix] = []
    async for window in drawing.ground.windows():
        parts.append(_placed(axes, window.vectors).astype(np.float32))
        keys += window.keys
        await drawing.looked(window)
    rows = np.concatenate(parts)
    if len(rows) < projection.FEWEST_FOR_UMAP:
        raise Conflict(f"UMAP takes at least {projection.FEWEST_FOR_UMAP} vectors; take PCA.")
    if len(rows) > projection.MOST_FOR_UMAP:
        raise _too_many(len(rows))
    points = await anyio.to_process.run_sync(projection.umap, rows, cancellable=True)
    size = drawing.ground.window_size
    for start in range(0, len(keys), size):
        part = slice(start, start + size)
        await _write(drawing, keys[part], points[part], len(keys[part]))
    await _publish(drawing)


async def _write(drawing: Drawing, keys: list[Key], points: Matrix, row_count: int) -> None:
    """Points of files that are still there. Raises Stopped if another worker was here."""
    organisation_id = drawing.job.organisation_id
    async with drawing.runtime.db.transaction(drawing.ground.actor.scope) as tx:
        await drawing.progress(tx, row_count)
        if keys and await _last(tx, drawing) >= keys[0]:
            raise Stopped
        there = await walk.held(tx, organisation_id, {file_id for file_id, _ in keys})
        rows = [
            (organisation_id, drawing.plot.id, *key, there[key[0]], x, y)
            for key, (x, y) in zip(keys, points.tolist(), strict=True)
            if key[0] in there
        ]
        await bulk.insert(tx, POINTS, COLUMNS, rows)


async def _publish(drawing: Drawing) -> None:
    """Let the plot be seen."""
    given = {"organisation_id": drawing.job.organisation_id, "plot_id": drawing.plot.id}
    async with drawing.runtime.db.transaction(drawing.ground.actor.scope) as tx:
        await drawing.progress(tx, 0)
        plot = await _plot(tx, drawing)
        count, *corners = (await tx.execute(_FIGURES, given)).one()
        plot.x_min, plot.y_min, plot.x_max, plot.y_max = (one or 0.0 for one in corners)
        plot.point_count, plot.is_ready = count, True
        tx.add(plot)


async def _finish(drawing: Drawing) -> None:
    """Forget the plots that this one follows, and end the job."""
    scope = drawing.ground.actor.scope
    async with drawing.runtime.db.read(scope) as session:
        found = await session.exec(
            select(EmbeddingPlot.id).where(
                EmbeddingPlot.organisation_id == drawing.job.organisation_id,
                EmbeddingPlot.key_number == drawing.plot.key_number,
                col(EmbeddingPlot.folder_id).is_not_distinct_from(drawing.plot.folder_id),
                col(EmbeddingPlot.id) < drawing.plot.id,
            )
        )
        older = list(found)
    for plot_id in older:
        await _forget(drawing, plot_id)
    async with drawing.runtime.db.transaction(scope) as tx:
        job = await drawing.progress(tx, 0)
        job.total_count = job.done_count  # of a folder it was a guess: as if all vectors were in it
        service.finish(tx, job, {"plot_id": drawing.plot.id.hex})


async def _forget_if_ended(drawing: Drawing) -> None:
    """After a cancellation nobody will finish the plot; another worker would."""
    async with drawing.runtime.db.transaction(drawing.ground.actor.scope) as tx:
        if service.is_running(await service.locked(tx, drawing.job.id)):
            return
        plot = await tx.get(EmbeddingPlot, (drawing.job.organisation_id, drawing.plot.id))
        if plot is None or plot.is_ready:
            return
    await _forget(drawing, drawing.plot.id)


async def _forget(drawing: Drawing, plot_id: UUID) -> None:
    await _erase(drawing, plot_id)
    async with drawing.runtime.db.transaction(drawing.ground.actor.scope) as tx:
        await tx.exec(
            delete(EmbeddingPlot).where(
                col(EmbeddingPlot.organisation_id) == drawing.job.organisation_id,
                col(EmbeddingPlot.id) == plot_id,
            )
        )


async def _erase(drawing: Drawing, plot_id: UUID) -> None:
    """Delete the points of a plot, some at a time."""
    given = {"organisation_id": drawing.job.organisation_id, "plot_id": plot_id}
    count = ERASED_AT_ONCE
    while count == ERASED_AT_ONCE:
        async with drawing.runtime.db.transaction(drawing.ground.actor.scope) as tx:
            erased = await tx.execute(_ERASE, {**given, "most": ERASED_AT_ONCE})
            count = int(erased.rowcount)  # type: ignore[attr-defined]


async def _plot(tx: Tx, drawing: Drawing) -> EmbeddingPlot:
    found = await tx.get(EmbeddingPlot, (drawing.job.organisation_id, drawing.plot.id))
    if found is None:
        raise _replaced()
    return found


async def _last_key(drawing: Drawing) -> Key:
    async with drawing.runtime.db.transaction(drawing.ground.actor.scope) as tx:
        return await _last(tx, drawing)


async def _last(tx: Tx, drawing: Drawing) -> Key:
    """The last vector that has a point."""
    statement = (
        select(PlotPoint.file_id, PlotPoint.frame)
        .where(PlotPoint.organisation_id == drawing.job.organisation_id)
        .where(PlotPoint.plot_id == drawing.plot.id)
        .order_by(col(PlotPoint.file_id).desc(), col(PlotPoint.frame).desc())
    )
    found = (await tx.exec(statement.limit(1))).one_or_none()
    return walk.START if found is None else (found[0], found[1])


def _replaced() -> Conflict:
    return Conflict("A plot of the same key and folder that was asked for later took its place.")


def _too_many(count: int) -> TooLarge:
    most = projection.MOST_FOR_UMAP
    return TooLarge(f"{count:,} vectors; UMAP takes at most {most:,}. Take PCA, or a folder.")


TASKS = {DRAW: draw_embedding_plot}
"""By name, for the worker."""
