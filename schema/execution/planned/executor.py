"""graphql-core's executor with a short cut: lists and objects of known fields are made by generated functions."""

from collections.abc import Awaitable, Callable
from typing import Any

from graphql import GraphQLObjectType, GraphQLResolveInfo, is_abstract_type, is_object_type
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import get_argument_values
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import get_arguments

from schema.context import Context
from schema.execution.planned.completion import completed, of_any_type
from schema.execution.planned.plan import Plan, Wanted, is_introspective, planned
from schema.execution.planned.unusual import Unusual
from schema.node import Stored
from schema.paging import Connection, Edge

ROW_HOLDERS = {"nodes", "edges", "node"}
"""Members of connections and edges that come to rows."""
MOST_PLANS = 1_000
"""Of one document: each setting of the variables in @skip and @include has plans of its own."""


class PlannedExecutor(StrawberryGraphQLCoreExecutionContext):
    """`plans` belongs to the document: it is kept as long as its nodes are, by whose identity it is keyed.

    Beside nodes, a plan depends on the variables that @skip and @include look at: `conditions`.
    """

    def __init__(
        self,
        *arguments: Any,
        plans: dict[Any, Plan] | None = None,
        conditions: tuple[Any, ...] = (),
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self._plans: dict[Any, Plan] = {} if plans is None else plans
        self._conditions = conditions
        self._long_roads = 0
        """How many values are on the long road: nothing below them is tried quickly again."""
        self._arguments: dict[Wanted, dict[str, Any]] = {}
        self._types: dict[tuple[str, type], GraphQLObjectType] = {}
        if isinstance(self.context_value, Context):
            self.context_value.planner = self

    def complete_list_value(
        self,
        return_type: Any,
        field_details_list: Any,
        info: Any,
        path: Any,
        result: Any,
        *rest: Any,
    ) -> Any:
        """A list of objects by the short cut, any other by the long road."""
        item = return_type.of_type
        named = getattr(item, "of_type", item)
        is_nullable = named is item
        is_whole = type(result) is list and (is_nullable or None not in result)
        if is_whole and not self._long_roads and _has_fields(named):
            values = [one for one in result if one is not None]
            long = super().complete_list_value
            return self._quickest(
                lambda: _with_gaps(of_any_type(self, named, field_details_list, values), result),
                lambda: long(return_type, field_details_list, info, path, result, *rest),
            )
        return super().complete_list_value(
            return_type, field_details_list, info, path, result, *rest
        )

    def complete_object_value(
        self,
        return_type: Any,
        field_details_list: Any,
        info: Any,
        path: Any,
        result: Any,
        *rest: Any,
    ) -> Any:
        """An object by the short cut if all of its fields can go that way."""
        long = super().complete_object_value
        is_long = self._long_roads or is_introspective(return_type)
        if is_long or self.plan(return_type, field_details_list).others:
            return long(return_type, field_details_list, info, path, result, *rest)
        plan = self.plan(return_type, field_details_list)
        return self._quickest(
            lambda: _only(completed(self, plan, [result])),
            lambda: long(return_type, field_details_list, info, path, result, *rest),
        )

    async def _quickest(self, quick: Callable[[], Awaitable[Any]], long: Callable[[], Any]) -> Any:
        try:
            return await quick()
        except Exception:
            found = long()
            return await found if self.is_awaitable(found) else found

    def plan(self, type_: GraphQLObjectType, details: list[FieldDetails]) -> Plan:
        """The plan of what is selected of an object type."""
        key = (type_, self._conditions, *[id(one.node) for one in details])
        found = self._plans.get(key)
        if found is None:
            if len(self._plans) >= MOST_PLANS:
                self._plans.clear()
            fields = self.collect_subfields(type_, details).grouped_field_set
            found = self._plans[key] = planned(type_, fields)
        return found

    def columns(self, field: GraphQLResolveInfo[Any]) -> frozenset[str] | None:
        """The columns that are wanted of the rows of a connection; None: all."""
        type_: Any = getattr(field.return_type, "of_type", field.return_type)
        if not is_object_type(type_):
            return None
        nodes = [FieldDetails(node, None) for node in field.field_nodes]
        return self.columns_of(self.plan(type_, nodes))

    def columns_of(self, plan: Plan) -> frozenset[str] | None:
        """The columns that a selection wants of rows of a Stored type or in a connection; None: all."""
        if issubclass(plan.origin, Stored):
            return plan.columns()
        if plan.origin not in {Connection, Edge}:
            return None
        found = [self._of_member(one) for one in plan.wanted if one.name in ROW_HOLDERS]
        return None if None in found or plan.others else frozenset({"id"}).union(*found)  # type: ignore[arg-type]

    def _of_member(self, one: Wanted) -> frozenset[str] | None:
        named = one.shape.named
        return self.columns_of(self.plan(named, one.details)) if is_object_type(named) else None

    def arguments(self, type_: GraphQLObjectType, one: Wanted) -> dict[str, Any]:
        """What a field's resolver is called with, the same for every source."""
        found = self._arguments.get(one)
        if found is None:
            found = self._arguments[one] = self._given(type_, one)
        return found

    def _given(self, type_: GraphQLObjectType, one: Wanted) -> dict[str, Any]:
        field = one.definition.extensions["strawberry-definition"]
        nodes = [each.node for each in one.details]
        first = one.details[0]
        given = get_argument_values(
            one.definition, first.node, self.variable_values, first.fragment_variable_values
        )
        owner = self.schema.extensions["strawberry-definition"]
        raw = self.build_resolve_info(one.definition, nodes, type_, None)  # type: ignore[arg-type]
        _, found = get_arguments(
            field=field,
            source=None,
            info=owner.config.info_class(_raw_info=raw, _field=field),
            kwargs=given,
            config=owner.config,
            scalar_registry=owner.schema_converter.scalar_registry,
        )
        return found

    def type_of(self, abstract: Any, value: Any) -> GraphQLObjectType:
        """The object type of a value, which depends on its class alone; of an object type, itself."""
        if not is_abstract_type(abstract):
            return abstract  # type: ignore[no-any-return]
        key = (abstract.name, type(value))
        found = self._types.get(key)
        if found is None:
            definition = getattr(type(value), "__strawberry_definition__", None)
            named: Any = self.schema.type_map.get(definition.name) if definition else None
            if not is_object_type(named) or not self.schema.is_sub_type(abstract, named):
                raise Unusual
            found = self._types[key] = named
        return found


def _has_fields(named: Any) -> bool:
    return (is_object_type(named) or is_abstract_type(named)) and not is_introspective(named)


async def _with_gaps(quick: Awaitable[list[Any]], result: list[Any]) -> list[Any]:
    """What was made, with the nulls of the list between."""
    made = iter(await quick)
    return [None if one is None else next(made) for one in result]


async def _only(quick: Awaitable[list[Any]]) -> Any:
    return (await quick)[0]
