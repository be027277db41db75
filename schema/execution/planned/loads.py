"""Runs the batches that a level of a selection wants, each once for the whole level."""

import asyncio
from collections.abc import Sequence
from typing import Any

from graphql import is_object_type

from app.accounts.batches import HotBatch
from schema.context import Context
from schema.execution.planned.executing import Executing
from schema.execution.planned.plan import Wanted
from schema.loading import Load


async def load(executing: Executing, wanted: Sequence[Wanted], made: list[list[Any]]) -> None:
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
