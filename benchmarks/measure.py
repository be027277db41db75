"""How things are measured: actions take turns, and the median counts, since machines are noisy."""

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

Action = Callable[[], Awaitable[float]]
"""Does its work once and says its figure, whatever the unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: our figure beside that of a floor, which does the least that would serve."""

    name: str
    unit: str
    ours: float
    floor: float
    floor_is: str
    aim: str = ""

    @property
    def ratio(self) -> float:
        """Ours divided by the floor; for a rate more is better, for a time or a size less."""
        return self.ours / self.floor

    def as_json(self) -> dict[str, Any]:
        """For results.json."""
        return {
            "name": self.name,
            "unit": self.unit,
            "ours": rounded(self.ours),
            "floor": rounded(self.floor),
            "ratio": rounded(self.ratio),
            "floor_is": self.floor_is,
            "aim": self.aim,
        }


def rounded(value: float) -> float:
    """Three significant digits: what lies behind them is noise."""
    return float(f"{value:.3g}")


async def interleaved(repeats: int, *actions: Action) -> list[float]:
    """The median figure of each action; they take turns, so that a bad minute hits all of them."""
    found: list[list[float]] = [[] for _ in actions]
    for _ in range(repeats):
        for figures, action in zip(found, actions, strict=True):
            figures.append(await action())
    return [statistics.median(figures) for figures in found]


async def seconds(work: Callable[[], Awaitable[object]]) -> float:
    """How long it takes, by the wall's clock."""
    begin = time.perf_counter()
    await work()
    return time.perf_counter() - begin


def table(rows: Sequence[Row]) -> str:
    """The rows for people."""
    lines = [f"{'':44} {'ours':>12} {'floor':>12} {'ratio':>7}  unit; the floor; the aim"]
    for row in rows:
        figures = f"{row.ours:12,.4g} {row.floor:12,.4g} {row.ratio:7.2f}"
        notes = "; ".join(filter(None, (row.unit, row.floor_is, row.aim)))
        lines.append(f"{row.name:44} {figures}  {notes}")
    return "\n".join(lines)
