"""What is stored of a document beside the document."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.metadata import structure
from app.metadata.indexer import Indexed, TypeErrorNote, prepare
from app.metadata.structure import Schema

SCHEMA = structure.replace(
    Schema(),
    {
        "score": {"ty": "variant", "hint": "number"},
        "taken": {"ty": "variant", "hint": "datetime"},
        "weather": {"ty": "enum", "values": ["rain", "sunny"]},
        "story": {"ty": "variant", "hint": "text"},
        "clip": {"ty": "embedding", "size": 2, "api": None},
        "place": {"ty": "geospatial"},
        "old": {"ty": "tombstone", "deleted_ty": {"ty": "variant", "hint": "number"}},
        "video.scene": {"ty": "variant", "hint": "varchar"},
    },
).schema
SCORE, TAKEN, WEATHER, STORY, CLIP, _PLACE, _OLD, SCENE = range(1, 9)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def indexer():
    return prepare(SCHEMA)


def test_every_kind_of_value_goes_to_its_place(indexer):
    document = {
        "score": 3,
        "taken": "1970-01-01T00:00:01Z",
        "weather": "rain",
        "story": "It rained.",
        "clip": [1, 2],
        "place": {"lat": 1},
        "old": 4,
        "video.scene": "night",
        "video": {"scene": "a period is no path"},
        "unknown": [1],
    }
    assert indexer.index(document) == Indexed(
        attrs={"k1": 3.0, "k2": 1_000_000, "k3": "rain", "k8": "night"},
        texts=[(STORY, "It rained.")],
        embeddings=[(CLIP, None, [1.0, 2.0])],
        errors=[],
    )


def test_a_value_that_does_not_fit_is_left_out_and_reported(indexer):
    indexed = indexer.index({"score": "n/a", "weather": "rain", "story": 1, "clip": [0, 0]})
    assert indexed.attrs == {"k3": "rain"}
    assert indexed.texts == indexed.embeddings == []
    assert [(e.number, e.key, e.frame) for e in indexed.errors] == [
        (SCORE, "score", None),
        (STORY, "story", None),
        (CLIP, "clip", None),
    ]
    assert indexed.errors[0].found == 'Expected a number; found the text "n/a".'


def test_null_and_absence_are_the_same(indexer):
    assert indexer.index({"score": None, "clip": None}) == indexer.index({}) == Indexed()


def test_frames_carry_embeddings_and_nothing_else(indexer):
    frames = {"13": {}, "149": {"clip": [1, 2], "score": 5, "story": "!"}, "307": {"clip": [3, 4]}}
    assert indexer.index({"clip": [5, 6], "$encord": {"frames": frames}}) == Indexed(
        embeddings=[
            (CLIP, None, [5.0, 6.0]),
            (CLIP, 149, [1.0, 2.0]),
            (CLIP, 307, [3.0, 4.0]),
        ]
    )


def test_the_first_wrong_frame_of_each_key_is_named(indexer):
    frames = {"1": {"score": 1}, "2": {"score": "x", "clip": [1]}, "3": {"score": "y"}}
    indexed = indexer.index({"score": "z", "$encord": {"frames": frames}})
    assert indexed.errors == [
        TypeErrorNote(SCORE, "score", 'Expected a number; found the text "z".'),
        TypeErrorNote(SCORE, "score", 'Expected a number; found the text "x".', 2),
        TypeErrorNote(CLIP, "clip", "Expected a list of 2 numbers; found a list of 1.", 2),
    ]


def test_a_frame_named_twice_has_its_last_vector(indexer):
    config = {"keyframe_mode": "seconds"}
    frames = {"1.0": {"clip": [1, 2]}, "1.01": {"clip": [3, 4]}}
    indexed = indexer.index({"$encord": {"config": config, "frames": frames}}, 25.0)
    assert indexed.embeddings == [(CLIP, 25, [3.0, 4.0])]


def test_a_key_is_read_under_its_present_number():
    schema = structure.delete_key(SCHEMA, "score", hard=False).schema
    assert prepare(schema).index({"score": 1}) == Indexed()
    restored = structure.restore_key(schema, "score").schema
    number = restored.entries["score"].number
    assert prepare(restored).index({"score": 1}).attrs == {f"k{number}": 1.0}


@given(st.dictionaries(st.sampled_from([*SCHEMA.entries, "other", "$encord"]), json_values))
def test_every_value_of_a_living_key_is_typed_or_reported(document):
    indexed = prepare(SCHEMA).index(document)
    told = {*indexed.attrs, *(f"k{number}" for number, _ in indexed.texts)}
    told |= {f"k{number}" for number, _, _ in indexed.embeddings}
    told |= {f"k{error.number}" for error in indexed.errors}
    values = {key: value for key, value in document.items() if value is not None}
    living = SCHEMA.live().items()
    assert told == {f"k{e.number}" for key, e in living if key in values and key != "place"}
