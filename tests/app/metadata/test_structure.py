"""What may be done to a metadata schema."""

from functools import partial

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from app.core.errors import AlreadyExists, Conflict, Invalid, NotFound, Refused, TooLarge
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


names = st.sampled_from(["a", "b", "c.d"])
short_options = st.lists(st.sampled_from("uvwxyz"), min_size=1)
wire_types = st.one_of(
    st.sampled_from(ScalarKind).map(lambda kind: {"ty": "variant", "hint": kind.value}),
    short_options.map(lambda values: {"ty": "enum", "values": values}),
    st.integers(1, 3).map(lambda size: {"ty": "embedding", "size": size, "api": None}),
    st.just({"ty": "geospatial"}),
)
wire_members = wire_types | (st.none() | wire_types).map(
    lambda deleted: {"ty": "tombstone", "deleted_ty": deleted}
)


class SchemaLife(RuleBasedStateMachine):
    """Any operations in any order, refused or not."""

    def __init__(self):
        super().__init__()
        self.schema = Schema()
        self.meanings = {}  # number -> (key, type): what the values under it were cast to

    def attempt(self, operation, *arguments, **options):
        before = self.schema
        try:
            change = operation(before, *arguments, **options)
        except Refused:
            return
        self.schema = change.schema
        self.check(before, change)

    def check(self, before, change):
        after = change.schema
        changed = {
            key for key in after.entries if before.type_of(key) != after.type_of(key)
        }
        numbers = {entry.number for entry in after.live().values()}
        assert change.reindex == changed
        assert change.retired == {e.number for e in before.live().values()} - numbers
        assert list(after.entries)[: len(before.entries)] == list(before.entries)
        for key, entry in before.entries.items():
            if entry.type == Tombstone(None):
                assert after.entries[key] == entry

    @rule(key=names, kind=st.sampled_from(ScalarKind))
    def add_scalar(self, key, kind):
        self.attempt(structure.add_scalar, key, kind)

    @rule(key=names, values=short_options)
    def add_enum(self, key, values):
        self.attempt(structure.add_enum, key, values)

    @rule(key=names, values=short_options)
    def add_enum_options(self, key, values):
        self.attempt(structure.add_enum_options, key, values)

    @rule(key=names, size=st.integers(0, 3))
    def add_embedding(self, key, size):
        self.attempt(structure.add_embedding, key, size)

    @rule(key=names)
    def add_geospatial(self, key):
        self.attempt(structure.add_geospatial, key)

    @rule(key=names, hard=st.booleans())
    def delete_key(self, key, hard):
        self.attempt(structure.delete_key, key, hard=hard)

    @rule(key=names)
    def restore_key(self, key):
        self.attempt(structure.restore_key, key)

    @rule(document=st.dictionaries(names, wire_members))
    def replace(self, document):
        self.attempt(structure.replace, document)

    @invariant()
    def numbers_are_unique_and_below_the_next(self):
        numbers = [entry.number for entry in self.schema.entries.values()]
        assert len(set(numbers)) == len(numbers)
        assert all(0 < number < self.schema.next_number for number in numbers)

    @invariant()
    def a_number_stands_for_one_key_and_one_kind_of_values(self):
        for key, entry in self.schema.live().items():
            known_key, known = self.meanings.setdefault(entry.number, (key, entry.type))
            assert known_key == key
            if isinstance(known, Enumeration) and isinstance(entry.type, Enumeration):
                assert set(known.values) <= set(entry.type.values)
                self.meanings[entry.number] = (key, entry.type)
            else:
                assert known == entry.type

    @invariant()
    def people_see_the_keys_that_have_a_type(self):
        seen = {key for key in self.schema.entries if self.schema.type_of(key) is not None}
        assert set(self.schema.live()) == seen

    @invariant()
    def the_document_reads_back_as_the_same_schema(self):
        document = structure.to_document(self.schema)
        again = structure.replace(self.schema, document)
        assert again == Change(self.schema, frozenset(), frozenset())
        copy = structure.replace(Schema(), document).schema
        assert structure.to_document(copy) == document


TestSchemaLife = SchemaLife.TestCase
TestSchemaLife.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
