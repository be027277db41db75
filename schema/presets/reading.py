"""Filters as JSON and back: by the input coercion of GraphQL itself, so that there is one language only."""

from collections.abc import Mapping
from typing import Any, cast

import strawberry
from graphql import GraphQLInputType, coerce_input_value, get_nullable_type
from graphql.pyutils import Undefined
from graphql.type import is_leaf_type, is_list_type
from graphql.utilities import validate_input_value
from strawberry.types.arguments import convert_argument

from app.core.errors import Invalid, Path
from app.search import filters
from schema import failures
from schema.scalars import config
from schema.search.inputs import FileFilter

ARGUMENT: Path = ("filter",)
_EXACT = 2**53
"""Up to here a float holds every whole number."""
Schema = Any
"""A strawberry.Schema, whose converter its type does not show."""


@strawberry.type(description="Asks for filters, and nothing else.")
class _Question:
    """The root of the schema that knows filters alone."""

    @strawberry.field(description="Never asked.")
    def matches(self, filter: FileFilter) -> bool:  # noqa: ARG002  its type is what counts
        return True


def alone() -> Schema:
    """A small schema that knows filters, for those who have no other."""
    return strawberry.Schema(query=_Question, config=config(is_sorted=False))


def tree_of(document: Mapping[str, Any]) -> filters.FileFilter:
    """The tree of a stored filter, for the worker."""
    return read(alone(), document).tree()


def read(schema: Schema, document: object, at: Path = ARGUMENT) -> FileFilter:
    """The filter that a document says. Raises Invalid, with its path below `at`, for what is no filter."""
    type_ = schema._schema.type_map["FileFilter"]
    told = _with_floats(document)
    value = coerce_input_value(told, type_) if isinstance(told, dict) else Undefined
    if value is Undefined:
        raise _fault(document, type_, at)
    converter = schema.schema_converter
    found = convert_argument(value, FileFilter, converter.scalar_registry, schema.config)
    return cast("FileFilter", found)


def _with_floats(value: Any) -> Any:
    """The same JSON, large whole numbers as floats: jsonb says 1e23 in digits, and no Float takes those."""
    if isinstance(value, dict):
        return {name: _with_floats(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_floats(member) for member in value]
    is_large = isinstance(value, int) and abs(value) > _EXACT
    return float(value) if is_large else value


def written(schema: Schema, filter: FileFilter) -> dict[str, Any]:
    """The filter as clients would send it in variables; members with their default value are left out."""
    found: dict[str, Any] = _plain(filter, schema._schema.type_map["FileFilter"])
    return found


def _plain(value: Any, type_: GraphQLInputType) -> Any:
    bare: Any = get_nullable_type(type_)
    if value is None:
        return None
    if is_list_type(bare):
        return [_plain(one, bare.of_type) for one in value]
    if is_leaf_type(bare):
        return bare.serialize(value)
    found = {}
    for name, member in bare.fields.items():
        held = getattr(value, member.extensions["strawberry-definition"].python_name)
        if isinstance(held, strawberry.Some):
            found[name] = _plain(held.value, member.type)
        elif not _is_absent(held, member):
            found[name] = _plain(held, member.type)
    return found


def _is_absent(held: Any, member: Any) -> bool:
    """Whether a member was left out, or says what holds anyway."""
    definition = member.extensions["strawberry-definition"]
    if held is strawberry.UNSET:
        return True
    if held is None:  # of a Maybe: not given; else given, and refused later
        return definition.default is not strawberry.UNSET
    return member.default_value is not Undefined and held == member.default_value


def _fault(document: object, type_: Any, at: Path) -> Invalid:
    """What graphql-core says of the first thing that does not fit."""
    faults: list[Invalid] = []

    def note(error: Any, path: list[str | int]) -> None:
        faults.append(Invalid(failures.worded(error.message), field=(*at, *path)))

    validate_input_value(document, type_, note)
    return faults[0] if faults else Invalid("A filter is a JSON object.", field=at)
