"""How things are measured: actions take turns, and the median counts, since machines are noisy."""

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Action = Callable[[], Awaitable[float]]
"""Does its work once and says its figure, whatever the unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: our figure beside that of a floor, which does the least that would serve.

    `peers` are the figures of others that do the same. `ratios` are ours divided by the floor's (key "floor")
    and by each peer's, as medians over rounds; where there is none, the figures themselves are divided.
    `bounds` are what we aim at: for the floor or a peer, the ratio that is just good enough.
    """

    name: str
    unit: str
    ours: float
    floor: float
    floor_is: str
    aim: str = ""
    peers: Mapping[str, float] = field(default_factory=dict)
    ratios: Mapping[str, float] = field(default_factory=dict)
    bounds: Mapping[str, float] = field(default_factory=dict)
    is_rate: bool = False
    """More is better."""
    cpu_ms: Mapping[str, float] = field(default_factory=dict)
    """Processor time of each server, milliseconds for one request."""
    bytes: Mapping[str, int] = field(default_factory=dict)
    """Of one answer."""

    @property
    def ratio(self) -> float:
        """Ours divided by the floor; for a rate more is better, for a time or a size less."""
        return self.against("floor")

    @property
    def is_reached(self) -> bool | None:
        """Whether every bound is kept; None without any."""
        return all(map(self.keeps, self.bounds)) if self.bounds else None

    def against(self, other: str) -> float:
        """Ours divided by the floor's or a peer's figure."""
        if other in self.ratios:
            return self.ratios[other]
        return self.ours / (self.floor if other == "floor" else self.peers[other])

    def keeps(self, other: str) -> bool:
        """Whether our ratio to this one is as good as we aim at."""
        ratio, bound = self.against(other), self.bounds[other]
        return ratio >= bound if self.is_rate else ratio <= bound

    def as_json(self) -> dict[str, Any]:
        """For results.json."""
        told: dict[str, Any] = {
            "name": self.name,
            "unit": self.unit,
            "ours": rounded(self.ours),
            "floor": rounded(self.floor),
            "ratio": rounded(self.ratio),
            "floor_is": self.floor_is,
            "aim": self.aim or "; ".join(map(self._aim, self.bounds)),
        }
        if self.peers:
            told["peers"] = {name: self._peer(name) for name in self.peers}
        if self.bounds:
            told["reached"] = {name: self.keeps(name) for name in self.bounds}
        if self.cpu_ms:
            told["cpu_ms"] = {name: rounded(value) for name, value in self.cpu_ms.items()}
        if self.bytes:
            told["bytes"] = dict(self.bytes)
        return told

    def _peer(self, name: str) -> dict[str, float]:
        return {"figure": rounded(self.peers[name]), "ratio": rounded(self.against(name))}

    def _aim(self, other: str) -> str:
        sign = ">=" if self.is_rate else "<="
        return f"{sign} {self.bounds[other]:g} of {other}"


def rounded(value: float) -> float:
    """Three significant digits: what lies behind them is noise."""
    return float(f"{value:.3g}")


async def turns(repeats: int, *actions: Action) -> list[list[float]]:
    """The figures of each action; they take turns, so that a bad minute hits all of them."""
    found: list[list[float]] = [[] for _ in actions]
    for _ in range(repeats):
        for figures, action in zip(found, actions, strict=True):
            figures.append(await action())
    return found


async def interleaved(repeats: int, *actions: Action) -> list[float]:
    """The median figure of each action, as they take turns."""
    return [statistics.median(figures) for figures in await turns(repeats, *actions)]


def ratio(ours: Sequence[float], other: Sequence[float]) -> float:
    """The median of the ratios of each round."""
    return statistics.median(a / b for a, b in zip(ours, other, strict=True))


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
        lines += [f"{row.name:44} {figures}  {notes}{_verdict(row, 'floor')}"]
        lines += [_peer_line(row, name) for name in row.peers]
        if row.cpu_ms:
            told = ", ".join(f"{name} {value:.3g}" for name, value in row.cpu_ms.items())
            lines.append(f"{'  processor, ms a request':44} {told}")
    return "\n".join(lines)


def _peer_line(row: Row, name: str) -> str:
    figures = f"{'':12} {row.peers[name]:12,.4g} {row.against(name):7.2f}"
    return f"{'  ' + name:44} {figures}  {_verdict(row, name).removeprefix('; ')}"


def _verdict(row: Row, other: str) -> str:
    if other not in row.bounds:
        return ""
    sign = ">=" if row.is_rate else "<="
    said = "reached" if row.keeps(other) else "NOT REACHED"
    return f"; {sign} {row.bounds[other]:g}: {said}"
