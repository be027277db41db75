"""The statements that look for the nearest vectors; which of them serves is decided in similarity.py.

Each is compiled once for a table and a set of candidates, and runs as a hot read. Distances are pgvector's cosine
distances, 0 to 2. The index is used by an order over the bare distance only; `+ 0` hides it from an exact one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Float,
    FromClause,
    Integer,
    Select,
    TableClause,
    Uuid,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    table,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.types import UserDefinedType

from app.core.compiled import Compiled
from app.core.db import Scope
from app.core.paging import Listing
from app.core.reads import AUTO, CUSTOM, USUAL_SCAN, Reads, Row, Scan
from app.embeddings import plans


class HalfVector(UserDefinedType[Any]):
    """pgvector's `halfvec(n)`."""

    render_bind_cast = True
    cache_ok = True

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions

    def get_col_spec(self, **_: Any) -> str:
        """Its name in SQL."""
        return f"halfvec({self.dimensions})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vectors:
    """The table of a key's vectors, and what is known of it."""

    name: str
    dimensions: int
    count: int
    is_indexed: bool
    """Whether its index is ready."""

    @property
    def clause(self) -> TableClause:
        """For statements."""
        kind = HalfVector(self.dimensions)
        columns = column("file_id", Uuid), column("frame", Integer), column("vector", kind)
        return table(self.name, *columns)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Files that may be found: a list of files as somebody sees them.

    Where it `leaves_most`, hardly any file of the organisation is missing.
    """

    listing: Listing[Any]
    leaves_most: bool = False

    @property
    def entity(self) -> FromClause:
        """The table of files."""
        found: FromClause = self.listing.statement.column_descriptions[0]["entity"].__table__
        return found

    def ids(self) -> Select[Any]:
        """Their ids."""
        ids = self.listing.statement.with_only_columns(self.entity.c.id, maintain_column_froms=True)
        return ids.order_by(None)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who looks for what, and which vectors are left out."""

    scope: Scope
    vectors: Vectors
    vector: bytes
    """In pgvector's binary form: see `halfvec.pack`."""
    without_file: UUID | None = None
    without_frame: int | None = None
    """Of that file; None: all of it."""

    @property
    def given(self) -> dict[str, Any]:
        """Arguments by name."""
        file_id, frame = self.without_file, self.without_frame
        return {"vector": self.vector, "without_file": file_id, "without_frame": frame}


async def all_compared(
    reads: Reads, asked: Asked, candidates: Candidates | None, most: int
) -> list[Row]:
    """The nearest vectors of these files, by comparing all."""
    return await _run(reads, asked, candidates, "all", _all, {"most": most}, plan_cache=CUSTOM)


async def each_file_compared(
    reads: Reads, asked: Asked, candidates: Candidates | None, most: int
) -> list[Row]:
    """The same with one vector of each file, its nearest."""
    return await _run(reads, asked, candidates, "each", _each, {"most": most}, plan_cache=CUSTOM)


async def few_compared(
    reads: Reads, asked: Asked, candidates: Candidates, few: int, most: int
) -> tuple[int, list[Row]]:
    """How many files there are, counted to one more than `few`; and unless there are more, the nearest of them."""
    given = {"few": few, "one_more": few + 1, "most": most}
    rows = await _run(reads, asked, candidates, "few", _few, given, plan_cache=CUSTOM)
    return rows[0]["n"], [row for row in rows if row["file_id"] is not None]


async def scanned(
    reads: Reads, asked: Asked, candidates: Candidates | None, scan: Scan, most: int
) -> list[Row]:
    """Those of the `most` nearest by the index that are of these files. `reach`: the distance of the last one."""
    wide = asked.vectors.dimensions > plans.WIDEST_INDEXED
    make = partial(_scanned_by_bits if wide else _scanned, most)
    name = f"scan {most}"
    return await _run(reads, asked, candidates, name, make, {}, plan_cache=AUTO, scan=scan)


async def scanned_on(
    reads: Reads, asked: Asked, candidates: Candidates, scan: Scan, most: int
) -> list[Row]:
    """Vectors of these files as they come from the index, which goes on until there are so many."""
    return await _run(
        reads, asked, candidates, "on", _scanned_on, {"most": most}, plan_cache=CUSTOM, scan=scan
    )


