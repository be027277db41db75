"""What may be done to a metadata schema."""

from functools import partial

import pytest

from app.core.errors import AlreadyExists, Conflict, Invalid, NotFound, TooLarge
from app.metadata import structure
from app.metadata.kinds import Embedding, Enumeration, Geospatial, Scalar, ScalarKind, Tombstone
from app.metadata.structure import Change, Entry, Schema

NUMBER, VARCHAR = Scalar(ScalarKind.NUMBER), Scalar(ScalarKind.VARCHAR)
WEATHER = Enumeration(("rain", "sunny"))

ADD_ENUM = partial(structure.add_enum, key="k", values=["sunny", "rain"])
ADD_EMBEDDING = partial(structure.add_embedding, key="k", size=3)
ADD_GEOSPATIAL = partial(structure.add_geospatial, key="k")
ADD_SCALAR = partial(structure.add_scalar, key="k", kind=ScalarKind.NUMBER)
ADD_OPTIONS = partial(structure.add_enum_options, key="k", values=["fog"])
SOFT = partial(structure.delete_key, key="k", hard=False)
HARD = partial(structure.delete_key, key="k", hard=True)
RESTORE = partial(structure.restore_key, key="k")
EVERY = [ADD_ENUM, ADD_EMBEDDING, ADD_GEOSPATIAL, ADD_SCALAR, ADD_OPTIONS, SOFT, HARD, RESTORE]


def holding(type_) -> Schema:
    """A schema whose key `k` has number 1."""
    return Schema({"k": Entry(1, type_)}, 2)


@pytest.mark.parametrize(
    ("operation", "before", "after", "retired"),
    [
        (ADD_ENUM, None, Entry(1, WEATHER), set()),
        (ADD_EMBEDDING, None, Entry(1, Embedding(3)), set()),
        (ADD_GEOSPATIAL, None, Entry(1, Geospatial()), set()),
        (ADD_SCALAR, None, Entry(1, NUMBER), set()),
        (ADD_SCALAR, VARCHAR, Entry(2, NUMBER), {1}),
        (ADD_SCALAR, Tombstone(NUMBER), Entry(2, NUMBER), set()),
        (ADD_SCALAR, Tombstone(VARCHAR), Entry(2, NUMBER), set()),
        (ADD_OPTIONS, WEATHER, Entry(1, Enumeration(("fog", "rain", "sunny"))), set()),
        (SOFT, WEATHER, Entry(1, Tombstone(WEATHER)), {1}),
        (HARD, NUMBER, Entry(1, Tombstone(None)), {1}),
        (RESTORE, Tombstone(WEATHER), Entry(2, WEATHER), set()),
    ],
)
def test_an_allowed_operation_changes_one_key_and_names_it(operation, before, after, retired):
    change = operation(Schema() if before is None else holding(before))
    assert change.schema.entries == {"k": after}
    assert change.reindex == {"k"}
    assert change.retired == retired


@pytest.mark.parametrize(
    ("operation", "before"),
    [
        (ADD_SCALAR, NUMBER),
        (partial(structure.add_enum_options, key="k", values=["rain"]), WEATHER),
    ],
)
def test_saying_what_is_so_already_changes_nothing(operation, before):
    schema = holding(before)
    assert operation(schema) == Change(schema, frozenset(), frozenset())


@pytest.mark.parametrize(
    ("operation", "before", "error", "fact"),
    [
        *(
            (operation, before, AlreadyExists, "already defined")
            for operation in (ADD_ENUM, ADD_EMBEDDING, ADD_GEOSPATIAL)
            for before in (WEATHER, Embedding(3), Geospatial(), NUMBER)
        ),
        *(
            (operation, before, AlreadyExists, "keeps its name")
            for operation in (ADD_ENUM, ADD_EMBEDDING, ADD_GEOSPATIAL)
            for before in (Tombstone(WEATHER), Tombstone(None))
        ),
        (ADD_SCALAR, WEATHER, AlreadyExists, "already defined"),
        (ADD_SCALAR, Embedding(3), AlreadyExists, "already defined"),
        (ADD_SCALAR, Geospatial(), AlreadyExists, "already defined"),
        (ADD_SCALAR, Tombstone(WEATHER), Conflict, "cannot come back with this type"),
        (ADD_SCALAR, Tombstone(None), Conflict, "deleted for good"),
        (ADD_OPTIONS, None, NotFound, "not defined"),
        (ADD_OPTIONS, NUMBER, Conflict, "no enumeration"),
        (ADD_OPTIONS, Tombstone(WEATHER), Conflict, "no enumeration"),
        (
            ADD_OPTIONS,
            Enumeration(tuple(sorted(map(str, range(256))))),
            TooLarge,
            "these are 257",
        ),
        (partial(structure.add_enum_options, key="k", values=[]), WEATHER, Invalid, "at least one"),
        (partial(structure.add_embedding, key="k", size=4097), None, Invalid, "1 to 4096"),
        (SOFT, None, NotFound, "not defined"),
        (HARD, None, NotFound, "not defined"),
        (SOFT, Tombstone(NUMBER), Conflict, "deleted already"),
        (HARD, Tombstone(NUMBER), Conflict, "deleted already"),
        (HARD, Tombstone(None), Conflict, "deleted already"),
        (RESTORE, None, NotFound, "not defined"),
        (RESTORE, NUMBER, Conflict, "is not deleted"),
        (RESTORE, Tombstone(None), Conflict, "deleted for good"),
    ],
)
def test_what_the_rules_do_not_allow_is_refused_with_the_reason(operation, before, error, fact):
    with pytest.raises(error, match=fact):
        operation(Schema() if before is None else holding(before))


