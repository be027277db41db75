"""Computes what is stored of a client-metadata document beside the raw document itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.metadata import frames, values
from app.metadata.expressions import attribute
from app.metadata.kinds import LiveType, Scalar, ScalarKind
from app.metadata.structure import Schema
from app.metadata.values import Caster, Mismatch

Vector = list[float]


@dataclass(frozen=True, slots=True)
class TypeErrorNote:
    """A value that does not fit its key and counts as missing; `frame` if it is one frame's."""

    number: int
    key: str
    found: str
    frame: int | None = None


@dataclass(frozen=True, slots=True)
class Indexed:
    """The typed values of one document, by key number."""

    attrs: dict[str, bool | int | float | str] = field(default_factory=dict)
    """The small typed document, `{"k12": 0.5}`."""
    texts: list[tuple[int, str]] = field(default_factory=list)
    """Whole texts, for full-text search."""
    embeddings: list[tuple[int, int | None, Vector]] = field(default_factory=list)
    """Key number, frame (None: the file itself), vector. A key has a frame at most once."""
    errors: list[TypeErrorNote] = field(default_factory=list)
    """At most two for a key: the file's own value, and the first frame that is wrong."""


@dataclass(frozen=True, slots=True)
class Column:
    """A living key, ready to be cast."""

    number: int
    name: str
    is_text: bool
    cast: Caster


@dataclass(frozen=True, slots=True)
class Indexer:
    """A schema, ready for many documents: see `prepare`."""

    columns: Mapping[str, Column]

    def index(
        self, document: Mapping[str, object], frames_per_second: float | None = None
    ) -> Indexed:
        """Cast what the schema knows. `frames_per_second` serves positions given in seconds."""
        indexed = Indexed()
        for key, value in document.items():
            column = self.columns.get(key)
            if column is not None:
                _place(indexed, key, column, value)
        if frames.RESERVED in document:
            self._index_frames(indexed, document, frames_per_second)
        return indexed

    def _index_frames(
        self, indexed: Indexed, document: Mapping[str, object], frames_per_second: float | None
    ) -> None:
        vectors: dict[tuple[int, int], Vector] = {}
        mistaken: dict[str, TypeErrorNote] = {}
        for frame, metadata in frames.described_frames(document, frames_per_second):
            for key, value in metadata.items():
                column = self.columns.get(key)
                found = None if column is None else column.cast(value)
                if column is None or found is None:
                    continue
                if isinstance(found, list):
                    vectors[column.number, frame] = found
                elif isinstance(found, Mismatch) and key not in mistaken:
                    mistaken[key] = TypeErrorNote(column.number, key, found.found, frame)
        indexed.embeddings.extend((number, frame, v) for (number, frame), v in vectors.items())
        indexed.errors.extend(mistaken.values())


def prepare(schema: Schema) -> Indexer:
    """Compile the schema, once for many documents."""
    columns = {}
    for key, entry in schema.entries.items():
        type_ = schema.type_of(key)
        if type_ is not None:
            columns[key] = _column(entry.number, type_)
    return Indexer(columns)


def _column(number: int, type_: LiveType) -> Column:
    is_text = type_ == Scalar(ScalarKind.TEXT)
    return Column(number, attribute(number), is_text, values.caster(type_))


def _place(indexed: Indexed, key: str, column: Column, value: object) -> None:
    found = column.cast(value)
    if found is None:
        return
    if isinstance(found, Mismatch):
        indexed.errors.append(TypeErrorNote(column.number, key, found.found))
    elif isinstance(found, list):
        indexed.embeddings.append((column.number, None, found))
    elif column.is_text and isinstance(found, str):
        indexed.texts.append((column.number, found))
    else:
        indexed.attrs[column.name] = found
