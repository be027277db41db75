"""What a selection wants of the rows below a connection: columns, and relations that can be read with a page."""

from collections.abc import Iterator
from typing import Any

from graphql import is_object_type

from app.accounts.by_id import ById
from app.core.joins import Joined
from schema.execution.planned.executing import Executing
from schema.execution.planned.plan import Plan, Wanted
from schema.loading import Load
from schema.node import Stored
from schema.paging import Connection, Edge

Relation = tuple[str, ById[Any], frozenset[str]]
"""By which column of a row, of what, and which of its columns."""
PAGED = (Connection, Edge)
ROW_HOLDERS = {"nodes", "edges", "node"}
"""Members of connections and edges that come to rows."""


def columns(executing: Executing, plan: Plan) -> frozenset[str] | None:
    """The columns that are wanted of rows of a Stored type, or of those in a connection; None: all."""
    if issubclass(plan.origin, Stored):
        return plan.columns()
    if not issubclass(plan.origin, PAGED) or plan.others:
        return None
    found: set[str] = {"id"}
    for one in _row_holders(plan):
        named: Any = one.shape.named
        wanted = columns(executing, executing.plan(named, one.details)) if _is_object(one) else None
        if wanted is None:
            return None
        found |= wanted
    return frozenset(found)


def relations(executing: Executing, plan: Plan) -> Iterator[Relation]:
    """The relations to one other row that are found by a column alone, of the rows in a connection."""
    if issubclass(plan.origin, PAGED) and not plan.others:
        for one in filter(_is_object, _row_holders(plan)):
            named: Any = one.shape.named
            yield from relations(executing, executing.plan(named, one.details))
    elif issubclass(plan.origin, Stored) and plan.columns() is not None:
        found = (_relation(executing, plan, one) for one in plan.made)
        yield from (one for one in found if one is not None)


def _relation(executing: Executing, plan: Plan, one: Wanted) -> Relation | None:
    """The field's relation, if its resolver hands a column of the row on as the key of a ById."""
    if one.call is None or one.reads is None or len(one.reads) != 1 or one.definition.args:
        return None
    if not _is_object(one):
        return None  # a value that is made of the column
    probe = plan.origin.of(Joined({one.reads[0]: executing}))
    load = one.call(probe, **executing.arguments(plan.object_type, one))
    if type(load) is not Load or load.key is not executing or not isinstance(load.batch, ById):
        return None
    named: Any = one.shape.named
    wanted = columns(executing, executing.plan(named, one.details))
    return None if wanted is None else (one.reads[0], load.batch, wanted)


def _row_holders(plan: Plan) -> Iterator[Wanted]:
    return (one for one in plan.wanted if one.name in ROW_HOLDERS)


def _is_object(one: Wanted) -> bool:
    return is_object_type(one.shape.named)
