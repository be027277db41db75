"""Puts the public schema together."""

import strawberry

from schema.errors import EXTENSIONS
from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import config
from schema.subscription import Subscription


def build(*, is_sorted: bool = False) -> strawberry.Schema:
    """The schema with every feature. Sorted it is good for printing only: enum inputs arrive as bare text."""
    return strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        config=config(is_sorted=is_sorted),
        extensions=EXTENSIONS,
    )
