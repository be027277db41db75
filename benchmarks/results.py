"""The figures as they are committed: benchmarks/results.json, without names of machines and paths."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from benchmarks.ground import Ground
from benchmarks.measure import Row

RESULTS = Path(__file__).parent / "results.json"


async def write(place: Ground, rows: Sequence[Row]) -> None:
    """Put these rows in the place of those of the same name; the others stay."""
    new = {row.name: row.as_json() for row in rows}
    kept = [new.pop(row["name"], row) for row in _stored().get("rows", [])]
    _merge({"machine": await _machine(place), "rows": [*kept, *new.values()]})


def forget_all_but(rows: Sequence[Row]) -> None:
    """Drop rows that are no longer measured."""
    names = {row.name for row in rows}
    _merge({"rows": [row for row in _stored()["rows"] if row["name"] in names]})


async def remember(place: Ground, name: str, rows: Sequence[Row]) -> None:
    """Replace what a command that is run by hand found out; it stays until that is run again."""
    once = _stored().get("once", {})
    found = {"machine": await _machine(place), "rows": [row.as_json() for row in rows]}
    _merge({"once": {**once, name: found}})


def _merge(new: dict[str, Any]) -> None:
    text = orjson.dumps(_stored() | new, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    RESULTS.write_bytes(text + b"\n")


def _stored() -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(RESULTS.read_bytes()) if RESULTS.exists() else {}
    return found


async def _machine(place: Ground) -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "processors": os.cpu_count(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "postgresql": await place.bare.fetchval("show server_version"),
        "waits_for_the_disk": await place.bare.fetchval("show fsync") == "on",
    }
