"""The public schema keeps its own rules: described, named, and the same as the committed file."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    is_introspection_type,
    is_specified_scalar_type,
)

from schema.build import build

ROOT = Path(__file__).parents[2]
WITHOUT_KEY = {"signIn", "signOut"}
"""They change no data of an organisation: a session is begun or ended."""


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build()._schema


def types(schema: GraphQLSchema) -> list[GraphQLNamedType]:
    return [
        kind
        for kind in schema.type_map.values()
        if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
    ]


def parts(kind: GraphQLNamedType) -> Iterator[tuple[str, Any]]:
    """The type and everything in it that can be described, each with its path."""
    yield kind.name, kind
    if isinstance(kind, GraphQLEnumType):
        yield from ((f"{kind.name}.{name}", value) for name, value in kind.values.items())
    if isinstance(kind, GraphQLInputObjectType):
        yield from ((f"{kind.name}.{name}", field) for name, field in kind.fields.items())
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in kind.fields.items():
            yield f"{kind.name}.{name}", field
            for argument, given in field.args.items():
                yield f"{kind.name}.{name}({argument})", given


def test_the_committed_file_is_what_the_code_says() -> None:
    committed = (ROOT / "schema" / "schema.graphql").read_text()
    assert committed.strip() == build(is_sorted=True).as_str().strip(), "run `make schema`"


def test_everything_has_a_description(schema: GraphQLSchema) -> None:
    bare = [path for kind in types(schema) for path, part in parts(kind) if not part.description]
    assert bare == []


def test_a_description_is_a_sentence(schema: GraphQLSchema) -> None:
    ends = (".", "?", "!", ")", "`")
    found = [
        path
        for kind in types(schema)
        for path, part in parts(kind)
        if part.description and not part.description.rstrip().endswith(ends)
    ]
    assert found == []


def test_each_mutation_takes_one_input_and_gives_its_own_payload(schema: GraphQLSchema) -> None:
    assert schema.mutation_type is not None
    for name, field in schema.mutation_type.fields.items():
        capital = name[0].upper() + name[1:]
        assert list(field.args) in ([], ["input"]), name
        assert not isinstance(field.type, GraphQLNonNull), name
        assert str(field.type) == f"{capital}Payload", name
        for argument in field.args.values():
            assert str(argument.type) == f"{capital}Input!", name


def test_each_mutation_takes_an_idempotency_key(schema: GraphQLSchema) -> None:
    assert schema.mutation_type is not None
    without = {
        name
        for name, field in schema.mutation_type.fields.items()
        if not any("idempotencyKey" in one.type.of_type.fields for one in field.args.values())  # type: ignore[attr-defined]
    }
    assert without == WITHOUT_KEY


def last(path: str) -> str:
    """The name at the end of a path."""
    return path.replace("(", ".").rstrip(")").split(".")[-1]


def test_root_fields_are_nullable(schema: GraphQLSchema) -> None:
    assert schema.query_type is not None
    fields = schema.query_type.fields.items()
    assert [name for name, field in fields if isinstance(field.type, GraphQLNonNull)] == []


FOREIGN_IDS = {"keyId", "externalId", "accessKeyId", "clientMutationId", "requestId"}
"""Ids that others give: of a public key, of cloud providers."""


def test_whatever_refers_to_an_entity_is_an_id(schema: GraphQLSchema) -> None:
    wrong = [
        path
        for kind in types(schema)
        for path, part in parts(kind)
        if last(path).endswith(("Id", "Ids"))
        and last(path) not in FOREIGN_IDS
        and not {"ID", "IdFilter"} & set(re.findall(r"\w+", str(part.type)))
    ]
    assert wrong == []


def test_what_can_be_fetched_again_by_its_id_is_a_node(schema: GraphQLSchema) -> None:
    found = [kind for kind in types(schema) if isinstance(kind, GraphQLObjectType)]
    stored = [
        kind for kind in found if "id" in kind.fields and str(kind.fields["id"].type) == "ID!"
    ]
    bare = [kind.name for kind in stored if "Node" not in {one.name for one in kind.interfaces}]
    assert bare == ["Me"]  # the caller, told of once more as a User
    assert len(stored) >= 8


def test_names_are_as_front_end_developers_expect(schema: GraphQLSchema) -> None:
    odd = [
        path
        for kind in types(schema)
        for path, _ in parts(kind)
        if "_" in path and not isinstance(kind, GraphQLEnumType)
    ]
    assert odd == []
    values = [
        path
        for kind in types(schema)
        if isinstance(kind, GraphQLEnumType)
        for path in kind.values
        if path != path.upper()
    ]
    assert values == []