async def counted(reads: Reads, scope: Scope, candidates: Candidates, most: int) -> int:
    """How many files there are, at most so many."""
    compiled = candidates.listing.compiled("counted to", lambda: _counted(candidates))
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
    exclusion = asked.without_file is not None, asked.without_frame is not None
    kept = ("nearest", name, asked.vectors.name, asked.vectors.dimensions, exclusion)
    if candidates is None:
        compiled = reads.kept.get(kept, lambda: Compiled.of(make(asked, None)))
    else:
        compiled = candidates.listing.compiled(kept, lambda: make(asked, candidates))
    arguments = compiled.arguments(asked.given | given)
    return await reads.fetch(asked.scope, compiled.sql, arguments, plans=plan_cache, scan=scan)


def _parameter(asked: Asked) -> ColumnElement[Any]:
    return bindparam("vector", asked.vector, type_=HalfVector(asked.vectors.dimensions))


def _distance(vectors: Any, asked: Asked) -> ColumnElement[float]:
    found: ColumnElement[float] = vectors.c.vector.op("<=>", return_type=Float())(_parameter(asked))
    return found


def _fixed(number: int) -> ColumnElement[int]:
    """A limit that a plan for any arguments knows, too: without it the index would not look worth while."""
    return literal_column(str(number), Integer)


def _whole_number(name: str) -> ColumnElement[int]:
    return bindparam(name, 1, type_=Integer)


def _is_in(rows: Any, asked: Asked, candidates: Candidates | None) -> list[ColumnElement[bool]]:
    """Whether a vector is of these files, and not the one that is left out."""
    found = [] if candidates is None else [rows.c.file_id.in_(candidates.ids())]
    return [*found, *_is_another(rows, asked)]


def _is_another(rows: Any, asked: Asked) -> list[ColumnElement[bool]]:
    if asked.without_file is None:
        return []
    other = rows.c.file_id != bindparam("without_file", asked.without_file, type_=Uuid)
    if asked.without_frame is None:
        return [other]
    return [
        other | (rows.c.frame != bindparam("without_frame", asked.without_frame, type_=Integer))
    ]


def _compared(
    asked: Asked, candidates: Candidates | None
) -> tuple[Select[Any], ColumnElement[Any]]:
    """Vectors with their distances; and the distance without its index."""
    vectors = asked.vectors.clause.alias("v")
    distance = _distance(vectors, asked)
    rows = select(vectors.c.file_id, vectors.c.frame, distance.label("distance"))
    return rows.where(*_is_in(vectors, asked, candidates)), distance + literal_column("0")


def _all(asked: Asked, candidates: Candidates | None) -> Select[Any]:
    rows, hidden = _compared(asked, candidates)
    return rows.order_by(hidden, rows.selected_columns.file_id).limit(_whole_number("most"))


def _each(asked: Asked, candidates: Candidates | None) -> Select[Any]:
    rows, hidden = _compared(asked, candidates)
    file_id = rows.selected_columns.file_id
    nearest = rows.ext(distinct_on(file_id)).order_by(file_id, hidden).subquery("nearest")
    order = nearest.c.distance, nearest.c.file_id
    return select(*nearest.c).order_by(*order).limit(_whole_number("most"))


def _few(asked: Asked, candidates: Candidates | None) -> Select[Any]:
    assert candidates is not None  # noqa: S101  see few_compared
    ids = _materialised(candidates.ids().limit(_whole_number("one_more")), "ids")
    number = _materialised(select(func.count().label("n")).select_from(ids), "number")
    vectors = asked.vectors.clause.alias("v")
    distance = _distance(vectors, asked)
    nearest = (
        select(vectors.c.file_id, vectors.c.frame, distance.label("distance"))
        .select_from(ids.join(vectors, vectors.c.file_id == ids.c.id))
        .where(number.c.n <= _whole_number("few"), *_is_another(vectors, asked))
        .order_by(distance + literal_column("0"), vectors.c.file_id)
        .limit(_whole_number("most"))
        .correlate(number)
        .lateral("nearest")
    )
    return (
        select(number.c.n, *nearest.c)
        .select_from(number.outerjoin(nearest, true()))
        .order_by(nearest.c.distance, nearest.c.file_id)
    )


