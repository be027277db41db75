"""Plots of vectors: asked for, and looked at."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from app.core import ids
from app.core.ids import Kind
from app.embeddings import models, plot_views, plots
from app.embeddings.models import PlotMethod
from app.embeddings.plot_views import USUAL_POINTS, View
from app.files import queries as files
from schema import enums
from schema.context import Info
from schema.files.inputs import key as key_of
from schema.files.types import File, Folder
from schema.inputs import given
from schema.loading import reads, related
from schema.node import Node, Source, Sources, Stored
from schema.scalars import SafeInt

enums.public(
    PlotMethod,
    "How vectors become points of a plane.",
    {
        PlotMethod.PCA: "Principal components: the two directions along which the vectors differ most. Quick, for"
        " any number of vectors, and the same each time.",
        PlotMethod.UMAP: "UMAP: what is near stays near, so that clusters show. Takes minutes; at most 200,000"
        " vectors, and only where the server has the extra `umap`.",
    },
    name="EmbeddingPlotMethod",
)


@strawberry.input(description="A part of the plane. Its edges belong to it.")
class PlotBounds:
    """A rectangle."""

    x_min: float = strawberry.field(description="The left edge.")
    y_min: float = strawberry.field(description="The lower edge.")
    x_max: float = strawberry.field(description="The right edge, not below xMin.")
    y_max: float = strawberry.field(description="The upper edge, not below yMin.")

    def bounds(self) -> plots.Bounds:
        """The same for `app`."""
        return plots.Bounds(x_min=self.x_min, y_min=self.y_min, x_max=self.x_max, y_max=self.y_max)


@strawberry.type(description="A part of the plane.")
class PlotExtent:
    """A rectangle."""

    x_min: float = strawberry.field(description="The left edge.")
    y_min: float = strawberry.field(description="The lower edge.")
    x_max: float = strawberry.field(description="The right edge.")
    y_max: float = strawberry.field(description="The upper edge.")

    @classmethod
    def of(cls, bounds: Any) -> "PlotExtent":
        """The public form of bounds."""
        return cls(x_min=bounds.x_min, y_min=bounds.y_min, x_max=bounds.x_max, y_max=bounds.y_max)


@strawberry.type(
    description="The vectors of an embedding key as points of a plane. Nearly all lie within -1 and 1. It shows"
    " the vectors that there were when it was computed; compute it again after many changes."
)
class EmbeddingPlot(Stored, Node):
    """One plot."""

    KIND = Kind.EMBEDDING_PLOT
    MODEL = models.EmbeddingPlot

    method: PlotMethod = strawberry.field(description="How it was made.")
    point_count: SafeInt = strawberry.field(
        description="Points when it was made, those that you may not see included."
    )
    created_at: datetime = strawberry.field(description="When it was asked for.")

    @strawberry.field(
        description="The folder whose files it shows, with everything below it; null if it shows all files."
    )
    @reads("folder_id")
    def folder(self, info: Info) -> Folder | None:
        return related(info, files.folders_by_id, self.row.folder_id, Folder.of)

    @strawberry.field(description="The smallest part of the plane that holds every point.")
    @reads("x_min", "y_min", "x_max", "y_max")
    def extent(self) -> PlotExtent:
        return PlotExtent.of(plot_views.extent(self.row))


@strawberry.type(description="A vector as a point of a plane.")
class PlotPoint(Stored):
    """One point."""

    MODEL = models.PlotPoint

    x: float = strawberry.field(description="To the right.")
    y: float = strawberry.field(description="Upwards.")

    @strawberry.field(description="The id of the file.")
    @reads("file_id")
    def file_id(self) -> strawberry.ID:
        return strawberry.ID(ids.encode(Kind.FILE, self.row.file_id))

    @strawberry.field(
        description="The frame of a video, from 0; null if it stands for the whole file."
    )
    @reads("frame")
    def frame(self) -> int | None:
        return None if self.row.frame < 0 else self.row.frame

    @strawberry.field(description="The file.")
    @reads("file_id")
    def file(self, info: Info) -> File | None:
        return related(info, files.files_by_id, self.row.file_id, File.of)


@strawberry.type(
    description="How many points lie in a small part of the plane. Empty ones are left out."
)
class PlotTile:
    """One tile."""

    x: float = strawberry.field(description="Its left edge.")
    y: float = strawberry.field(description="Its lower edge.")
    width: float = strawberry.field(description="To the right.")
    height: float = strawberry.field(description="Upwards.")
    count: SafeInt = strawberry.field(description="Points in it, at least 1.")
    row: strawberry.Private[Any]

    @strawberry.field(description="The id of the file of one of its points.")
    def sample_file_id(self) -> strawberry.ID:
        return strawberry.ID(ids.encode(Kind.FILE, self.row["file_id"]))

    @strawberry.field(description="The file of one of its points.")
    def sample_file(self, info: Info) -> File | None:
        return related(info, files.files_by_id, self.row["file_id"], File.of)


@strawberry.type(
    description="What lies in a part of a plot, of files that you may see: every point, or if these are too many"
    " how many there are in each tile."
)
class EmbeddingPlotView:
    """Points or tiles."""

    plot: EmbeddingPlot = strawberry.field(description="The plot.")
    found: strawberry.Private[View]

    @strawberry.field(description="The part that was asked for.")
    def bounds(self) -> PlotExtent:
        return PlotExtent.of(self.found.bounds)

    @strawberry.field(description="Points in it.")
    def point_count(self) -> SafeInt:
        return SafeInt(self.found.count)

    @strawberry.field(description="Whether there are tiles in place of points.")
    def is_dense(self) -> bool:
        return self.found.is_dense

    @strawberry.field(description="Every point, by file and frame; empty where it is dense.")
    def points(self) -> list[PlotPoint]:
        return list(map(PlotPoint.of, self.found.points))

    @strawberry.field(
        description="Tiles of one size, row by row from the lower left; empty where it is not dense."
    )
    def tiles(self) -> list[PlotTile]:
        return _tiles(self.found)


def _tiles(found: View) -> list[PlotTile]:
    width, height = found.tile_size
    left, bottom = found.bounds.x_min, found.bounds.y_min
    return [
        PlotTile(
            x=left + row["column"] * width,
            y=bottom + row["row"] * height,
            width=width,
            height=height,
            count=SafeInt(row["count"]),
            row=row,
        )
        for row in found.tiles
    ]


@strawberry.type
class EmbeddingPlotQuery:
    """The plots' share of Query."""

    @strawberry.field(
        description="A part of the plot of an embedding key: its points, or where they are dense tiles with"
        " counts. Only what you may see is shown and counted. Null until computeEmbeddingPlot has made one, and"
        " where you may not see the folder."
    )
    async def embedding_plot(
        self,
        info: Info,
        key: Annotated[str, strawberry.argument(description="The name of the embedding key.")],
        folder_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="The plot of this folder; left out: that of all files of the organisation."
            ),
        ] = strawberry.UNSET,
        bounds: Annotated[
            PlotBounds | None,
            strawberry.argument(description="Which part; left out: all of it."),
        ] = strawberry.UNSET,
        max_points: Annotated[
            int,
            strawberry.argument(
                description="At most so many points, 1 to 10,000; if there are more, at most so many tiles."
            ),
        ] = USUAL_POINTS,
    ) -> EmbeddingPlotView | None:
        folder = given(folder_id)
        wanted = key_of(Kind.FOLDER, folder) if folder else None
        if folder and wanted is None:
            return None
        actor, part = info.context.actor, given(bounds)
        async with info.context.read() as session:
            plot = await plots.latest(session, actor, key, wanted)
        if plot is None:
            return None
        within = part.bounds() if part else plot_views.extent(plot)
        found = await plot_views.view(info.context.runtime, actor, plot, within, max_points)
        return EmbeddingPlotView(plot=EmbeddingPlot.of(plot), found=found)


NODES: Sources = {Kind.EMBEDDING_PLOT: Source(plots.plots_by_id, EmbeddingPlot.of)}
