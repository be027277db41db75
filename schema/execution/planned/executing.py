"""What is asked of whoever executes an operation."""

from typing import Any, Protocol

from graphql import GraphQLObjectType

from schema.execution.planned.plan import Plan, Wanted


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
