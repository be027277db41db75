"""Whatever a resolver gives back or raises, the planned road answers what graphql-core's own road answers."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from inspect import isawaitable
from random import Random
from typing import Any

import orjson
import pytest
import strawberry
from graphql import parse
from graphql.execution import Executor
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from app.accounts.actor import Actor
from app.core.db import Session
from schema.context import Context
from schema.execution.planned.executor import PlannedExecutor
from schema.loading import looked_up, related
from schema.scalars import Json, SafeInt, config
from tests.execution.questions import documents

Info = strawberry.Info[Context, None]


@strawberry.enum
class Colour(Enum):
    RED = "r"
    BLUE = "b"


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Leaf(Named):
    count: int
    ratio: float | None
    is_on: bool | None
    big: SafeInt | None
    at: datetime | None
    colour: Colour | None
    words: list[str]
    numbers: list[int | None] | None
    anything: Json | None
    kin: "Named | None"
    near: "list[Named] | None"
    below: "list[Leaf | None]"

    @strawberry.field
    def loud(self) -> str:
        return self.name.upper()

    @strawberry.field
    def fetched(self, info: Info, twice: bool = False) -> str | None:
        return related(info, shouted, (self.name, twice), str)

    @strawberry.field
    def away(self, info: Info) -> str | None:
        return related(info, unavailable, self.name, str)

    @strawberry.field
    def fetched_leaf(self, info: Info) -> "Leaf":
        return looked_up(info, leaves, self.name, lambda found: found or self)


@strawberry.type
class Other(Named):
    only: int = 1


async def shouted(_: Session, __: Actor, keys: Sequence[tuple[str, bool]]) -> Mapping[Any, Any]:
    """A loader that has an error for one key, and knows nothing of another."""
    found: dict[Any, Any] = {key: key[0] * (2 if key[1] else 1) for key in keys}
    broken = {key: RuntimeError("broken") for key in keys if key[0] == "broken"}
    return {key: value for key, value in (found | broken).items() if key[0] != "unknown"}


async def unavailable(_: Session, __: Actor, keys: Sequence[str]) -> Mapping[str, Any]:
    CALLS.append(list(keys))
    raise ConnectionError("the loader broke")


CALLS: list[list[str]] = []
"""Keys that were asked of the loader that is away."""


async def leaves(_: Session, __: Actor, keys: Sequence[str]) -> Mapping[str, Any]:
    return {key: ValueError("refused") for key in keys if key == "refused"}


@strawberry.type
class Query:
    @strawberry.field
    def leaf(self, info: Info) -> Leaf | None:
        return info.context.connection_params["leaves"][0]  # type: ignore[no-any-return]

    @strawberry.field
    def leaves(self, info: Info) -> list[Leaf]:
        return info.context.connection_params["leaves"]  # type: ignore[no-any-return]

    @strawberry.field
    async def named(self, info: Info) -> list[Named | None] | None:
        return info.context.connection_params["leaves"]  # type: ignore[no-any-return]


def schema(executor: type[Executor[Any]], query: type = Query) -> strawberry.Schema:
    return strawberry.Schema(
        query,
        config=config(is_sorted=False),
        types=[Leaf, Other],
        execution_context_class=executor,
    )


PLANNED, STOCK = schema(PlannedExecutor), schema(StrawberryGraphQLCoreExecutionContext)


class Sessionless(Context):
    """A context whose loaders need no database."""

    async def fetch(self, batch: Any, keys: Any, _: Any = None) -> Any:
        return await batch(None, None, keys)


INSTANTS = [
    datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2))),
    datetime(2026, 1, 2),  # noqa: DTZ001  a fault
]
FAULTS = [None, "7", 7, 7.0, float("nan"), True, [], object, ValueError("bad"), 2**40, {"a": 1}]


class Maker:
    """Makes leaves from a seed; once in a while a value is a fault."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def one_of(self, *usual: Any) -> Any:
        return self.random.choice(usual if self.random.random() > 0.02 else FAULTS)

    def some(self, make: Callable[[], Any]) -> list[Any]:
        return [make() for _ in range(self.random.randrange(3))]

    def named(self, depth: int) -> Any:
        if self.random.random() < 0.2:
            return Other(name="other", only=self.one_of(1, 2))
        return self.leaf(depth)

    def leaf(self, depth: int) -> Leaf:
        deeper = depth - 1
        return Leaf(
            name=self.one_of(
                "a", "b", "ä", "unknown", *(["broken", "refused"] if depth > 2 else [])
            ),
            count=self.one_of(-5, 0, 5),
            ratio=self.one_of(None, 0.5, -1e300),
            is_on=self.one_of(None, True, False),
            big=self.one_of(None, 2**53, -1),
            at=self.one_of(None, INSTANTS[0], INSTANTS[0], *INSTANTS),
            colour=self.one_of(None, Colour.RED, Colour.BLUE),
            words=self.one_of(self.some(lambda: self.one_of("x", "")), []),
            numbers=self.one_of(None, self.some(lambda: self.one_of(None, 3))),
            anything=self.one_of(None, {"b": [1, None]}),
            kin=self.one_of(None, self.named(deeper)) if deeper else None,
            near=self.one_of(None, self.some(lambda: self.named(deeper))) if deeper else [],
            below=self.some(lambda: self.one_of(None, self.leaf(deeper))) if deeper else [],
        )


