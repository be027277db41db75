"""What keeps lists fast: no field of a listed type is asynchronous or has machinery of its own."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type, is_object_type

from schema.build import build
from schema.node import Stored

SCHEMA = build()._schema
ROOTS = {SCHEMA.query_type, SCHEMA.mutation_type, SCHEMA.subscription_type}


def fields() -> Iterator[tuple[GraphQLObjectType, str, GraphQLField]]:
    for type_ in SCHEMA.type_map.values():
        if is_object_type(type_) and not type_.name.startswith("__"):
            for name, field in type_.fields.items():
                yield type_, name, field


def ours(field: GraphQLField) -> Any:
    return field.extensions["strawberry-definition"]


def is_asynchronous(field: GraphQLField) -> bool:
    return bool(ours(field).is_async)


def is_payload(type_: GraphQLObjectType) -> bool:
    """Answers of mutations come one at a time."""
    return type_.name.endswith("Payload")


AWAITED_LEAVES = {"Upload.putUrl", "Upload.resumableUrl"}
"""Addresses are signed by stores that may ask other servers; uploads are never listed."""


def test_no_leaf_is_asynchronous() -> None:
    found = {
        f"{type_.name}.{name}"
        for type_, name, field in fields()
        if is_leaf_type(get_named_type(field.type)) and is_asynchronous(field)
    }
    assert found == AWAITED_LEAVES


AWAITED_LISTS = {
    "Me.memberships",
    "Me.organisation",
    "MetadataSchema.typeErrors",
    "Organisation.groups",
    "Organisation.members",
    "Organisation.tags",
}
"""Fields of what there is only one of in an answer."""


def test_relations_say_what_they_fetch_instead_of_fetching_it() -> None:
    found = {
        f"{type_.name}.{name}"
        for type_, name, field in fields()
        if type_ not in ROOTS and not is_payload(type_)
        if not is_leaf_type(get_named_type(field.type)) and is_asynchronous(field)
    }
    assert found == AWAITED_LISTS


def test_no_field_has_extensions_or_permission_classes_of_its_own() -> None:
    found = [
        f"{type_.name}.{name}"
        for type_, name, field in fields()
        if ours(field).extensions or ours(field).permission_classes
    ]
    assert found == []


STORED = [
    type_
    for type_ in SCHEMA.type_map.values()
    if is_object_type(type_) and not type_.name.startswith("__")
    if issubclass(type_.extensions["strawberry-definition"].origin, Stored)
]


@pytest.mark.parametrize("type_", STORED, ids=str)
def test_a_stored_type_says_which_columns_each_of_its_fields_depends_on(
    type_: GraphQLObjectType,
) -> None:
    columns = set(type_.extensions["strawberry-definition"].origin.MODEL.__table__.c.keys())
    for name, field in type_.fields.items():
        resolver = ours(field).base_resolver
        needed = resolver.wrapped_func.reads if resolver else (ours(field).python_name,)
        assert set(needed) <= columns, name


def test_the_rules_above_see_stored_types() -> None:
    known = {"File", "Folder", "Collection", "CollectionPlace", "FilterPreset"}
    assert known <= {type_.name for type_ in STORED}
