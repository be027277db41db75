"""Runs the statements that look for the nearest vectors.

Each is compiled once for a table and a set of candidates, and runs as a hot read.
"""

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

from sqlalchemy import Select

from app.core.db import Scope
from app.core.reads import AUTO, CUSTOM, USUAL_SCAN, Reads, Row, Scan
from app.embeddings import statements
from app.embeddings.asked import Asked, Beside, Candidates
from app.embeddings.tables import BITS_ABOVE


async def all_compared(
    reads: Reads, asked: Asked, candidates: Candidates | None, most: int
) -> list[Row]:
    """The nearest vectors of these files, by comparing all."""
    return await _run(
        reads, asked, candidates, "all", statements.every_vector, {"most": most}, plan_cache=CUSTOM
    )


async def each_file_compared(
    reads: Reads, asked: Asked, candidates: Candidates | None, most: int
) -> list[Row]:
    """The same with one vector of each file, its nearest."""
    return await _run(
        reads,
        asked,
        candidates,
        "each",
        statements.nearest_of_each,
        {"most": most},
        plan_cache=CUSTOM,
    )


async def few_compared(
    reads: Reads, asked: Asked, candidates: Candidates, few: int, most: int
) -> tuple[int, list[Row]]:
    """How many files there are, counted to one more than `few`; and unless there are more, the nearest of them."""
    given = {"few": few, "one_more": few + 1, "most": most}
    rows = await _run(
        reads, asked, candidates, "few", statements.unless_many, given, plan_cache=CUSTOM
    )
    return rows[0]["n"], [row for row in rows if row["file_id"] is not None]


async def scanned(
    reads: Reads, asked: Asked, candidates: Candidates | None, scan: Scan, most: int
) -> list[Row]:
    """Those of the `most` nearest by the index that are of these files. `reach`: the distance of the last one."""
    wide = asked.vectors.dimensions > BITS_ABOVE
    make = partial(statements.first_by_bits if wide else statements.first_of_index, most)
    name = f"scan {most}"
    return await _run(reads, asked, candidates, name, make, {}, plan_cache=AUTO, scan=scan)


async def scanned_with_rows(
    reads: Reads, asked: Asked, beside: Beside, scan: Scan, most: int
) -> list[Row]:
    """The `most` nearest by the index; the first `beside.count` with their files' rows, if those may be seen."""
    kept = (*_kept(asked, f"with rows {most}"), beside.columns, beside.joins)
    make = partial(statements.first_with_rows, most, beside, asked)
    compiled = beside.listing.compiled(reads.compiler, kept, make)
    arguments = compiled.arguments(asked.given | {"count": beside.count})
    return await reads.fetch(asked.scope, compiled.sql, arguments, plans=AUTO, scan=scan)


async def scanned_on(
    reads: Reads, asked: Asked, candidates: Candidates, scan: Scan, most: int
) -> list[Row]:
    """Vectors of these files as they come from the index, which goes on until there are so many."""
    return await _run(
        reads,
        asked,
        candidates,
        "on",
        statements.until_enough,
        {"most": most},
        plan_cache=CUSTOM,
        scan=scan,
    )


async def counted(reads: Reads, scope: Scope, candidates: Candidates, most: int) -> int:
    """How many files there are, at most so many."""
    make = partial(statements.counted, candidates)
    compiled = candidates.listing.compiled(reads.compiler, "counted to", make)
    arguments = compiled.arguments({"most": most})
    (row,) = await reads.fetch(scope, compiled.sql, arguments, plans=CUSTOM)
    found: int = row[0]
    return found


async def _run(
    reads: Reads,
    asked: Asked,
    candidates: Candidates | None,
    name: str,
    make: Callable[[Asked, Candidates | None], Select[Any]],
    given: dict[str, Any],
    *,
    plan_cache: str,
    scan: Scan = USUAL_SCAN,
) -> list[Row]:
    kept, compiler, made = _kept(asked, name), reads.compiler, partial(make, asked, candidates)
    if candidates is None:
        compiled = reads.kept.get(kept, lambda: compiler.compiled(made()))
    else:
        compiled = candidates.listing.compiled(compiler, kept, made)
    arguments = compiled.arguments(asked.given | given)
    return await reads.fetch(asked.scope, compiled.sql, arguments, plans=plan_cache, scan=scan)


def _kept(asked: Asked, name: str) -> tuple[Hashable, ...]:
    """What a statement depends on."""
    exclusion = asked.without_file is not None, asked.without_frame is not None
    return ("nearest", name, asked.vectors.name, asked.vectors.dimensions, *exclusion)
