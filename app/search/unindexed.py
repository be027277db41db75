"""What of a filter no index can serve, in sentences. Pure."""

from collections.abc import Iterator

from app.files.comparisons import TextTest
from app.metadata.kinds import Embedding, Scalar, ScalarKind
from app.search import filters
from app.search.filters import FileFilter, MetadataTest
from app.search.keys import Keys
from app.search.names import MOST_IN_ANY_CASE

SHORTEST_PART = 3
"""Characters of a part of a text that an index can find."""
_VARCHAR, _UUID, _TEXT = map(Scalar, (ScalarKind.VARCHAR, ScalarKind.UUID, ScalarKind.TEXT))


def sentences(tree: FileFilter, keys: Keys) -> Iterator[str]:
    """One for each fault, and what to ask instead."""
    found = dict[str, None]()
    for _, branch in filters.branches(tree):
        found.update(dict.fromkeys(_of_texts("names", branch.name)))
        found.update(dict.fromkeys(_of_media_types(branch.mime_type)))
        for test in branch.metadata or ():
            found.update(dict.fromkeys(_of_key(test, keys)))
    yield from found


def negations(tree: FileFilter) -> Iterator[str]:
    """A sentence if the filter says what files are not."""
    if any(_denies(branch) for _, branch in filters.branches(tree)):
        yield (
            "No index leads to what something is not: for `not`, `ne` and `notIn` files are looked at one after"
            " the other."
        )


def _denies(branch: FileFilter) -> bool:
    members = (getattr(branch, name) for name in FileFilter.__dataclass_fields__)
    of_keys = (
        getattr(test, name)
        for test in branch.metadata or ()
        for name in ("text", "number", "instant")
    )
    tests = [branch.not_, *members, *of_keys]
    return branch.not_ is not None or any(
        getattr(test, name, None) is not None for test in tests for name in ("ne", "not_in")
    )


def _of_texts(told: str, test: TextTest | None) -> Iterator[str]:
    if test is None:
        return
    if test.contains is not None and len(test.contains) < SHORTEST_PART:
        yield (
            f"`{test.contains}` is too short for the index of parts of {told}: from {SHORTEST_PART} characters on"
            " it is used."
        )
    longest = max(len(test.in_ or ()), len(test.not_in or ()))
    if test.ignore_case and longest > MOST_IN_ANY_CASE:
        yield (
            f"The index of {told} in any case serves lists of up to {MOST_IN_ANY_CASE} texts; this one has"
            f" {longest:,}."
        )


def _of_media_types(test: TextTest | None) -> Iterator[str]:
    if test is not None and (test.contains is not None or test.ignore_case):
        yield (
            "Parts of media types, and media types in any case, have no index: a whole one, or its beginning as it"
            " is written, has."
        )


def _of_key(test: MetadataTest, keys: Keys) -> Iterator[str]:
    type_ = keys.by_name[test.key].type
    if type_ == _VARCHAR:
        yield from _of_texts(f"`{test.key}`", test.text)
    if type_ == _UUID and test.text is not None and test.text.contains is not None:
        yield f"Parts of UUIDs have no index: a whole one of `{test.key}`, or its beginning, has."
    if isinstance(type_, Embedding) and test.exists is False:
        yield f"Which files have no vector of `{test.key}` is told by no index: each is looked up."
    if type_ == _TEXT and test.exists is False:
        yield f"No index knows which files lack a text such as `{test.key}`."
