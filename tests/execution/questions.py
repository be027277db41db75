"""Random documents over a schema: every field, fragment, alias and directive may come up."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
)
from hypothesis import strategies as st

Values = Callable[[str, str], list[str] | None]
"""Literals for an argument, by the field's and its own name; None: leave it out."""


@dataclass(slots=True)
class Writer:
    """Writes one document by drawing; aliases make it valid whatever is selected twice."""

    schema: GraphQLSchema
    draw: Any
    values: Values
    left: int = 40
    """How many fields may still be written."""
    aliases: int = 0
    fragments: list[str] = field(default_factory=list)

    def document(self) -> str:
        """A query with its fragments; its variables are `$yes` and `$no`."""
        root = self.schema.query_type
        assert root is not None
        body = self.selection(root, 5)
        used = "{ yes: __typename @include(if: $yes) no: __typename @skip(if: $no)"
        body = used + body.removeprefix("{")
        return "\n".join(
            [f"query Q($yes: Boolean = true, $no: Boolean = false) {body}", *self.fragments]
        )

    def selection(self, type_: GraphQLNamedType, depth: int) -> str:
        names = self._names(type_, depth)
        count = self.draw(st.integers(1, 7))
        parts = [self._part(type_, names, depth) for _ in range(count)]
        return "{ " + " ".join(["__typename", *filter(None, parts)]) + " }"

    def _names(self, type_: Any, depth: int) -> list[str]:
        return [
            name
            for name, one in type_.fields.items()
            if depth > 0 or is_leaf_type(get_named_type(one.type))
            if all(
                self.values(name, argument) or not is_required_argument(definition)
                for argument, definition in one.args.items()
            )
        ]

    def _part(self, type_: Any, names: list[str], depth: int) -> str:
        if not names or self.left <= 0:
            return ""
        kind = self.draw(st.integers(0, 11)) if depth > 0 else 11
        if kind == 0:
            return f"... {self._condition()} {self.selection(type_, depth - 1)}"
        if kind == 1:
            return f"...{self._fragment(type_, depth - 1)} {self._condition()}"
        if kind == 2 and is_abstract_type(type_):
            return self._on_a_type(type_, depth - 1)
        name = self.draw(st.sampled_from(names))
        return self._field(name, type_.fields[name], depth)

    def _on_a_type(self, type_: Any, depth: int) -> str:
        one = self.draw(st.sampled_from(self.schema.get_possible_types(type_)))
        return f"... on {one.name} {self.selection(one, depth)}"

    def _fragment(self, type_: Any, depth: int) -> str:
        body = self.selection(type_, depth)
        name = f"F{len(self.fragments)}"
        self.fragments.append(f"fragment {name} on {type_.name} {body}")
        return name

    def _condition(self) -> str:
        return self.draw(
            st.sampled_from(["", "", "@include(if: $yes)", "@skip(if: $yes)", "@include(if: $no)"])
        )

    def _field(self, name: str, one: GraphQLField, depth: int) -> str:
        self.left -= 1
        self.aliases += 1
        named = get_named_type(one.type)
        arguments = self._arguments(name, one)
        alias = f"a{self.aliases}: " if one.args or self.draw(st.booleans()) else ""
        below = "" if is_leaf_type(named) else self.selection(named, depth - 1)
        return f"{alias}{name}{arguments} {self._condition()} {below}"

    def _arguments(self, name: str, one: GraphQLField) -> str:
        """The arguments of a field in parentheses."""
        given = []
        for argument, definition in one.args.items():
            known, is_needed = self.values(name, argument), is_required_argument(definition)
            if known and (is_needed or self.draw(st.booleans())):
                given.append(f"{argument}: {self.draw(st.sampled_from(known))}")
        return f"({', '.join(given)})" if given else ""


@st.composite
def documents(draw: Any, schema: GraphQLSchema, values: Values) -> str:
    """Valid documents, apart from fields of one name with other arguments, which have aliases."""
    return Writer(schema, draw, values).document()
