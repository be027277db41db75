"""What is seen of a part of a plot: its points, or where they are dense how many there are in each tile."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any

from sqlalchemy import ColumnElement, Float, Integer, Select, Uuid, bindparam, cast, func, text
from sqlmodel import col, select

from app.accounts.actor import Actor
from app.core.errors import Invalid
from app.core.reads import CUSTOM, Reads
from app.core.runtime import Runtime
from app.embeddings.models import EmbeddingPlot, PlotPoint
from app.embeddings.plots import Bounds
from app.files import access
from app.files.models import Folder

MOST_POINTS = 10_000
USUAL_POINTS = 2_000

# nothing tells the planner that tiles are few; it would sort a million points by theirs
_COUNTED_AT_ONCE = text(
    "select set_config('enable_sort', 'off', true), set_config('work_mem', '64MB', true)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Points of files that the actor sees, by file and frame; or tiles, by row and column."""

    bounds: Bounds
    count: int
    """Points in the bounds."""
    side: int
    """Tiles in a row, and rows of them."""
    points: Sequence[Any] = ()
    tiles: Sequence[Any] = ()

    @property
    def is_dense(self) -> bool:
        """Whether there are tiles in place of the points."""
        return bool(self.tiles)

    @property
    def tile_size(self) -> tuple[float, float]:
        """Width and height of a tile."""
        bounds = self.bounds
        return (bounds.x_max - bounds.x_min) / self.side, (bounds.y_max - bounds.y_min) / self.side


def extent(plot: EmbeddingPlot) -> Bounds:
    """The smallest part that holds all points of a plot."""
    return Bounds(x_min=plot.x_min, y_min=plot.y_min, x_max=plot.x_max, y_max=plot.y_max)


async def view(
    runtime: Runtime, actor: Actor, plot: EmbeddingPlot, bounds: Bounds, most: int
) -> View:
    """The points in these bounds if there are at most so many, 1 to 10,000; else at most so many tiles."""
    if not 1 <= most <= MOST_POINTS:
        raise Invalid(
            f"maxPoints is {most}; it must be 1 to {MOST_POINTS:,}.", field=("max_points",)
        )
    side = isqrt(most)
    given = _given(plot, bounds.checked(), most, side)
    points = await _read_points(runtime.reads, actor, given)
    if len(points) <= most:
        ordered = sorted(points, key=lambda row: (row["file_id"], row["frame"]))
        return View(bounds=bounds, count=len(points), side=side, points=ordered)
    tiles = await _read_tiles(runtime, actor, given)
    return View(bounds=bounds, count=sum(tile["count"] for tile in tiles), side=side, tiles=tiles)


async def _read_points(reads: Reads, actor: Actor, given: dict[str, Any]) -> Sequence[Any]:
    kept = ("points of a plot", actor.eyes)
    compiled = reads.kept.get(kept, lambda: reads.compiler.compiled(_points(actor)))
    return await reads.fetch(actor.scope, compiled.sql, compiled.arguments(given), plans=CUSTOM)


async def _read_tiles(runtime: Runtime, actor: Actor, given: dict[str, Any]) -> Sequence[Any]:
    kept = ("tiles of a plot", actor.eyes)
    reads = runtime.reads
    compiled = reads.kept.get(kept, lambda: reads.compiler.compiled(_tiles(actor)))
    async with reads.scans, runtime.db.read(actor.scope) as session:
        await session.execute(_COUNTED_AT_ONCE)
        driver = await session.driver()
        rows = await driver.fetch(compiled.sql, *compiled.arguments(given))
    return sorted(rows, key=lambda tile: (tile["row"], tile["column"]))


def _given(plot: EmbeddingPlot, bounds: Bounds, most: int, side: int) -> dict[str, Any]:
    return {
        "plot_id": plot.id,
        "x_min": bounds.x_min,
        "y_min": bounds.y_min,
        "x_max": bounds.x_max,
        "y_max": bounds.y_max,
        # of no width at all everything lies in the first tile
        "width": (bounds.x_max - bounds.x_min) / side or 1.0,
        "height": (bounds.y_max - bounds.y_min) / side or 1.0,
        "last": side - 1,
        "one_more": most + 1,
    }


def _points(actor: Actor) -> Select[Any]:
    """At most one more than are wanted."""
    columns = PlotPoint.file_id, PlotPoint.frame, PlotPoint.x, PlotPoint.y
    return _within(actor, select(*columns)).limit(_number("one_more"))


def _tiles(actor: Actor) -> Select[Any]:
    column = _cell(PlotPoint.x, "x_min", "width").label("column")
    row = _cell(PlotPoint.y, "y_min", "height").label("row")
    some_file = func.any_value(col(PlotPoint.file_id), type_=Uuid).label("file_id")
    statement = select(column, row, func.count().label("count"), some_file)
    return _within(actor, statement).group_by(column, row)


def _within(actor: Actor, statement: Any) -> Select[Any]:
    """The points in the bounds whose files the actor sees: those in the folders that they see."""
    folders = access.visible_folders(actor).with_only_columns(col(Folder.id))
    found: Select[Any] = statement.where(
        PlotPoint.organisation_id == actor.organisation_id,
        PlotPoint.plot_id == bindparam("plot_id", None, type_=Uuid),
        col(PlotPoint.x).between(_float("x_min"), _float("x_max")),
        col(PlotPoint.y).between(_float("y_min"), _float("y_max")),
        col(PlotPoint.folder_id).in_(folders),
    )
    return found


def _cell(coordinate: Any, start: str, size: str) -> ColumnElement[int]:
    """Which column or row of tiles a point lies in; the last edge belongs to the last of them."""
    number = cast(func.floor((coordinate - _float(start)) / _float(size)), Integer)
    return func.least(number, _number("last"), type_=Integer)


def _float(name: str) -> ColumnElement[float]:
    return bindparam(name, 0.0, type_=Float)


def _number(name: str) -> ColumnElement[int]:
    return bindparam(name, 1, type_=Integer)
