"""Puts the public schema together."""

from typing import Any

import strawberry
from graphql.execution import Executor

from schema.directives import DEFER
from schema.execution.planned.executor import PlannedExecutor
from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import config
from schema.subscription import Subscription


def build(
    *, is_sorted: bool = False, executor: type[Executor[Any]] = PlannedExecutor
) -> strawberry.Schema:
    """The schema with every feature. Sorted it is good for printing only: enum inputs arrive as bare text."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        config=config(is_sorted=is_sorted),
        execution_context_class=executor,
    )
    schema._schema.directives = (*schema._schema.directives, DEFER)
    return schema
