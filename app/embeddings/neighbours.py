"""The statement that looks up the neighbours of many vectors in the index of their key."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    Uuid,
    bindparam,
    func,
    literal_column,
    select,
    true,
)

from app.embeddings import comparing, operators
from app.embeddings.tables import BITS_ABOVE
from app.embeddings.walk import Ground

NEIGHBOURS = 50
"""Of each vector; more near duplicates of one are found from their side."""
CANDIDATES = 200
"""What the index is asked for, to be right about these."""


def nearest(ground: Ground, threshold: float) -> Select[Any]:
    """The neighbours of the vectors of these `files` and `frames`: both keys, and the cosine."""
    wanted = func.unnest(
        bindparam("files", None, type_=ARRAY(Uuid)), bindparam("frames", None, type_=ARRAY(Integer))
    )
    asked = wanted.table_valued("file_id", "frame").render_derived(name="asked")
    one, other = ground.vectors("one"), ground.vectors("other")
    near = _nearest_to(one, other, ground.dimensions).lateral("near")
    score: ColumnElement[float] = literal_column("1") - near.c.distance
    is_asked = (one.c.file_id == asked.c.file_id) & (one.c.frame == asked.c.frame)
    return (
        select(one.c.file_id, one.c.frame, near.c.file_id, near.c.frame, score)
        .select_from(asked.join(one, is_asked).join(near, true()))
        .where(score >= threshold - comparing.ROUNDING, near.c.file_id != one.c.file_id)
        .where(ground.holds(near.c.file_id))
    )


def _nearest_to(one: Any, other: Any, dimensions: int) -> Select[Any]:
    columns = other.c.file_id, other.c.frame
    if dimensions <= BITS_ABOVE:
        distance = operators.distance(other.c.vector, one.c.vector)
        return _first(select(*columns, distance.label("distance")), distance, NEIGHBOURS)
    apart = operators.bits_apart(
        operators.bits_of("other", dimensions), operators.bits_of("one", dimensions)
    )
    by_bits = _first(select(*columns, other.c.vector), apart, CANDIDATES).subquery("by_bits")
    distance = operators.distance(by_bits.c.vector, one.c.vector)
    rows = select(by_bits.c.file_id, by_bits.c.frame, distance.label("distance"))
    return _first(rows, distance, NEIGHBOURS)


def _first(rows: Select[Any], order: ColumnElement[Any], count: int) -> Select[Any]:
    return rows.order_by(order).limit(literal_column(str(count)))
