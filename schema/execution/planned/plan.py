"""What a selection of an object type asks for, worked out once and kept with the document."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import FieldDetails
from strawberry.utils.str_converters import to_camel_case

from schema.execution.planned import leaves
from schema.execution.planned.arguments import Arguments, arguments
from schema.execution.planned.inputs import Inputs, Make

Details = list[FieldDetails]


@dataclass(frozen=True, slots=True)
class Shape:
    """A type without its wrappers: nothing, one list at most, each perhaps null."""

    named: GraphQLNamedType
    is_nullable: bool
    is_list: bool
    are_items_nullable: bool

    @classmethod
    def of(cls, type_: GraphQLOutputType) -> "Shape | None":
        """The shape of a type; None for lists of lists."""
        is_nullable, inner = _unwrapped(type_)
        is_list = is_list_type(inner)
        are_items_nullable, item = _unwrapped(inner.of_type) if is_list else (False, inner)
        if is_list_type(item):
            return None
        return cls(item, is_nullable, is_list, are_items_nullable)


def _unwrapped(type_: Any) -> tuple[bool, Any]:
    return (False, type_.of_type) if is_non_null_type(type_) else (True, type_)


@dataclass(eq=False, slots=True)
class Wanted:
    """One field of a selection. `call` is its resolver, if it has one; else it is an attribute."""

    key: str
    name: str
    shape: Shape
    details: Details
    definition: GraphQLField
    call: Callable[..., Any] | None
    coerce: Callable[[Any], Any] | None
    """For leaves: from a value that is not null to its public form."""

    reads: tuple[str, ...] | None
    """The columns that it depends on, in a Stored type; None: perhaps on all."""

    arguments: Arguments | None
    """Those that the resolver is called with; None if the libraries must make them."""

    @property
    def is_plain(self) -> bool:
        """Whether it is a leaf that is read off the source."""
        return self.call is None and self.coerce is not None


@dataclass(eq=False, slots=True)
class Plan:
    """The fields of one selection of one object type, in order; `others` are left to graphql-core's road."""

    object_type: GraphQLObjectType
    wanted: list[Wanted]
    others: list[tuple[str, Details]]
    names: list[str]
    """The keys that ask for `__typename`."""
    keys: list[str]
    made: list[Wanted] = field(init=False)
    """Those of the fields that are made for all sources together, before the dictionaries are."""
    functions: dict[bool, Callable[..., Any]] = field(default_factory=dict)
    """Generated: by whether the sources have bare rows."""

    origin: Any = field(init=False)
    """The Python class of the type; of a generic one, the class that it was made from."""

    def __post_init__(self) -> None:
        definition = self.object_type.extensions["strawberry-definition"]
        self.origin = (definition.concrete_of or definition).origin
        self.made = [one for one in self.wanted if not one.is_plain]

    def columns(self) -> frozenset[str] | None:
        """The columns that a Stored type's rows must have; None: all."""
        if self.others:
            return None
        found: set[str] = set()
        for one in self.wanted:
            if one.reads is None:
                return None
            found.update(one.reads)
        return frozenset(found)


def planned(type_: GraphQLObjectType, fields: dict[str, Details], inputs: Inputs) -> Plan:
    """The plan of a selection that was collected for this type."""
    wanted, others, names = list[Wanted](), list[tuple[str, Details]](), list[str]()
    for key, details in fields.items():
        if details[0].node.name.value == "__typename":
            names.append(key)
        elif (one := _wanted(type_, key, details, inputs)) is not None:
            wanted.append(one)
        else:
            others.append((key, details))
    return Plan(type_, wanted, others, names, list(fields))


def _wanted(type_: GraphQLObjectType, key: str, details: Details, inputs: Inputs) -> Wanted | None:
    """The field, unless it is one that only graphql-core's road can take."""
    one = wanted(type_, key, details, inputs)
    return (
        None if one is None or one.definition.extensions["strawberry-definition"].is_async else one
    )


def wanted(type_: GraphQLObjectType, key: str, details: Details, inputs: Inputs) -> Wanted | None:
    """A field of ours, perhaps with an async resolver, unless it has machinery of its own."""
    definition = type_.fields.get(details[0].node.name.value)
    ours = definition.extensions.get("strawberry-definition") if definition else None
    if definition is None or ours is None or ours.extensions or ours.is_subscription:
        return None
    shape = Shape.of(definition.type)
    if shape is None:
        return None
    resolver = ours.base_resolver
    if resolver is not None and resolver.self_parameter is None:
        return None
    coerce = leaves.coercer(shape.named) if is_leaf_type(shape.named) else None
    call = resolver.wrapped_func if resolver is not None else None
    reads = (ours.python_name,) if call is None else getattr(call, "reads", None)
    plain = _arguments(ours, details[0], definition, inputs) if resolver else None
    return Wanted(key, ours.python_name, shape, details, definition, call, coerce, reads, plain)


def _arguments(
    ours: Any, first: FieldDetails, definition: GraphQLField, inputs: Inputs
) -> Arguments | None:
    if first.fragment_variable_values:
        return None
    return arguments(definition, first.node, _known(ours, inputs))


def _known(ours: Any, inputs: Inputs) -> dict[str, tuple[str, Make]]:
    """A field's arguments by public names: the Python name, and what makes the value."""
    known: dict[str, tuple[str, Make]] = {}
    for argument in ours.arguments:
        public = argument.graphql_name or to_camel_case(argument.python_name)
        if make := inputs.of(argument.type):
            known[public] = argument.python_name, make
    return known


def is_introspective(type_: GraphQLOutputType) -> bool:
    """Whether this is one of GraphQL's own types, which describe the schema."""
    return get_named_type(type_).name.startswith("__")