@pytest.mark.parametrize("operation", EVERY)
def test_every_operation_refuses_a_name_that_cannot_be_a_key(operation):
    with pytest.raises(Invalid, match="reserved"):
        operation(Schema(), key="key-frames")


def test_a_tombstone_is_a_key_without_a_type_that_people_do_not_see():
    schema = SOFT(holding(NUMBER)).schema
    assert list(schema.entries) == ["k"]
    assert schema.live() == {}
    assert schema.type_of("k") is None


def test_an_import_gives_a_wrong_key_its_right_type():
    change = structure.replace(holding(VARCHAR), {"k": {"ty": "variant", "hint": "number"}})
    assert change.schema.entries == {"k": Entry(2, NUMBER)}
    assert (change.reindex, change.retired) == ({"k"}, {1})


def test_an_import_softly_deletes_what_it_does_not_name_and_frees_no_name():
    before = Schema({"k": Entry(1, WEATHER), "gone": Entry(2, Tombstone(None))}, 3)
    change = structure.replace(before, {"new": {"ty": "geospatial"}})
    assert change.schema.entries == {
        "k": Entry(1, Tombstone(WEATHER)),
        "gone": Entry(2, Tombstone(None)),
        "new": Entry(3, Geospatial()),
    }
    assert (change.reindex, change.retired) == ({"k", "new"}, {1})


@pytest.mark.parametrize(
    ("before", "document", "after"),
    [
        (WEATHER, {"ty": "enum", "values": ["fog", "rain", "sunny"]}, 1),
        (WEATHER, {"ty": "enum", "values": ["rain"]}, 2),
        (Embedding(3), {"ty": "embedding", "size": 4}, 2),
        (Embedding(3), {"ty": "embedding", "size": 3}, 1),
        (WEATHER, {"ty": "tombstone", "deleted_ty": None}, 1),
    ],
)
def test_a_key_keeps_its_number_only_while_its_values_keep_their_meaning(before, document, after):
    assert structure.replace(holding(before), {"k": document}).schema.entries["k"].number == after


@pytest.mark.parametrize(
    ("before", "document"),
    [
        (Tombstone(WEATHER), {"ty": "enum", "values": ["rain", "sunny"]}),
        (Tombstone(NUMBER), {"ty": "variant", "hint": "text"}),
        (Tombstone(WEATHER), {"ty": "tombstone", "deleted_ty": None}),
        (Tombstone(None), {"ty": "tombstone", "deleted_ty": None}),
    ],
)
def test_an_import_brings_a_tombstone_back_as_it_was_or_ends_it(before, document):
    schema = structure.replace(holding(before), {"k": document}).schema
    if document["ty"] == "tombstone":
        assert schema.entries["k"] == Entry(1, Tombstone(None))
    else:
        assert structure.to_document(schema) == {"k": document}


@pytest.mark.parametrize(
    ("before", "document", "fact"),
    [
        (Tombstone(WEATHER), {"ty": "enum", "values": ["fog"]}, "cannot come back"),
        (Tombstone(NUMBER), {"ty": "geospatial"}, "cannot come back"),
        (Tombstone(None), {"ty": "variant", "hint": "number"}, "for good"),
        (
            Tombstone(None),
            {"ty": "tombstone", "deleted_ty": {"ty": "variant", "hint": "number"}},
            "for good",
        ),
    ],
)
def test_an_import_cannot_take_the_name_of_a_deleted_key(before, document, fact):
    with pytest.raises(Conflict, match=fact) as refusal:
        structure.replace(holding(before), {"k": document})
    assert refusal.value.field == ("document", "k")


def test_an_import_says_where_its_document_is_wrong():
    with pytest.raises(Invalid) as refusal:
        structure.replace(Schema(), {"a": {"ty": "geospatial"}, "b": {"ty": "enum", "values": []}})
    assert refusal.value.field == ("document", "b", "values")
    with pytest.raises(Invalid, match="does not start with"):
        structure.replace(Schema(), {"$encord": {"ty": "geospatial"}})