async def answer(which: strawberry.Schema, text: str, sources: list[Any]) -> Any:
    context = Sessionless(runtime=None, sessions=None, connection_params={"leaves": sources})  # type: ignore[arg-type]
    executor: Any = which.execution_context_class.build(
        which._schema, parse(text), context_value=context, is_awaitable=optimized_is_awaitable
    )
    found = executor.execute_operation()
    found = await found if isawaitable(found) else found
    data = orjson.loads(orjson.dumps(found.data, option=orjson.OPT_UTC_Z))
    told = [(error.message, error.path) for error in found.errors or []]
    return data, sorted(told, key=repr)


@pytest.mark.filterwarnings(
    "ignore::RuntimeWarning"
)  # graphql-core leaves siblings of an error unawaited
@pytest.mark.parametrize("part", range(2))
def test_faulty_objects_are_answered_alike(part: int) -> None:
    seen = {"errors": 0, "answers": 0}

    @settings(
        max_examples=500,
        phases=[Phase.generate],
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        text=documents(STOCK._schema, lambda *_: ["true"] if part else None),
        seed=st.integers(0, 2**32),
    )
    def check(text: str, seed: int) -> None:
        maker = Maker(seed)
        sources = [maker.leaf(3) for _ in range(3)]
        stock = runner.run(answer(STOCK, text, sources))
        planned = runner.run(answer(PLANNED, text, sources))
        seen["answers"] += 1
        seen["errors"] += bool(stock[1])
        assert planned == stock, text

    with asyncio.Runner() as runner:
        check()
    assert seen["errors"] > 20, seen


def test_a_loader_that_is_away_is_asked_twice_and_not_for_each_row_alone() -> None:
    leaves = [replace(Maker(1).leaf(1), name=f"{number}") for number in range(50)]
    CALLS.clear()
    with asyncio.Runner() as runner:
        _, errors = runner.run(answer(PLANNED, "{ leaves { away } }", leaves))
    assert len(errors) == 50
    assert [len(keys) for keys in CALLS] == [50, 50]


ASKED: list[str] = []


@strawberry.type
class Failing:
    @strawberry.field
    def leaf(self, info: Info) -> Leaf | None:
        return info.context.connection_params["leaves"][0]  # type: ignore[no-any-return]

    @strawberry.field
    def broken(self, because: str = "that is so") -> Leaf | None:
        ASKED.append(because)
        raise ValueError(because)

    @strawberry.field
    async def late(self) -> list[Leaf] | None:
        ASKED.append("late")
        await asyncio.sleep(0)
        raise KeyError("late")

    @strawberry.field
    async def must(self) -> Leaf:
        ASKED.append("must")
        raise ValueError("must")

    @strawberry.field
    async def typed(self) -> Leaf | None:
        ASKED.append("typed")
        return 7  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("{ broken { name } }", ["that is so"]),
        ("{ late { name } leaf { name } }", ["late"]),
        ('{ a: broken(because: "a") { name } b: broken(because: "b") { name } }', ["a", "b"]),
        ("{ leaf { name count } must { name } }", ["must"]),
        ("{ __typename late { name } leaf { __typename } }", ["late"]),
        ("{ ...P leaf { name } } fragment P on Failing { late { name } must { name } }", ["late", "must"]),
        ("{ typed { name } broken { name } }", ["that is so", "typed", "typed"]),
    ],
)  # fmt: skip
def test_a_root_whose_resolver_fails_is_asked_once(text: str, asked: list[str]) -> None:
    leaves = [Maker(1).leaf(1)]
    with asyncio.Runner() as runner:
        stock = runner.run(
            answer(schema(StrawberryGraphQLCoreExecutionContext, Failing), text, leaves)
        )
        ASKED.clear()
        planned = runner.run(answer(schema(PlannedExecutor, Failing), text, leaves))
    assert planned == stock
    assert stock[1]
    assert sorted(ASKED) == asked
