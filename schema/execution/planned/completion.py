"""Makes the dictionaries of a whole list at once, level by level; each batch of a level runs once.

Whatever is out of the ordinary ends it with an exception: the caller then takes graphql-core's road from the
start, which comes to the same result or reports the error with its path. Nothing here changes anything, so
that doing it again is harmless.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from graphql import GraphQLObjectType, is_abstract_type, is_object_type

from app.accounts.batches import HotBatch
from app.core.joins import Joined
from app.core.reads import Row
from schema.context import Context
from schema.execution.planned.generate import built
from schema.execution.planned.plan import Plan, Wanted
from schema.execution.planned.unusual import Unusual
from schema.loading import Load
from schema.node import Stored
from schema.paging import Connection

BARE = {Row, Joined}
"""The types of rows whose columns are items."""


class Executing(Protocol):
    """What is asked of the executor of an operation."""

    context_value: Any

    def plan(self, type_: GraphQLObjectType, details: Any) -> Plan:
        """The plan of a selection."""

    def columns_of(self, plan: Plan) -> frozenset[str] | None:
        """The columns that a selection wants of rows of a Stored type or in a connection; None: all."""

    def arguments(self, type_: GraphQLObjectType, one: Wanted) -> dict[str, Any]:
        """What a field's resolver is called with."""

    def type_of(self, abstract: Any, value: Any) -> GraphQLObjectType:
        """The object type of a value of an interface or a union."""


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
    groups = [_grouped(one, rows) for one in plan.made]
    of = plan.origin.of
    made = [
        _values(executing, plan, one, [of(row) for row in group.firsts])
        for one, group in zip(plan.made, groups, strict=True)
    ]
    await _load(executing, plan.made, made)
    columns = [
        group.spread(await column(executing, one, values))
        for one, group, values in zip(plan.made, groups, made, strict=True)
    ]
    return _function(plan, are_rows=True)(rows, *columns)  # type: ignore[no-any-return]


@dataclass(slots=True)
class _Group:
    """Rows that share what a field depends on: the field is worked out for the `firsts` only."""

    firsts: Collection[Any]
    keys: Sequence[Any] | None = None
    """Of all rows, if it depends on one column; `distinct` are those of the firsts."""
    distinct: Collection[Any] = ()

    def spread(self, values: list[Any]) -> list[Any]:
        """The value of each row."""
        if self.keys is None:
            return values
        by_key = dict(zip(self.distinct, values, strict=True))
        return [by_key[key] for key in self.keys]


def _grouped(one: Wanted, rows: Sequence[Any]) -> _Group:
    if one.call is None or one.reads is None or len(one.reads) != 1 or one.reads == ("id",):
        return _Group(rows)
    name = one.reads[0]
    keys = [row[name] for row in rows]
    firsts = dict(zip(keys, rows, strict=True))
    return _Group(firsts.values(), keys, firsts)


async def _columns_made(
    executing: Executing, plan: Plan, wanted: Sequence[Wanted], sources: Sequence[Any]
) -> list[list[Any]]:
    """The completed values of fields that are made beforehand, for all sources."""
    made = [_values(executing, plan, one, sources) for one in wanted]
    await _load(executing, wanted, made)
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


async def _load(executing: Executing, wanted: Sequence[Wanted], made: list[list[Any]]) -> None:
    """Put what was found in the place of every Load, one run for each batch."""
    tasks = [
        _loaded(executing, one, made, position)
        for position, one in enumerate(wanted)
        if one.call is not None and any(type(value) is Load for value in made[position])
    ]
    if len(tasks) == 1:
        await tasks[0]
    elif tasks:
        await asyncio.gather(*tasks)


async def _loaded(executing: Executing, one: Wanted, made: list[list[Any]], position: int) -> None:
    made[position] = await _found(executing, one, made[position])


async def _found(executing: Executing, one: Wanted, loads: list[Any]) -> list[Any]:
    """What the loads of one field have become. What is found for one key and made alike is one object."""
    distinct = {id(load): load for load in loads}
    batches: dict[Any, dict[Any, None]] = {}
    for load in distinct.values():
        if load.key is not None:
            batches.setdefault(load.batch, {})[load.key] = None
    found: dict[Any, Any] = {}
    for batch, keys in batches.items():
        context: Context = executing.context_value
        found[batch] = await context.fetch(batch, list(keys), _columns(executing, one, batch))
    made: dict[Any, Any] = {}
    become = {number: _made(load, found, made) for number, load in distinct.items()}
    return [become[id(load)] for load in loads]


def _made(load: Load, found: dict[Any, Any], made: dict[Any, Any]) -> Any:
    if load.key is None:
        return load.made(None)
    alike = (load.batch, load.key, load.of)
    if alike not in made:
        made[alike] = load.made(found[load.batch].get(load.key))
    return made[alike]


def _columns(executing: Executing, one: Wanted, batch: Any) -> frozenset[str] | None:
    """The columns that are wanted of the rows that a batch gives; None: all."""
    if not isinstance(batch, HotBatch) or not is_object_type(one.shape.named):
        return None
    return executing.columns_of(executing.plan(one.shape.named, one.details))


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