def _scanned(most: int, asked: Asked, candidates: Candidates | None) -> Select[Any]:
    vectors = asked.vectors.clause.alias("v")
    distance = _distance(vectors, asked)
    first = select(vectors.c.file_id, vectors.c.frame, distance.label("distance"))
    first = first.order_by(distance).limit(_fixed(most))
    return _passed(_materialised(first, "first"), asked, candidates)


def _scanned_by_bits(most: int, asked: Asked, candidates: Candidates | None) -> Select[Any]:
    vectors = asked.vectors.clause.alias("v")
    first = select(vectors.c.file_id, vectors.c.frame, vectors.c.vector)
    first = first.order_by(_bits_apart(asked)).limit(_fixed(most))
    rows = _materialised(first, "by_bits")
    compared = select(rows.c.file_id, rows.c.frame, _distance(rows, asked).label("distance"))
    return _passed(_materialised(compared, "first"), asked, candidates)


def _bits_apart(asked: Asked) -> ColumnElement[float]:
    """How many bits differ, by the expression of the index to the letter."""
    bits: ColumnElement[Any] = literal_column(
        f"binary_quantize(v.vector)::bit({asked.vectors.dimensions})"
    )
    wanted = func.binary_quantize(_parameter(asked))
    kind = _Bits(asked.vectors.dimensions)
    found: ColumnElement[float] = bits.op("<~>", return_type=Float())(cast(wanted, kind))
    return found


class _Bits(UserDefinedType[Any]):
    """PostgreSQL's `bit(n)`."""

    cache_ok = True

    def __init__(self, length: int) -> None:
        self.length = length

    def get_col_spec(self, **_: Any) -> str:
        """Its name in SQL."""
        return f"bit({self.length})"


def _passed(first: CTE, asked: Asked, candidates: Candidates | None) -> Select[Any]:
    """Those of the index's first that may be found."""
    reach = select(func.max(first.c.distance)).scalar_subquery()
    return (
        select(first.c.file_id, first.c.frame, first.c.distance, reach.label("reach"))
        .where(*_is_in(first, asked, candidates))
        .order_by(first.c.distance, first.c.file_id)
    )


def _scanned_on(asked: Asked, candidates: Candidates | None) -> Select[Any]:
    vectors = asked.vectors.clause.alias("v")
    wide = asked.vectors.dimensions > plans.WIDEST_INDEXED
    distance = _distance(vectors, asked)
    rows = select(vectors.c.file_id, vectors.c.frame, distance.label("distance"))
    assert candidates is not None  # noqa: S101  see scanned_on
    found = rows.where(_exists(vectors, candidates), *_is_another(vectors, asked))
    order = _bits_apart(asked) if wide else distance
    return found.order_by(order).limit(_whole_number("most"))


def _exists(vectors: Any, candidates: Candidates) -> ColumnElement[bool]:
    """As a test of each row that the index gives: a join could lose the index's order."""
    ids = candidates.ids().where(candidates.entity.c.id == vectors.c.file_id)
    return ids.correlate(vectors).limit(1).scalar_subquery().is_not(None)


def comparable(asked: Asked, candidates: Candidates, min_score: float | None) -> Listing[Any]:
    """The files that have a vector to compare, one at least as near as `min_score`."""
    vectors = asked.vectors.clause.alias("v")
    tests = [vectors.c.file_id == candidates.entity.c.id]
    if min_score is not None:
        tests.append(_distance(vectors, asked) <= 1 - min_score)
    held = select(literal_column("1")).where(*tests, *_is_another(vectors, asked)).exists()
    statement = candidates.listing.statement.where(held)
    return Listing(statement, candidates.listing.order, is_filtered=True)


def _counted(candidates: Candidates) -> Select[Any]:
    ids = candidates.ids().limit(_whole_number("most")).subquery("ids")
    return select(func.count()).select_from(ids)


def _materialised(statement: Select[Any], name: str) -> CTE:
    return statement.cte(name).prefix_with("MATERIALIZED")
