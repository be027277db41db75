"""Reads what PostgreSQL's EXPLAIN (FORMAT JSON) says about a search over files. Pure.

Of a plan only what people can use is taken: no condition, no SQL, and no figure that counts files of others.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.search.indexes import Purpose

Node = Mapping[str, Any]

_SCANS = {"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Tid Scan"}
_TENANT = "organisation_id = "
_OF_MISSING = re.compile(rf"file_({'|'.join(Purpose.MISSING.value)})\d+_")


class Strategy(StrEnum):
    """How the files of a page are found."""

    INDEX = "INDEX"
    """An index leads to those that fit."""
    BITMAP = "BITMAP"
    """One or several indexes lead to those that fit, and then these are sorted."""
    ORDERED_SCAN = "ORDERED_SCAN"
    """One file after the other in the order that was asked for, until the page is full."""
    FULL_SCAN = "FULL_SCAN"
    """Every file is looked at, and then those that fit are sorted."""
    EMPTY = "EMPTY"
    """It is clear before a look that nothing fits."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What was planned, and if it was run, what happened."""

    strategy: Strategy
    indexes: Sequence[str]
    """Names in the database, those of files and of what leads to files."""
    estimated_count: int
    """How many files the database expects to fit."""
    looked_at: int | None
    """How many files were looked at; None if it was not run."""
    found: int | None
    """How many of them are on the page."""
    milliseconds: float | None
    is_whole_table: bool
    """Whether `looked_at` counts the whole partition, also what is not the tenant's."""


def read(document: Sequence[Mapping[str, Any]]) -> Plan:
    """The plan of a page, from EXPLAIN's answer."""
    root: Node = document[0]["Plan"]
    scans = [pair for pair in _walk(root, ()) if _is_of_files(pair[0])]
    was_run = "Actual Rows" in root
    planning, execution = document[0].get("Planning Time"), document[0].get("Execution Time")
    return Plan(
        strategy=_strategy(scans, root),
        indexes=list(dict.fromkeys(_indexes(root))),
        estimated_count=round(_estimated(root)),
        looked_at=sum(_looked_at(node) for node, _ in scans) if was_run else None,
        found=round(root["Actual Rows"] * root["Actual Loops"]) if was_run else None,
        milliseconds=None if execution is None else (planning or 0.0) + execution,
        is_whole_table=any(node["Node Type"] == "Seq Scan" for node, _ in scans),
    )


def _walk(node: Node, above: tuple[Node, ...]) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    """Every node with those above it."""
    yield node, above
    for child in node.get("Plans", ()):
        yield from _walk(child, (*above, node))


def _is_of_files(node: Node) -> bool:
    name = node.get("Relation Name", "")
    return node["Node Type"] in _SCANS and (name == "file" or name.startswith("file_part"))


def _strategy(scans: Sequence[tuple[Node, tuple[Node, ...]]], root: Node) -> Strategy:
    if not scans:
        return Strategy.EMPTY
    if "Actual Rows" in root and not any(node["Actual Loops"] for node, _ in scans):
        return Strategy.EMPTY
    node, above = scans[0]
    kind = node["Node Type"]
    if kind == "Bitmap Heap Scan":
        narrows = any(map(_narrows, _below(node)))
        return Strategy.BITMAP if narrows else Strategy.FULL_SCAN
    if kind == "Seq Scan":
        return Strategy.FULL_SCAN
    if _narrows(node):
        return Strategy.INDEX
    is_sorted = any(one["Node Type"] == "Sort" for one in above if _is_wide(one))
    return Strategy.FULL_SCAN if is_sorted else Strategy.ORDERED_SCAN


def _is_wide(sort: Node) -> bool:
    """Whether a sort is over all that fits, and not over a page that is there already."""
    return not any(node["Node Type"] == "Limit" for node in _below(sort))


def _below(node: Node) -> list[Node]:
    return [one for one, above in _walk(node, ()) if above]


def _narrows(node: Node) -> bool:
    """Whether an index is asked for more than the tenant, or holds the files without a value alone."""
    if _OF_MISSING.match(node.get("Index Name", "")):
        return True
    parts = str(node.get("Index Cond", "")).split(" AND ")
    return any(part and _TENANT not in part for part in parts)


def _indexes(node: Node) -> Iterator[str]:
    for one, _ in _walk(node, ()):
        if "Index Name" in one and one.get("Actual Loops", 1):
            yield one["Index Name"]


def _estimated(root: Node) -> float:
    """What the planner expects below the innermost limit, which knows nothing of the page's size."""
    limits = [node for node, _ in _walk(root, ()) if node["Node Type"] == "Limit"]
    if not limits:
        return float(root["Plan Rows"])
    inner = max(limits, key=lambda node: -len(_below(node)))
    return float(inner["Plans"][0]["Plan Rows"])


def _looked_at(node: Node) -> int:
    """Rows that a scan has read, kept or not, in all its loops."""
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return round(float(node["Actual Rows"] + removed) * float(node["Actual Loops"]))
