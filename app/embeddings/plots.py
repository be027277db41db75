"""Plots of vectors: who may have one computed, who sees it, and which files lie in a part of it."""

import math
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from app.accounts.actor import Actor
from app.accounts.by_id import ById
from app.background import service
from app.background.models import BackgroundJob, JobKind
from app.core.db import Session, Tx
from app.core.errors import Invalid
from app.embeddings import projection, tables, walk
from app.embeddings.models import EmbeddingPlot, PlotMethod, PlotPoint
from app.files import access
from app.files.models import File, Folder

DRAW = "draw_embedding_plot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A part of the plane; its edges belong to it."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float

    def checked(self) -> "Bounds":
        """Itself. Raises Invalid for one that is inside out, or without end."""
        if not all(map(math.isfinite, (self.x_max - self.x_min, self.y_max - self.y_min))):
            raise Invalid("Bounds are finite, and so are width and height.", field=("bounds",))
        if self.x_min > self.x_max:
            raise Invalid("xMin is above xMax.", field=("bounds", "x_min"))
        if self.y_min > self.y_max:
            raise Invalid("yMin is above yMax.", field=("bounds", "y_min"))
        return self

    def hold(self, points: Any) -> ColumnElement[bool]:
        """Whether a point lies in it, as SQL."""
        in_width: ColumnElement[bool] = points.x.between(self.x_min, self.x_max)
        in_height: ColumnElement[bool] = points.y.between(self.y_min, self.y_max)
        return in_width & in_height


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionTest:
    """A test of files: one of their points lies in a part of this plot."""

    plot_id: UUID
    x_min: float
    y_min: float
    x_max: float
    y_max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A plot of the vectors of a key; of a folder with everything below it, or of all files."""

    key: str
    folder_id: UUID | None = None
    method: PlotMethod = PlotMethod.PCA


async def compute(tx: Tx, actor: Actor, asked: Asked) -> BackgroundJob:
    """Start a job that makes the plot; it takes the place of the older one of the same key and folder."""
    if asked.method is PlotMethod.UMAP:
        projection.must_have_umap()
    await walk.may_look(tx, actor, asked.folder_id)
    found, _ = await tables.table_with_vectors(tx, actor, asked.key)
    plot = EmbeddingPlot(
        organisation_id=actor.organisation_id,
        key_number=found.number,
        folder_id=asked.folder_id,
        method=asked.method,
    )
    tx.add(plot)
    given = {
        "key_number": found.number,
        "folder_id": asked.folder_id.hex if asked.folder_id else None,
        "plot_id": plot.id.hex,
        "method": asked.method.value,
    }
    return await service.begin(tx, actor, JobKind.EMBEDDING_PLOT, given, DRAW)


def visible_plots(actor: Actor) -> SelectOfScalar[EmbeddingPlot]:
    """The plots that are whole, of folders that the actor sees and of all files.

    What is shown of a plot of all files is those of them that the actor sees.
    """
    folders = access.visible_folders(actor).with_only_columns(col(Folder.id))
    return select(EmbeddingPlot).where(
        EmbeddingPlot.organisation_id == actor.organisation_id,
        col(EmbeddingPlot.is_ready),
        or_(col(EmbeddingPlot.folder_id).is_(None), col(EmbeddingPlot.folder_id).in_(folders)),
    )


plots_by_id = ById(EmbeddingPlot, visible_plots)
"""Plots by id."""


async def latest(
    session: Session, actor: Actor, key: str, folder_id: UUID | None
) -> EmbeddingPlot | None:
    """The plot of this key and folder. Raises Invalid if there is no such embedding key."""
    found = await tables.table_of(session, actor, key)
    statement = (
        visible_plots(actor)
        .where(EmbeddingPlot.key_number == found.number)
        .where(col(EmbeddingPlot.folder_id).is_not_distinct_from(folder_id))
        .order_by(col(EmbeddingPlot.id).desc())
    )
    return (await session.exec(statement.limit(1))).one_or_none()


def in_region(actor: Actor, test: RegionTest) -> ColumnElement[bool]:
    """Whether a file has a point in this part of a plot that the actor sees, as SQL on `file`."""
    bounds = Bounds(x_min=test.x_min, y_min=test.y_min, x_max=test.x_max, y_max=test.y_max)
    points = select(PlotPoint.file_id).where(
        PlotPoint.organisation_id == actor.organisation_id,
        PlotPoint.plot_id == test.plot_id,
        bounds.hold(PlotPoint),
        visible_plots(actor).where(EmbeddingPlot.id == test.plot_id).exists(),
    )
    return col(File.id).in_(points)
