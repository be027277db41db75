"""Whether the metadata of files fits the schema: which keys have values, and which values are of another type."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CompoundSelect,
    Executable,
    Integer,
    Select,
    and_,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Mapped
from sqlmodel import col

from app.accounts.actor import Actor
from app.core.db import Session
from app.core.paging import Order
from app.files import access
from app.files.models import File, FileDocument, FileText, FileTypeError
from app.metadata import queries, wire
from app.metadata.expressions import attribute
from app.metadata.kinds import Embedding, Geospatial, KeyType, Scalar, ScalarKind, Tombstone
from app.metadata.models import MetadataKey

MOST_FILES = 200_000
"""How many files are looked at for their typed values."""
MOST_DOCUMENTS = 2_000
"""How many whole documents are, for values that lie nowhere else; a document may have 10 MiB."""
MOST_ERRORS = 10_000
"""Up to where files with a wrong value are counted, for each key."""

TYPE_ERRORS = Order[FileTypeError](
    columns=(col(FileTypeError.key_number), col(FileTypeError.file_id), col(FileTypeError.frame)),
)


@dataclass(frozen=True, slots=True)
class Count:
    """How many files; at least so many, if counting stopped before the end."""

    value: int = 0
    is_exact: bool = True


def type_errors(actor: Actor, numbers: Sequence[int]) -> Select[Any]:
    """The values that do not fit these keys, in files that the actor may see."""
    return (
        select(FileTypeError)
        .where(col(FileTypeError.organisation_id) == actor.organisation_id)
        .where(col(FileTypeError.key_number).in_(numbers))
        .where(_is_visible(actor, col(FileTypeError.file_id)))
    )


async def error_counts(
    session: Session, actor: Actor, key_ids: Sequence[UUID]
) -> dict[UUID, Count]:
    """For each key, how many files have a value that does not fit it."""
    keys = (await queries.keys_by_id(session, actor, key_ids)).values()
    found = await _counts(session, _error_counts(actor, [key.number for key in keys]))
    return {key.id: _capped(found.get(key.number, 0)) for key in keys}


async def value_counts(
    session: Session, actor: Actor, key_ids: Sequence[UUID]
) -> dict[UUID, Count]:
    """For each key, how many files have a value that fits it; for embeddings and coordinates, any value."""
    keys = (await queries.keys_by_id(session, actor, key_ids)).values()
    in_attrs = {attribute(key.number): key for key in keys if _is_typed(_type(key))}
    in_texts = {key.number: key for key in keys if _type(key) == Scalar(ScalarKind.TEXT)}
    in_documents = {key.name: key for key in keys if isinstance(_type(key), Embedding | Geospatial)}
    counts = {key.id: Count() for key in keys}
    for statement, of, most in (
        (_attr_counts(actor, in_attrs), in_attrs, MOST_FILES),
        (_text_counts(actor, in_texts), in_texts, MOST_FILES),
        (_document_counts(actor, in_documents), in_documents, MOST_DOCUMENTS),
    ):
        if of:
            found = await _counts(session, statement)
            is_exact = found.get(None, 0) <= most
            for name, key in of.items():
                counts[key.id] = Count(found.get(name, 0), is_exact)
    return counts


def _type(key: MetadataKey) -> KeyType:
    return wire.from_wire(key.definition)


def _is_typed(kind: KeyType) -> bool:
    """Whether values lie in the typed document of a file."""
    elsewhere = isinstance(kind, Embedding | Geospatial | Tombstone)
    return not elsewhere and kind != Scalar(ScalarKind.TEXT)


def _is_visible(actor: Actor, file_id: Mapped[UUID]) -> ColumnElement[bool]:
    return file_id.in_(access.visible_files(actor).with_only_columns(col(File.id)))


def _attr_counts(actor: Actor, names: Iterable[str]) -> CompoundSelect[Any]:
    """How many files have each attribute; and, under null, how many were looked at."""
    files = access.visible_files(actor).with_only_columns(col(File.attrs))
    looked = files.limit(MOST_FILES + 1).cte("looked")
    name = func.jsonb_object_keys(looked.c.attrs).column_valued("name", joins_implicitly=True)
    return _by(name, looked, name.in_(names))


def _text_counts(actor: Actor, numbers: Iterable[int]) -> CompoundSelect[Any]:
    texts = (
        select(col(FileText.key_number))
        .where(col(FileText.organisation_id) == actor.organisation_id)
        .where(col(FileText.key_number).in_(numbers))
        .where(_is_visible(actor, col(FileText.file_id)))
    )
    looked = texts.limit(MOST_FILES + 1).cte("looked")
    return _by(looked.c.key_number, looked, true())


def _document_counts(actor: Actor, names: Iterable[str]) -> CompoundSelect[Any]:
    documents = (
        select(col(FileDocument.document))
        .where(col(FileDocument.organisation_id) == actor.organisation_id)
        .where(_is_visible(actor, col(FileDocument.file_id)))
    )
    looked = documents.limit(MOST_DOCUMENTS + 1).cte("looked")
    member = func.jsonb_each(looked.c.document).table_valued(
        "key", "value", name="member", joins_implicitly=True
    )
    is_value = func.jsonb_typeof(member.c.value) != "null"
    return _by(member.c.key, looked, and_(member.c.key.in_(names), is_value))


def _by(group: Any, looked: Any, condition: ColumnElement[bool]) -> CompoundSelect[Any]:
    groups = select(group, func.count()).select_from(looked).where(condition).group_by(group)
    return union_all(groups, select(null(), func.count()).select_from(looked))


def _error_counts(actor: Actor, numbers: Sequence[int]) -> Select[Any]:
    listed = func.unnest(literal(list(numbers), ARRAY(Integer)))
    given = listed.table_valued("number", name="given").render_derived()
    wrong = (
        select(col(FileTypeError.file_id))
        .distinct()
        .where(col(FileTypeError.organisation_id) == actor.organisation_id)
        .where(col(FileTypeError.key_number) == given.c.number)
        .where(_is_visible(actor, col(FileTypeError.file_id)))
        .limit(MOST_ERRORS + 1)
        .lateral("wrong")
    )
    grouped = select(given.c.number, func.count()).group_by(given.c.number)
    return grouped.select_from(given.join(wrong, true()))


async def _counts(session: Session, statement: Executable) -> dict[Any, int]:
    return {name: count for name, count in await session.execute(statement)}  # noqa: C416  rows


def _capped(count: int) -> Count:
    return Count(min(count, MOST_ERRORS), count <= MOST_ERRORS)
