"""The metadata schema of an organisation as a value, and what may be done to it.

Every operation gives a new schema and says what has to be indexed again. A name is never freed: a
deleted key stays as a tombstone. A number stands for the values of one key under one type, and
whoever changes type or comes back from the dead takes a fresh one: what is still stored under the
old number can never be read as something else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.core.errors import AlreadyExists, Conflict, NotFound, Path
from app.metadata import kinds, wire
from app.metadata.keys import check_key
from app.metadata.kinds import Enumeration, KeyType, LiveType, Scalar, ScalarKind, Tombstone


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a schema. Its values are named `k{number}` in the typed document of a file."""

    number: int
    type: KeyType


@dataclass(frozen=True, slots=True)
class Schema:
    """All keys, deleted ones too. `next_number` is above every number that was ever given."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    next_number: int = 1

    def live(self) -> dict[str, Entry]:
        """What people see: the keys that are not deleted."""
        return {key: entry for key, entry in self.entries.items() if _alive(entry) is not None}

    def type_of(self, key: str) -> LiveType | None:
        """None if there is no such key or it is deleted."""
        return _alive(self.entries.get(key))


@dataclass(frozen=True, slots=True)
class Change:
    """What an operation did."""

    schema: Schema
    reindex: frozenset[str]
    """Keys that were added, restored, removed or have another type: cast their values again."""
    retired: frozenset[int]
    """Numbers that nobody reads any more: drop their indexes, strip their values at leisure."""


def add_scalar(schema: Schema, key: str, kind: ScalarKind) -> Change:
    """Add a scalar; or set the kind of one that is there, or was there and is softly deleted."""
    old = _find(schema, key)
    if isinstance(old, Tombstone):
        _check_return(key, old, Scalar(kind))
    elif old is not None and not isinstance(old, Scalar):
        raise _already_defined(key)
    return _put(schema, {key: Scalar(kind)})


def add_enum(schema: Schema, key: str, values: Sequence[str]) -> Change:
    """Add an enumeration of these values."""
    return _add(schema, key, kinds.enumeration(values))


def add_embedding(schema: Schema, key: str, size: int) -> Change:
    """Add a vector of `size` numbers."""
    return _add(schema, key, kinds.embedding(size))


def add_geospatial(schema: Schema, key: str) -> Change:
    """Add coordinates."""
    return _add(schema, key, kinds.Geospatial())


def add_enum_options(schema: Schema, key: str, values: Sequence[str]) -> Change:
    """Let the enumeration have these values too; those that it has already change nothing."""
    old = _find(schema, key)
    if old is None:
        raise _not_defined(key)
    if not isinstance(old, Enumeration):
        raise Conflict(f"`{key}` is no enumeration; only that can have options.", field=("key",))
    added = kinds.enumeration(values)
    return _put(schema, {key: kinds.enumeration((*old.values, *added.values))})


def delete_key(schema: Schema, key: str, *, hard: bool) -> Change:
    """Delete a key; a hard deletion is for good, nobody can use the name again."""
    old = _find(schema, key)
    if old is None:
        raise _not_defined(key)
    if isinstance(old, Tombstone):
        raise Conflict(f"`{key}` is deleted already.", field=("key",))
    return _put(schema, {key: Tombstone(None if hard else old)})


def restore_key(schema: Schema, key: str) -> Change:
    """Bring a softly deleted key back as what it was."""
    old = _find(schema, key)
    if old is None:
        raise _not_defined(key)
    if not isinstance(old, Tombstone):
        raise Conflict(f"`{key}` is not deleted.", field=("key",))
    if old.deleted is None:
        raise _deleted_for_good(key)
    return _put(schema, {key: old.deleted})


def replace(schema: Schema, document: Mapping[str, object]) -> Change:
    """Import a whole schema from its JSON form; all of it or nothing.

    A key that lives takes the type that the document gives, whatever it was before: this is how a
    wrong schema is corrected. Nothing is lost by leaving it out: a living key that the document
    does not name is softly deleted and can be restored. Only a tombstone in the document deletes
    for good. Names of deleted keys stay taken: a soft tombstone comes back only as the type that
    it was, a scalar as any scalar, and a hard one never.
    """
    types: dict[str, KeyType] = {
        key: Tombstone(entry.type)
        for key, entry in schema.entries.items()
        if not isinstance(entry.type, Tombstone)
    }
    for key, member in document.items():
        place = ("document", key)
        check_key(key, field=place)
        types[key] = wire.from_wire(member, field=place)
        entry = schema.entries.get(key)
        if entry is not None and isinstance(entry.type, Tombstone):
            _check_return(key, entry.type, types[key], place)
    return _put(schema, types)


def to_document(schema: Schema) -> dict[str, dict[str, object]]:
    """The whole schema as JSON, tombstones too; what `replace` reads."""
    return {key: wire.to_wire(entry.type) for key, entry in schema.entries.items()}


def _find(schema: Schema, key: str) -> KeyType | None:
    check_key(key)
    entry = schema.entries.get(key)
    return None if entry is None else entry.type


def _add(schema: Schema, key: str, new: LiveType) -> Change:
    old = _find(schema, key)
    if isinstance(old, Tombstone):
        mend = "" if old.deleted is None else "restore it as it was, or "
        raise AlreadyExists(
            f"`{key}` was deleted and keeps its name; {mend}take another name.", field=("key",)
        )
    if old is not None:
        raise _already_defined(key)
    return _put(schema, {key: new})


def _check_return(key: str, old: Tombstone, new: KeyType, place: Path = ("key",)) -> None:
    """May the tombstone become this?"""
    if isinstance(new, Tombstone) and new.deleted is None:
        return
    if old.deleted is None:
        raise _deleted_for_good(key, place)
    wanted = new.deleted if isinstance(new, Tombstone) else new
    both_scalar = isinstance(wanted, Scalar) and isinstance(old.deleted, Scalar)
    if not both_scalar and wanted != old.deleted:
        raise Conflict(
            f"`{key}` was deleted and cannot come back with this type; restore it as it was,"
            " or take another name.",
            field=place,
        )


def _put(schema: Schema, types: Mapping[str, KeyType]) -> Change:
    entries, number = dict(schema.entries), schema.next_number
    for key, new in types.items():
        entries[key] = _entry(entries.get(key), new, number)
        number = max(number, entries[key].number + 1)
    after = Schema(entries, number)
    reindex = {key for key in types if schema.type_of(key) != after.type_of(key)}
    return Change(after, frozenset(reindex), frozenset(_numbers(schema) - _numbers(after)))


def _numbers(schema: Schema) -> set[int]:
    return {entry.number for entry in schema.live().values()}


def _entry(old: Entry | None, new: KeyType, fresh: int) -> Entry:
    """Values keep their meaning, and so their number, if there are none or only more options."""
    if old is None:
        return Entry(fresh, new)
    grown = (
        isinstance(old.type, Enumeration)
        and isinstance(new, Enumeration)
        and set(old.type.values) <= set(new.values)
    )
    same = old.type == new or isinstance(new, Tombstone)
    return Entry(old.number if same or grown else fresh, new)


def _alive(entry: Entry | None) -> LiveType | None:
    return None if entry is None or isinstance(entry.type, Tombstone) else entry.type


def _already_defined(key: str) -> AlreadyExists:
    return AlreadyExists(f"`{key}` is already defined; take another name.", field=("key",))


def _not_defined(key: str) -> NotFound:
    return NotFound(f"`{key}` is not defined.", field=("key",))


def _deleted_for_good(key: str, place: Path = ("key",)) -> Conflict:
    return Conflict(f"`{key}` was deleted for good; take another name.", field=place)
