"""Filters of files as SQL on `file`: one flat condition, so that the planner may combine its indexes.

What depends on no file (folders below one, members of collections, words of texts) is a subquery of the
organisation alone: it is run once, not for each file.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Float,
    Text,
    Uuid,
    and_,
    column,
    false,
    literal_column,
    not_,
    or_,
    select,
    table,
    true,
)
from sqlalchemy.types import TypeEngine
from sqlmodel import col

from app.accounts.actor import Actor
from app.core.columns import Timestamp
from app.core.errors import Path
from app.files import operators
from app.files.models import FileText
from app.files.operators import Condition, TextOperators
from app.metadata.expressions import expression
from app.metadata.kinds import Embedding, Enumeration, Scalar, ScalarKind
from app.search import filters, names, places, predicates, prefixes, words
from app.search.filters import ARGUMENT, FileFilter, MetadataTest
from app.search.keys import Key, Keys
from app.search.places import FILE
from app.search.predicates import Fitted


def _same(column: Any, text: str, ignore_case: bool) -> Condition:
    return names.equals(column, text) if ignore_case else operators.equals(column, text, False)


def _begins(column: Any, text: str, ignore_case: bool) -> Condition:
    if ignore_case:
        return names.starts_with(column, text, ignore_case)
    return prefixes.starts_with(column, text, ignore_case)


def _one_of(column: Any, texts: Sequence[str], ignore_case: bool) -> Condition:
    return (names.among if ignore_case else operators.among_texts)(column, texts)


_RANGES = (
    ("byte_size", BigInteger()),
    ("width", BigInteger()),
    ("height", BigInteger()),
    ("fps", Float()),
    ("duration_seconds", Float()),
    ("frame_count", BigInteger()),
    ("created_at", Timestamp),
    ("updated_at", Timestamp),
)
_TEXTS = TextOperators(_same, names.contains, _begins, _one_of)
"""Of names, and of values of keys: those which their indexes can use."""
_TYPES: Mapping[ScalarKind, TypeEngine[Any]] = {
    ScalarKind.NUMBER: Float(),
    ScalarKind.DATETIME: Float(),
    ScalarKind.BOOLEAN: Boolean(),
}


def condition(actor: Actor, tree: FileFilter, keys: Keys, at: Path = ARGUMENT) -> Condition:
    """The filter as SQL on `file`. Parts of composites are left out unless the filter speaks of them.

    Raises Invalid, with the path of the fault below `at`, for what does not fit the keys or is out of bounds.
    """
    found = _of_file(filters.check(tree, at), actor, keys, at)
    return found if filters.speaks_of_parts(tree) else and_(found, FILE.is_component.is_(False))


def value_of(key: Key) -> Any:
    """The value of a key as it stands in the key's index. Raises ValueError for one that has none there."""
    if not isinstance(key.type, Scalar | Enumeration):
        raise ValueError(f"{key.name} has no value to compare")  # noqa: TRY004  its own type is right
    kind = key.type.kind if isinstance(key.type, Scalar) else ScalarKind.VARCHAR
    text = expression(key.type, key.number, column="file.attrs")
    return literal_column(text, _TYPES.get(kind, Text()))


def _of_file(tree: FileFilter, actor: Actor, keys: Keys, at: Path) -> Condition:
    parts = [*_plain(tree), *places.conditions(actor, tree), *_metadata(tree, keys, at)]
    for number, child in enumerate(tree.and_ or ()):
        parts.append(_of_file(child, actor, keys, (*at, "and", number)))
    if tree.or_ is not None:
        some = [_of_file(child, actor, keys, (*at, "or", n)) for n, child in enumerate(tree.or_)]
        parts.append(or_(~true(), *some))
    if tree.not_ is not None:
        parts.append(operators.is_not(_of_file(tree.not_, actor, keys, (*at, "not"))))
    return and_(true(), *parts)


def _plain(tree: FileFilter) -> Iterator[Condition]:
    """Tests of the file's own columns."""
    yield from operators.ids(FILE.id, tree.id)
    yield from operators.text(FILE.name, tree.name, _TEXTS)
    yield from operators.choice(FILE.type, tree.type)
    yield from operators.choice(FILE.storage_location, tree.storage_location)
    yield from operators.ids(FILE.created_by, tree.created_by)
    yield from operators.ids(FILE.integration_id, tree.integration_id)
    yield from operators.text(FILE.mime_type, tree.mime_type)
    for name, kind in _RANGES:
        yield from operators.bounds(FILE[name], getattr(tree, name), kind)
    if tree.is_component is not None:
        yield FILE.is_component.is_(tree.is_component)


def _metadata(tree: FileFilter, keys: Keys, at: Path) -> Iterator[Condition]:
    for number, test in enumerate(tree.metadata or ()):
        place = (*at, "metadata", number)
        key = keys.find(test.key, (*place, "key"))
        yield from _of_key(predicates.fitted(test, key, place), keys)


def _of_key(fitted: Fitted, keys: Keys) -> Iterator[Condition]:
    test, key = fitted.test, fitted.key
    if key.type == Scalar(ScalarKind.TEXT):
        yield from _of_text(test, key, keys)
        return
    if isinstance(key.type, Embedding):
        has_vectors = _has_vectors(key)
        yield has_vectors if test.exists else not_(has_vectors)
        return
    value = value_of(key)
    yield from operators.text(value, test.text, _TEXTS)
    yield from operators.bounds(value, test.number, Float())
    yield from operators.bounds(value, test.instant, Float())
    if test.flag is not None:
        yield value.is_(test.flag)
    if test.exists is not None:
        yield value.is_not(None) if test.exists else value.is_(None)


def _has_vectors(key: Key) -> Condition:
    """Whether the file, or a frame of it, has a vector."""
    if key.vectors is None:
        return false()
    held = table(key.vectors, column("file_id", Uuid)).alias(f"held_{key.number}")
    return select(literal_column("1")).where(held.c.file_id == FILE.id).exists()


def _of_text(test: MetadataTest, key: Key, keys: Keys) -> Iterator[Condition]:
    texts = select(col(FileText.file_id)).where(
        col(FileText.organisation_id) == keys.organisation_id
    )
    if test.words is not None:
        yield FILE.id.in_(texts.where(words.matches(key.number, test.words)))
    if test.exists is not None:
        held = FILE.id.in_(texts.where(col(FileText.key_number) == key.number))
        yield held if test.exists else not_(held)
