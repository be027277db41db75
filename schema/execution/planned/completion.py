"""Makes the dictionaries of a whole list at once, level by level; each batch of a level runs once.

Whatever is out of the ordinary ends it with an exception: the caller then takes graphql-core's road from the
start, which comes to the same result or reports the error with its path. Nothing here changes anything, so
that doing it again is harmless.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from graphql import GraphQLObjectType, is_abstract_type, is_object_type

from app.core.joins import Joined
from app.core.reads import Row
from schema.execution.planned.executing import Executing
from schema.execution.planned.generate import built
from schema.execution.planned.groups import grouped
from schema.execution.planned.loads import load
from schema.execution.planned.plan import Plan, Wanted
from schema.execution.planned.unusual import Unusual
from schema.node import Stored
from schema.paging import Connection

BARE = {Row, Joined}
"""The types of rows whose columns are items."""


async def completed(executing: Executing, plan: Plan, sources: Sequence[Any]) -> list[Any]:
    """A dictionary for each source, in order. Raises anything where the ordinary way must be gone."""
    if plan.others:
        raise Unusual
    _check_types(plan, sources)
    if issubclass(plan.origin, Connection):
        columns = [await _member(executing, plan, one, sources) for one in plan.made]
    elif issubclass(plan.origin, Stored) and {type(one.row) for one in sources} <= BARE:
        return await _of_rows(executing, plan, [one.row for one in sources])
    else:
        columns = await _columns_made(executing, plan, plan.made, sources)
    return _function(plan, are_rows=False)(sources, *columns)  # type: ignore[no-any-return]


async def _of_rows(executing: Executing, plan: Plan, rows: Sequence[Any]) -> list[Any]:
    """The same for bare rows, of which no objects are made but where a resolver wants one."""
    if plan.others:
        raise Unusual
    groups = [grouped(one, rows) for one in plan.made]
    of = plan.origin.of
    made = [
        _values(executing, plan, one, [of(row) for row in group.firsts])
        for one, group in zip(plan.made, groups, strict=True)
    ]
    await load(executing, plan.made, made)
    columns = [
        group.spread(await column(executing, one, values))
        for one, group, values in zip(plan.made, groups, made, strict=True)
    ]
    return _function(plan, are_rows=True)(rows, *columns)  # type: ignore[no-any-return]


async def _columns_made(
    executing: Executing, plan: Plan, wanted: Sequence[Wanted], sources: Sequence[Any]
) -> list[list[Any]]:
    """The completed values of fields that are made beforehand, for all sources."""
    made = [_values(executing, plan, one, sources) for one in wanted]
    await load(executing, wanted, made)
    pairs = zip(wanted, made, strict=True)
    return [await column(executing, one, values) for one, values in pairs]


async def _member(
    executing: Executing, plan: Plan, one: Wanted, connections: Sequence[Any]
) -> list[Any]:
    """A member of connections; rows become nodes without an edge object for each."""
    if one.name == "edges":
        return await _edges(executing, one, connections)
    if one.name == "nodes":
        return await _nodes_of(executing, one, connections)
    (column,) = await _columns_made(executing, plan, [one], connections)
    return column


def _check_types(plan: Plan, sources: Sequence[Any]) -> None:
    """graphql-core asks each object of a type with interfaces whether it is one."""
    if plan.object_type.is_type_of is not None and {*map(type, sources)} - {plan.origin}:
        raise Unusual


def _function(plan: Plan, *, are_rows: bool) -> Callable[..., Any]:
    function = plan.functions.get(are_rows)
    if function is None:
        function = plan.functions[are_rows] = built(plan, are_rows=are_rows)
    return function


def _values(executing: Executing, plan: Plan, one: Wanted, sources: Sequence[Any]) -> list[Any]:
    """What the sources give for a field, before it is completed."""
    if one.call is None:
        name = one.name
        return [getattr(source, name) for source in sources]
    call, arguments = one.call, executing.arguments(plan.object_type, one)
    return [call(source, **arguments) for source in sources]


async def column(executing: Executing, one: Wanted, values: list[Any]) -> list[Any]:
    """The completed values of a field."""
    shape = one.shape
    if not shape.is_list:
        return await _each(executing, one, values, is_nullable=shape.is_nullable)
    lists = [_items(one, value) for value in values]
    flat = [item for items in lists if items is not None for item in items]
    done = iter(await _each(executing, one, flat, is_nullable=shape.are_items_nullable))
    return [None if items is None else [next(done) for _ in items] for items in lists]


def _items(one: Wanted, value: Any) -> list[Any] | None:
    if value is None and one.shape.is_nullable:
        return None
    if type(value) is not list:
        raise Unusual
    return value


async def _each(
    executing: Executing, one: Wanted, values: list[Any], *, is_nullable: bool
) -> list[Any]:
    """Each value completed; equal objects (the same one) are completed once."""
    if not is_nullable and None in values:
        raise Unusual
    if one.coerce is not None:
        coerce = one.coerce
        return [None if value is None else coerce(value) for value in values]
    distinct = {id(value): value for value in values if value is not None}
    if not distinct:
        return values
    sources = list(distinct.values())
    objects = await _objects(executing, one, sources)
    by_id = dict(zip(distinct, objects, strict=True))
    return [None if value is None else by_id[id(value)] for value in values]


async def _objects(executing: Executing, one: Wanted, sources: list[Any]) -> list[Any]:
    named: Any = one.shape.named
    if not is_abstract_type(named):
        return await completed(executing, executing.plan(named, one.details), sources)
    return await of_any_type(executing, named, one.details, sources)


async def of_any_type(
    executing: Executing, abstract: Any, details: Any, sources: Iterable[Any]
) -> list[Any]:
    """The same for values of an interface or a union: those of a type together."""
    found = list(sources)
    positions: dict[GraphQLObjectType, list[int]] = {}
    for position, source in enumerate(found):
        positions.setdefault(executing.type_of(abstract, source), []).append(position)
    for type_, at in positions.items():
        plan = executing.plan(type_, details)
        done = await completed(executing, plan, [found[position] for position in at])
        for position, one in zip(at, done, strict=True):
            found[position] = one
    return found


async def _edges(executing: Executing, one: Wanted, connections: Sequence[Any]) -> list[Any]:
    """The completed edges of each connection."""
    named: Any = one.shape.named
    plan = executing.plan(named, one.details)
    if plan.others:
        raise Unusual
    columns = [await _of_edges(executing, plan, each, connections) for each in plan.made]
    positions = range(sum(len(each.part.rows) for each in connections))
    return _split(_function(plan, are_rows=False)(positions, *columns), connections)


async def _of_edges(
    executing: Executing, plan: Plan, one: Wanted, connections: Sequence[Any]
) -> list[Any]:
    if one.name == "cursor":
        return [cursor for each in connections for cursor in each.part.cursors()]
    if one.name == "node":
        return await _nodes(executing, one, connections)
    (column,) = await _columns_made(executing, plan, [one], _edge_objects(plan, connections))
    return column


def _edge_objects(plan: Plan, connections: Sequence[Any]) -> list[Any]:
    """For what an edge knows beside its node and its cursor."""
    return [
        plan.origin(part=each.part, of=each.of, position=position)
        for each in connections
        for position in range(len(each.part.rows))
    ]


async def _nodes_of(executing: Executing, one: Wanted, connections: Sequence[Any]) -> list[Any]:
    """The completed nodes of each connection."""
    return _split(await _nodes(executing, one, connections), connections)


async def _nodes(executing: Executing, one: Wanted, connections: Sequence[Any]) -> list[Any]:
    """The completed nodes of all connections, one after the other."""
    named: Any = one.shape.named
    rows = [row for each in connections for row in each.part.rows]
    if is_object_type(named) and {*map(type, rows)} <= BARE:
        plan = executing.plan(named, one.details)
        if issubclass(plan.origin, Stored) and all(
            each.of == plan.origin.of for each in connections
        ):
            return await _of_rows(executing, plan, rows)
    nodes = [node for each in connections for node in map(each.of, each.part.rows)]
    return await _objects(executing, one, nodes)


def _split(made: list[Any], connections: Sequence[Any]) -> list[Any]:
    rest = iter(made)
    return [list(islice(rest, len(each.part.rows))) for each in connections]
