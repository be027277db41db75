"""Puts the public schema together."""

import strawberry

from schema.errors import EXTENSIONS
from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import config


def build() -> strawberry.Schema:
    """The schema with every feature."""
    return strawberry.Schema(query=Query, mutation=Mutation, config=config(), extensions=EXTENSIONS)
