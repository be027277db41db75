"""Filters at random, over the values that the files of the shelf have, and some that none has."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from app.core.clock import new_id
from app.files.comparisons import ChoiceTest, IdTest, RangeTest, TextTest
from app.files.models import FileType, StorageLocation
from app.search.filters import FileFilter, MetadataTest, PlaceTest
from tests.app.search.shelf import NUMBERS, OPTIONS, TAGS, TEXTS, UUIDS, WORDS, Shelf, instant

FLAG = st.booleans()


def some(kind: Any, **members: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """A test of this kind with one or two of its members; lists for `in_` and `not_in`."""
    one = st.sampled_from(sorted(members)).flatmap(
        lambda name: st.fixed_dictionaries({name: members[name]})
    )
    both = st.tuples(one, one).map(lambda pair: {**pair[0], **pair[1]})
    return st.one_of(one, one, both).map(lambda given: kind(**given))


def lists(values: SearchStrategy[Any]) -> SearchStrategy[list[Any]]:
    return st.lists(values, max_size=3)


def ids(values: list[Any]) -> SearchStrategy[Any]:
    value = st.sampled_from([*values, new_id()])
    return some(IdTest, eq=value, in_=lists(value), not_in=lists(value), is_null=FLAG)


def texts(values: list[str]) -> SearchStrategy[Any]:
    value = st.sampled_from(values)
    part = st.one_of(value, st.sampled_from(["", "a", "É", "_", "%", "\\", "zz"]))
    members = {
        "eq": value,
        "ne": value,
        "in_": lists(value),
        "not_in": lists(value),
        "contains": part,
        "starts_with": part,
        "is_null": FLAG,
    }
    tests = some(lambda **given: given, **members)
    return st.builds(lambda given, fold: TextTest(**given, ignore_case=fold), tests, FLAG)


def choices(kind: Any) -> SearchStrategy[Any]:
    value = st.sampled_from(list(kind))
    return some(ChoiceTest, eq=value, ne=value, in_=lists(value), not_in=lists(value))


def ranges(values: list[Any]) -> SearchStrategy[Any]:
    value = st.sampled_from(values)
    names = ("eq", "ne", "gt", "gte", "lt", "lte")
    return some(RangeTest, in_=lists(value), is_null=FLAG, **dict.fromkeys(names, value))


def metadata() -> SearchStrategy[MetadataTest]:
    instants = ranges([instant(number) for number in range(6)])
    option = st.sampled_from(OPTIONS)
    members = {"eq": option, "ne": option, "in_": lists(option), "not_in": lists(option)}
    words = st.lists(st.sampled_from([*WORDS, "cat"]), max_size=2).map(" ".join)
    uuid = texts([*UUIDS, UUIDS[1].upper()])
    fitting: dict[str, dict[str, Any]] = {
        "number": {"number": ranges([*NUMBERS, 7])},
        "boolean": {"flag": FLAG},
        "datetime": {"instant": instants},
        "uuid": {"text": uuid},
        "varchar": {"text": texts([*TEXTS, "x" * 512])},
        "text": {"words": words},
        "enum": {"text": some(TextTest, is_null=FLAG, **members)},
    }
    # exactly one member, as the API has it
    each = [
        st.builds(MetadataTest, key=st.just(key), **{name: test})
        for key, members in fitting.items()
        for name, test in (*members.items(), ("exists", FLAG))
    ]
    return st.one_of(each)


def leaves(shelf: Shelf) -> SearchStrategy[FileFilter]:
    """Trees without trees in them."""
    instants = ranges([instant(number) for number in range(6)])
    place = st.builds(
        PlaceTest,
        folder_id=st.sampled_from([folder.id for folder in shelf.folders]),
        is_recursive=FLAG,
    )
    members = {
        "id": ids([file.row.id for file in shelf.files[:5]]),
        "name": texts(TEXTS),
        "type": choices(FileType),
        "folder": place,
        "folder_tags": lists(st.sampled_from([*TAGS, "unknown"])),
        "collection_id": ids(shelf.collections),
        "byte_size": ranges([0, 1, 2**40, 2**50]),
        "width": ranges([1, 2, 3, 2**50]),
        "height": ranges([1, 2, 3]),
        "fps": ranges([0.5, 1.0, 25.0]),
        "duration_seconds": ranges([0.5, 1.0, 60.0]),
        "frame_count": ranges([0, 1, 2**40]),
        "created_at": instants,
        "updated_at": instants,
        "created_by": ids([shelf.person.user_id]),
        "mime_type": texts(["image/png", "video/mp4"]),
        "storage_location": choices(StorageLocation),
        "integration_id": ids([]),
        "is_component": FLAG,
    }
    tests = st.lists(metadata(), max_size=2)
    builtin = some(lambda **given: given, **members)
    return st.one_of(
        builtin.map(lambda given: FileFilter(**given)),
        tests.map(lambda given: FileFilter(metadata=given)),
        st.builds(lambda given, more: FileFilter(**given, metadata=more), builtin, tests),
    )


def trees(shelf: Shelf, levels: int = 4) -> SearchStrategy[FileFilter]:
    """Trees of at most so many levels."""
    found = leaves(shelf)
    for _ in range(levels - 1):
        below, leaf = found, leaves(shelf)
        several = st.lists(below, max_size=3)
        found = st.one_of(
            leaf,
            several.map(lambda given: FileFilter(and_=given)),
            several.map(lambda given: FileFilter(or_=given)),
            below.map(lambda given: FileFilter(not_=given)),
            st.builds(lambda a, b: FileFilter(or_=[a, b], not_=a), below, leaf),
        )
    return found
