"""Writes the function that turns sources of one plan into dictionaries.

For `files { nodes { id name folder { id } } }` and rows that hold these columns alone:

    def build(sources, c0):
        return [{'id': 'file_' + s['id'].hex, 'name': s['name'], 'folder': c0}
                for s, c0 in zip(sources, c0)]

Values that a column's own type vouches for are taken as they are; others are tested, and a value that does
not pass ends the function with Unusual.
"""

from collections.abc import Callable, Iterator
from typing import Any

from graphql import GraphQLEnumType
from sqlalchemy import BigInteger, Boolean, DateTime, Integer, Text
from sqlalchemy.sql.sqltypes import String

from app.core.columns import TextEnum
from schema.execution.planned import leaves
from schema.execution.planned.plan import Plan, Wanted
from schema.node import Stored

VOUCHED: dict[str, tuple[type[Any], ...]] = {
    "String": (Text, String),
    "ID": (Text, String),
    "URL": (Text, String),
    "Boolean": (Boolean,),
    "Int": (Integer,),
    "SafeInt": (Integer,),
    "DateTime": (DateTime,),
}
"""Scalars, and the kinds of columns whose values are right as the driver gives them."""


def built(plan: Plan, *, are_rows: bool) -> Callable[..., Any]:
    """The function of a plan: `build(sources, *columns)`, a column for each field that is made beforehand.

    `are_rows`: the sources are not objects but bare rows of the database.
    """
    namespace: dict[str, Any] = {**leaves.NAMES, "unusual": leaves.unusual}
    members = dict(_members(plan, namespace, are_rows=are_rows))
    body = ", ".join(f"{key!r}: {members[key]}" for key in plan.keys)
    columns = [f"c{number}" for number, _ in enumerate(plan.made)]
    items = f"zip({', '.join(['sources', *columns])})" if columns else "sources"
    target = ", ".join(["s", *columns])
    text = (
        f"def build({', '.join(['sources', *columns])}):\n"
        f"    return [{{{body}}} for {target} in {items}]\n"
    )
    exec(compile(text, f"<plan of {plan.object_type.name}>", "exec"), namespace)  # noqa: S102
    function: Callable[..., Any] = namespace["build"]
    return function


def _members(plan: Plan, namespace: dict[str, Any], *, are_rows: bool) -> Iterator[tuple[str, str]]:
    """Each response key with the expression of its value."""
    for key in plan.names:
        yield key, repr(plan.object_type.name)
    for number, one in enumerate(plan.made):
        yield one.key, f"c{number}"
    for number, one in enumerate(plan.wanted):
        if one.is_plain:
            yield one.key, _leaf(plan, one, f"f{number}", namespace, are_rows=are_rows)


def _leaf(plan: Plan, one: Wanted, name: str, namespace: dict[str, Any], *, are_rows: bool) -> str:
    origin: Any = plan.origin
    if are_rows and one.name == "id":
        return f"{origin.KIND.value + '_'!r} + s['id'].hex"
    read = f"s[{one.name!r}]" if are_rows else f"s.{one.name}"
    if are_rows and is_vouched_for(origin, one):
        if not isinstance(one.shape.named, GraphQLEnumType):
            return read
        namespace[name] = leaves.names_of(one.shape.named)
        return f"{name}[{read}]"
    return _tested(one, read, name, namespace)


def _tested(one: Wanted, read: str, name: str, namespace: dict[str, Any]) -> str:
    shape, namespace[name] = one.shape, one.coerce
    if shape.is_list:
        item = f"({name}(v) if v is not None else {_null(is_allowed=shape.are_items_nullable)})"
        value = f"([{item} for v in w] if type(w) is list else unusual())"
    else:
        test = leaves.test(shape.named.name, "w") if shape.named.name in leaves.TESTS else None
        value = f"(w if {test} else unusual())" if test else f"{name}(w)"
    return f"({value} if (w := {read}) is not None else {_null(is_allowed=shape.is_nullable)})"


def _null(*, is_allowed: bool) -> str:
    return "None" if is_allowed else "unusual()"


def is_vouched_for(origin: type[Stored], one: Wanted) -> bool:
    """Whether the column's type and its NOT NULL leave nothing to test."""
    column = origin.MODEL.__table__.c[one.name]  # type: ignore[attr-defined]
    if one.shape.is_list or (column.nullable and not one.shape.is_nullable):
        return False
    if isinstance(one.shape.named, GraphQLEnumType):
        return isinstance(column.type, TextEnum) and not column.nullable
    if isinstance(column.type, BigInteger) and one.shape.named.name == "Int":
        return False
    return isinstance(column.type, VOUCHED.get(one.shape.named.name, ()))
