"""Makes the Python values of arguments by functions that are made once for each of Strawberry's types.

What comes out is what Strawberry's own conversion gives. Of a type with machinery of its own there is no function,
and what Strawberry would refuse raises Unusual.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING
from functools import partial
from typing import Any, Self

from graphql import GraphQLSchema
from strawberry import Some
from strawberry.scalars import is_scalar
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryOptional,
    has_object_definition,
)
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition
from strawberry.types.lazy_type import LazyType
from strawberry.types.unset import UNSET

from schema.execution.planned.unusual import Unusual

Make = Callable[[Any], Any]


class Inputs:
    """The functions of one schema's types; those of input objects are made when the first value comes."""

    def __init__(self, config: StrawberryConfig, scalars: Mapping[Any, Any]) -> None:
        self._config = config
        self._scalars = scalars
        self._objects: dict[type, Make] = {}

    @classmethod
    def of_schema(cls, schema: GraphQLSchema) -> Self:
        """Those of a schema that Strawberry has made."""
        owner = schema.extensions["strawberry-definition"]
        return cls(owner.config, owner.schema_converter.scalar_registry)

    def of(self, type_: Any) -> Make | None:
        """From a coerced value to the argument's; None: leave it to Strawberry."""
        if isinstance(type_, StrawberryMaybe):
            make = self.of(type_.of_type)
            is_nullable = isinstance(type_.of_type, StrawberryOptional)
            return make and partial(_some, make, is_nullable)
        if isinstance(type_, StrawberryOptional):
            return self.of(type_.of_type)
        if isinstance(type_, StrawberryList):
            make = self.of(type_.of_type)
            return make and partial(_list, make)
        if isinstance(type_, LazyType):
            return self.of(type_.resolve_type())
        return self._named(type_)

    def _named(self, type_: Any) -> Make | None:
        is_enum = isinstance(type_, StrawberryEnumDefinition) or has_enum_definition(type_)
        if is_enum or is_scalar(type_, self._scalars):
            return _same
        if not has_object_definition(type_) or type_.__strawberry_definition__.from_input:
            return None
        return partial(self._object, type_)

    def _object(self, type_: type, value: Any) -> Any:
        if value is None or value is UNSET:
            return value
        made = self._objects.get(type_)
        if made is None:
            made = self._objects[type_] = self._made(type_)
        return made(value)

    def _made(self, type_: Any) -> Make:
        definition = type_.__strawberry_definition__
        named = self._config.name_converter.from_field
        members = {}
        for field in definition.fields:
            make = self.of(field.resolve_type(type_definition=definition))
            members[named(field)] = field.python_name, make or _unusual
        nulls = [
            field.python_name
            for field in definition.fields
            if field.default_value is MISSING and field.default_factory is MISSING
        ]
        return partial(_built, type_, members, nulls)


def _same(value: Any) -> Any:
    return value


def _unusual(_: Any) -> Any:
    raise Unusual


def _some(make: Make, is_nullable: bool, value: Any) -> Any:
    if value is None and not is_nullable:
        raise Unusual
    return Some(make(value))


def _list(make: Make, value: Any) -> Any:
    if value is None or value is UNSET:
        return value
    return [make(one) for one in value]


def _built(
    type_: Any, members: Mapping[str, tuple[str, Make]], nulls: Sequence[str], value: Any
) -> Any:
    given: dict[str, Any] = dict.fromkeys(nulls)
    for name, one in value.items():
        key, make = members[name]
        given[key] = make(one)
    return type_(**given)
