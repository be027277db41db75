"""What holds of a metadata schema after any operations in any order."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from app.core.errors import Refused
from app.metadata import structure
from app.metadata.kinds import Enumeration, ScalarKind, Tombstone
from app.metadata.structure import Change, Schema

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
        changed = {key for key in after.entries if before.type_of(key) != after.type_of(key)}
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
