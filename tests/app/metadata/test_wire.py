"""Key types and their JSON form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid, TooLarge
from app.metadata import kinds
from app.metadata.kinds import Embedding, Enumeration, Geospatial, Scalar, ScalarKind, Tombstone
from app.metadata.wire import from_wire, to_wire

NUMBER = Scalar(ScalarKind.NUMBER)

options = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
live_types = st.one_of(
    st.builds(Scalar, st.sampled_from(ScalarKind)),
    options.filter(bool).map(kinds.enumeration),
    st.integers(1, 4096).map(kinds.embedding),
    st.just(Geospatial()),
)
key_types = live_types | st.builds(Tombstone, st.none() | live_types)


@pytest.mark.parametrize(
    ("type_", "document"),
    [
        (Scalar(ScalarKind.VARCHAR), {"ty": "variant", "hint": "varchar"}),
        (Scalar(ScalarKind.DATETIME), {"ty": "variant", "hint": "datetime"}),
        (Enumeration(("rain", "sunny")), {"ty": "enum", "values": ["rain", "sunny"]}),
        (Embedding(512), {"ty": "embedding", "size": 512, "api": None}),
        (Geospatial(), {"ty": "geospatial"}),
        (
            Tombstone(NUMBER),
            {"ty": "tombstone", "deleted_ty": {"ty": "variant", "hint": "number"}},
        ),
        (Tombstone(None), {"ty": "tombstone", "deleted_ty": None}),
    ],
)
def test_each_type_has_one_json_form(type_, document):
    assert to_wire(type_) == document
    assert from_wire(document) == type_


@given(key_types)
def test_a_type_comes_back_equal(type_):
    assert from_wire(to_wire(type_)) == type_


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"ty": "variant"}, "text"),
        ({"ty": "variant", "hint": "string"}, "varchar"),
        ({"ty": "variant", "hint": "long_string"}, "text"),
        ({"ty": "number", "format": "F64"}, "number"),
        ({"ty": "boolean"}, "boolean"),
        ({"ty": "varchar", "max_length": 8192}, "varchar"),
        ({"ty": "datetime", "timezone": "UTC"}, "datetime"),
        ({"ty": "text"}, "text"),
        ({"ty": "uuid"}, "uuid"),
    ],
)
def test_other_spellings_are_read_and_never_written(document, kind):
    assert to_wire(from_wire(document)) == {"ty": "variant", "hint": kind}


def test_options_are_sorted_by_code_point_and_counted_once():
    assert from_wire({"ty": "enum", "values": ["b", "a", "B", "a"]}) == Enumeration(("B", "a", "b"))


def test_the_encoder_settings_of_another_server_are_not_kept():
    document = {"ty": "embedding", "size": 2, "api": {"url": "https://encoder.example"}}
    assert to_wire(from_wire(document)) == {"ty": "embedding", "size": 2, "api": None}


@pytest.mark.parametrize(
    ("document", "field", "rule"),
    [
        (None, (), "object that names itself"),
        ("number", (), "object that names itself"),
        ({}, (), "object that names itself"),
        ({"ty": 1}, (), "object that names itself"),
        ({"ty": "user"}, ("ty",), "'user' is no key type"),
        ({"ty": "variant", "hnt": "number"}, ("hnt",), "has no member 'hnt'"),
        ({"ty": "variant", "hint": "enum"}, ("hint",), "'enum' is no scalar type"),
        ({"ty": "variant", "hint": None}, ("hint",), "name of a scalar type"),
        ({"ty": "enum"}, ("values",), "a list of strings"),
        ({"ty": "enum", "values": "ab"}, ("values",), "a list of strings"),
        ({"ty": "enum", "values": ["a", 1]}, ("values",), "a list of strings"),
        ({"ty": "enum", "values": []}, ("values",), "at least one value"),
        ({"ty": "enum", "values": ["a", ""]}, ("values", 1), "not empty"),
        ({"ty": "enum", "values": ["a\0"]}, ("values", 0), r"U\+0000"),
        ({"ty": "enum", "values": ["\udc00"]}, ("values", 0), "surrogate"),
        ({"ty": "embedding"}, ("size",), "whole number"),
        ({"ty": "embedding", "size": 2.0}, ("size",), "whole number"),
        ({"ty": "embedding", "size": True}, ("size",), "whole number"),
        ({"ty": "embedding", "size": 0}, ("size",), "1 to 4096"),
        ({"ty": "embedding", "size": 4097}, ("size",), "1 to 4096"),
        ({"ty": "tombstone"}, (), "says in `deleted_ty`"),
        ({"ty": "tombstone", "deleted_ty": 1}, ("deleted_ty",), "names itself"),
        (
            {"ty": "tombstone", "deleted_ty": {"ty": "tombstone", "deleted_ty": None}},
            ("deleted_ty", "ty"),
            "type that can live",
        ),
    ],
)
def test_what_is_no_type_is_refused_where_it_stands(document, field, rule):
    with pytest.raises(Invalid, match=rule) as refusal:
        from_wire(document, field=("here",))
    assert refusal.value.field == ("here", *field)


@pytest.mark.parametrize(
    ("values", "figure"),
    [([str(i) for i in range(257)], "these are 257"), (["a" * 8193], "this one has 8193")],
)
def test_an_enumeration_over_its_limits_is_too_large(values, figure):
    with pytest.raises(TooLarge, match=figure):
        kinds.enumeration(values)


def test_an_enumeration_at_its_limits_is_taken():
    values = [str(i) for i in range(255)] * 2 + ["a" * 8192]
    assert len(kinds.enumeration(values).values) == 256
