"""The statements that look for the nearest vectors; which of them serves is decided in similarity.py.

Distances are pgvector's cosine distances, 0 to 2. The index is used by an order over the bare distance only; `+ 0`
hides it from an exact one.
"""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    Uuid,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on

from app.core import paging
from app.core.paging import Listing
from app.embeddings import operators
from app.embeddings.asked import Asked, Beside, Candidates
from app.embeddings.tables import BITS_ABOVE


def _parameter(asked: Asked) -> ColumnElement[Any]:
    return bindparam("vector", asked.vector, type_=operators.HalfVector(asked.vectors.dimensions))


def _distance(vectors: Any, asked: Asked) -> ColumnElement[float]:
    return operators.distance(vectors.c.vector, _parameter(asked))


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


def every_vector(asked: Asked, candidates: Candidates | None) -> Select[Any]:
    """The nearest vectors, found by comparing all."""
    rows, hidden = _compared(asked, candidates)
    return rows.order_by(hidden, rows.selected_columns.file_id).limit(_whole_number("most"))


def nearest_of_each(asked: Asked, candidates: Candidates | None) -> Select[Any]:
    """The same with one vector of each file, its nearest."""
    rows, hidden = _compared(asked, candidates)
    file_id = rows.selected_columns.file_id
    nearest = rows.ext(distinct_on(file_id)).order_by(file_id, hidden).subquery("nearest")
    order = nearest.c.distance, nearest.c.file_id
    return select(*nearest.c).order_by(*order).limit(_whole_number("most"))


def unless_many(asked: Asked, candidates: Candidates | None) -> Select[Any]:
    """How many files there are, to one more than `few`; unless there are more, the nearest of them."""
    assert candidates is not None  # noqa: S101  see few_compared
    ids = _materialised(candidates.ids().limit(_whole_number("one_more")), "ids")
    number = _materialised(select(func.count().label("n")).select_from(ids), "number")
    vectors = asked.vectors.clause.alias("v")
    distance = _distance(vectors, asked)
    nearest = (
        select(
            vectors.c.file_id,
            vectors.c.frame,
            distance.label("distance"),
            func.count().over().label("compared"),
        )
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


def first_of_index(most: int, asked: Asked, candidates: Candidates | None) -> Select[Any]:
    """Those of the `most` nearest by the index that may be found."""
    vectors = asked.vectors.clause.alias("v")
    distance = _distance(vectors, asked)
    first = select(vectors.c.file_id, vectors.c.frame, distance.label("distance"))
    first = first.order_by(distance).limit(_fixed(most))
    return _passed(_materialised(first, "first"), asked, candidates)


def first_with_rows(most: int, beside: Beside, asked: Asked) -> Select[Any]:
    """The `most` nearest by the index; with the first of them, the rows of their files where they are shown."""
    vectors = asked.vectors.clause.alias("v")
    distance = _distance(vectors, asked)
    nearest = select(vectors.c.file_id, vectors.c.frame, distance.label("distance"))
    first = _materialised(nearest.order_by(distance).limit(_fixed(most)), "first")
    in_order = first.c.distance, first.c.file_id
    others = _is_another(first, asked)
    head = select(first.c.file_id).where(*others).order_by(*in_order)
    rows = _rows_of(head.limit(_whole_number("count")), beside).subquery("beside")
    reach = select(func.max(first.c.distance)).scalar_subquery()
    place = func.row_number().over(order_by=in_order) - literal_column("1")
    score: ColumnElement[float] = literal_column("1") - first.c.distance
    figures = score.label("score"), place.label("place"), reach.label("reach")
    return (
        select(*first.c, *figures, *rows.c)
        .select_from(first.outerjoin(rows, rows.c.id == first.c.file_id))
        .where(*others)
        .order_by(*in_order)
    )


def _rows_of(ids: Select[Any], beside: Beside) -> Select[Any]:
    """The rows of these files that the list shows, with what is joined to them."""
    statement, wanted = beside.listing.statement, beside.columns
    table = statement.column_descriptions[0]["entity"].__table__
    columns = [one for one in table.c if wanted is None or one.name in wanted | {"id"}]
    rows = statement.with_only_columns(*columns, maintain_column_froms=True).order_by(None)
    return paging.joined(rows.where(table.c.id.in_(ids)).subquery("page"), beside.joins)


def first_by_bits(most: int, asked: Asked, candidates: Candidates | None) -> Select[Any]:
    """The same where the index holds bits: what it gives is compared exactly."""
    vectors = asked.vectors.clause.alias("v")
    first = select(vectors.c.file_id, vectors.c.frame, vectors.c.vector)
    first = first.order_by(_bits_apart(asked)).limit(_fixed(most))
    rows = _materialised(first, "by_bits")
    compared = select(rows.c.file_id, rows.c.frame, _distance(rows, asked).label("distance"))
    return _passed(_materialised(compared, "first"), asked, candidates)


def _bits_apart(asked: Asked) -> ColumnElement[float]:
    dimensions = asked.vectors.dimensions
    wanted = cast(func.binary_quantize(_parameter(asked)), operators.Bits(dimensions))
    return operators.bits_apart(operators.bits_of("v", dimensions), wanted)


def _passed(first: CTE, asked: Asked, candidates: Candidates | None) -> Select[Any]:
    """Those of the index's first that may be found."""
    reach = select(func.max(first.c.distance)).scalar_subquery()
    return (
        select(first.c.file_id, first.c.frame, first.c.distance, reach.label("reach"))
        .where(*_is_in(first, asked, candidates))
        .order_by(first.c.distance, first.c.file_id)
    )


def until_enough(asked: Asked, candidates: Candidates | None) -> Select[Any]:
    """Vectors that may be found, as they come from the index, until there are `most`."""
    vectors = asked.vectors.clause.alias("v")
    wide = asked.vectors.dimensions > BITS_ABOVE
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


def counted(candidates: Candidates) -> Select[Any]:
    """How many files there are, counted to `most`."""
    ids = candidates.ids().limit(_whole_number("most")).subquery("ids")
    return select(func.count()).select_from(ids)


def _materialised(statement: Select[Any], name: str) -> CTE:
    return statement.cte(name).prefix_with("MATERIALIZED")
