"""What the planned executor knows before it runs anything: plans of selections, arguments, types."""

from collections.abc import Sequence
from typing import Any

from graphql import (
    GraphQLObjectType,
    GraphQLResolveInfo,
    OperationType,
    is_abstract_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetails, collect_fields
from graphql.execution.values import get_argument_values
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import get_arguments

from schema.context import Context
from schema.execution.planned import wants
from schema.execution.planned.inputs import Inputs
from schema.execution.planned.plan import Plan, Wanted, is_introspective, planned, wanted
from schema.execution.planned.unusual import Unusual
from schema.execution.planned.wants import Relation, relations

MOST_PLANS = 1_000
"""Of one document: each setting of the variables in @skip and @include has plans of its own."""


class Planner(StrawberryGraphQLCoreExecutionContext):
    """`plans` belongs to the document: it is kept as long as its nodes are, by whose identity it is keyed.

    Beside nodes, a plan depends on the variables that @skip and @include look at: `conditions`.
    """

    def __init__(
        self,
        *arguments: Any,
        inputs: Inputs | None = None,
        plans: dict[Any, Any] | None = None,
        conditions: tuple[Any, ...] = (),
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self._inputs = inputs or Inputs.of_schema(self.schema)
        self._plans: dict[Any, Any] = {} if plans is None else plans
        self._conditions = conditions
        self._arguments: dict[Wanted, dict[str, Any]] = {}
        self._types: dict[tuple[str, type], GraphQLObjectType] = {}
        if isinstance(self.context_value, Context):
            self.context_value.planner = self

    def roots(self) -> list[Wanted] | None:
        """The fields of the query, if all that is selected is known beforehand."""
        kept = ("roots", self._conditions, id(self.operation))
        if kept not in self._plans:
            self._plans[kept] = self._found_roots()
        return self._plans[kept]  # type: ignore[no-any-return]

    def _found_roots(self) -> list[Wanted] | None:
        query = self.schema.query_type
        assert query is not None  # noqa: S101  see build
        fields = collect_fields(
            self.schema,
            self.fragments,
            self.variable_values,
            query,
            self.operation,
            self.hide_suggestions,
        ).grouped_field_set
        found = [self.root(query, details, key) for key, details in fields.items()]
        known = [one for one in found if one is not None]
        return known if len(known) == len(found) else None

    def root(self, query: GraphQLObjectType, details: Any, key: str) -> Wanted | None:
        """The field, if all that is selected below it is known beforehand."""
        kept = ("root", self._conditions, key, *[id(each.node) for each in details])
        if kept not in self._plans:
            one = wanted(query, key, details, self._inputs)
            is_quick = one is not None and one.call is not None and self._is_quick(one)
            self._plans[kept] = one if is_quick else None
        return self._plans[kept]  # type: ignore[no-any-return]

    def _is_quick(self, one: Wanted) -> bool:
        if one.coerce is not None:
            return True
        if not is_object_type(one.shape.named) or is_introspective(one.shape.named):
            return False
        plan = self.plan(one.shape.named, one.details)
        return not plan.others and all(map(self._is_quick, plan.made))

    def plan(self, type_: GraphQLObjectType, details: list[FieldDetails]) -> Plan:
        """The plan of what is selected of an object type."""
        key = (type_, self._conditions, *[id(one.node) for one in details])
        found = self._plans.get(key)
        if found is None:
            if len(self._plans) >= MOST_PLANS:
                self._plans.clear()
            fields = self.collect_subfields(type_, details).grouped_field_set
            found = self._plans[key] = planned(type_, fields, self._inputs)
        return found

    def columns(self, field: GraphQLResolveInfo[Any]) -> frozenset[str] | None:
        """The columns that are wanted of the rows of a connection; None: all."""
        type_: Any = getattr(field.return_type, "of_type", field.return_type)
        if not is_object_type(type_):
            return None
        kept = ("columns", self._conditions, *[id(node) for node in field.field_nodes])
        if kept not in self._plans:
            nodes = [FieldDetails(node, None) for node in field.field_nodes]
            self._plans[kept] = wants.columns(self, self.plan(type_, nodes))
        return self._plans[kept]  # type: ignore[no-any-return]

    def joins(self, field: GraphQLResolveInfo[Any]) -> Sequence[Relation]:
        """Relations to be read with the rows of a connection: by which column, of what, which columns."""
        type_: Any = getattr(field.return_type, "of_type", field.return_type)
        if self.operation.operation is not OperationType.QUERY or not is_object_type(type_):
            return ()
        kept = ("joins", self._conditions, *[id(node) for node in field.field_nodes])
        if kept not in self._plans:
            nodes = [FieldDetails(node, None) for node in field.field_nodes]
            self._plans[kept] = tuple(dict.fromkeys(relations(self, self.plan(type_, nodes))))
        return self._plans[kept]  # type: ignore[no-any-return]

    def columns_of(self, plan: Plan) -> frozenset[str] | None:
        """The columns that a selection wants of rows of a Stored type or in a connection; None: all."""
        return wants.columns(self, plan)

    def arguments(self, type_: GraphQLObjectType, one: Wanted) -> dict[str, Any]:
        """What a field's resolver is called with, the same for every source."""
        found = self._arguments.get(one)
        if found is None:
            found = self._arguments[one] = self._given(type_, one)
        return found

    def _given(self, type_: GraphQLObjectType, one: Wanted) -> dict[str, Any]:
        field = one.definition.extensions["strawberry-definition"]
        nodes = [each.node for each in one.details]
        owner = self.schema.extensions["strawberry-definition"]
        raw = self.build_resolve_info(one.definition, nodes, type_, None)  # type: ignore[arg-type]
        info = owner.config.info_class(_raw_info=raw, _field=field)
        named = field.base_resolver.info_parameter
        coerced = self.variable_values.coerced
        found = one.arguments.values(coerced) if one.arguments is not None else None
        if found is not None:
            return found | {named.name: info} if named else found
        first = one.details[0]
        given = get_argument_values(
            one.definition, first.node, self.variable_values, first.fragment_variable_values
        )
        _, found = get_arguments(
            field=field,
            source=None,
            info=info,
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
