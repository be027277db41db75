"""Coerces input values by functions that are made once for each input type.

What comes out is what graphql-core's own coercion gives. Whatever is wrong with a value, or only unusual, raises
Unusual: then graphql-core reads it, and says what is wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLString,
    Undefined,
    is_required_input_field,
)
from graphql.utilities.coerce_input_value import coerce_default_value

from schema.execution.planned.unusual import Unusual

Coerce = Callable[[Any], Any]
MOST_EXACT = 2**53
"""Up to here a float of double precision holds every whole number."""


class Coercions:
    """The functions of the types that were asked for; each is made when its first value comes."""

    def __init__(self) -> None:
        self._objects: dict[str, Coerce] = {}

    def of(self, type_: Any) -> Coerce:
        """The function for values of an input type."""
        if isinstance(type_, GraphQLNonNull):
            return self._present(type_.of_type)
        return partial(_nullable, self._present(type_))

    def _present(self, type_: Any) -> Coerce:
        """For values that are not null."""
        if isinstance(type_, GraphQLList):
            return partial(_list, self.of(type_.of_type))
        if isinstance(type_, GraphQLInputObjectType):
            return partial(self._object, type_)
        exact = _EXACT.get(type_)
        if exact is not None:
            return partial(_exactly, exact)
        return _float if type_ is GraphQLFloat else partial(_leaf, type_)

    def _object(self, type_: GraphQLInputObjectType, value: Any) -> Any:
        made = self._objects.get(type_.name)
        if made is None:
            made = self._objects[type_.name] = self._made(type_)
        return made(value)

    def _made(self, type_: GraphQLInputObjectType) -> Coerce:
        if type_.is_one_of:  # Strawberry has a way of its own to see to it: see below
            return _left
        fields = type_.fields.items()
        known = {name: (one.out_name or name, self.of(one.type)) for name, one in fields}
        required = [name for name, one in fields if is_required_input_field(one)]
        defaults = [(name, one) for name, one in fields if _has_default(one)]
        coerce = partial(_members, known, required, defaults)
        return partial(_object_of, type_, coerce)


def _has_default(field: GraphQLInputField) -> bool:
    return field.default is not None or field.default_value is not Undefined


_EXACT: dict[Any, type] = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool}


def _left(_: Any) -> Any:
    raise Unusual


def _exactly(type_: type, value: Any) -> Any:
    if type(value) is not type_:
        raise Unusual
    return value


def _float(value: Any) -> Any:
    """Whole numbers, too, of any size: other languages write them for large floats, which graphql-core refuses."""
    if type(value) is int and abs(value) > MOST_EXACT:
        try:
            return float(value)
        except OverflowError as error:
            raise Unusual from error
    return _leaf(GraphQLFloat, value)


def _leaf(type_: GraphQLLeafType, value: Any) -> Any:
    if value is None:
        raise Unusual
    try:
        found = type_.coerce_input_value(value)
    except Exception as error:  # whatever it was, graphql-core tells it
        raise Unusual from error
    if found is Undefined:
        raise Unusual
    return found


def _nullable(coerce: Coerce, value: Any) -> Any:
    return None if value is None else coerce(value)


def _list(coerce: Coerce, value: Any) -> list[Any]:
    if type(value) is not list:
        raise Unusual
    return [coerce(one) for one in value]


def _members(
    known: Mapping[str, tuple[str, Coerce]],
    required: Sequence[str],
    defaults: Sequence[tuple[str, GraphQLInputField]],
    value: Any,
) -> dict[str, Any]:
    if type(value) is not dict or not all(name in value for name in required):
        raise Unusual
    found = {}
    for name, one in value.items():
        if name not in known:
            raise Unusual
        key, coerce = known[name]
        found[key] = coerce(one)
    for name, field in defaults:
        if name not in value:
            found[known[name][0]] = coerce_default_value(field)
    return found


def _object_of(type_: GraphQLInputObjectType, coerce: Coerce, value: Any) -> Any:
    found = coerce(value)
    try:
        return type_.out_type(found)  # where Strawberry sees to it that one member is given
    except Exception as error:
        raise Unusual from error
