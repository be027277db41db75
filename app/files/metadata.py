"""Client metadata of files: the raw document, its typed values, words to search, vectors, and values that do not
fit.

Everything here works on many files at once. The schema of the organisation is held still until the commit, so
that no value is ever stored under a type that its key no longer has.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from app.core.db import Tx
from app.core.errors import Invalid, Path, Refused
from app.files import vectors
from app.metadata import document, frames, queries
from app.metadata.document import Document
from app.metadata.indexer import Indexed, Indexer, TypeErrorNote

WHOLE_FILE = -1
"""The frame of a value that is not one frame's."""

SEARCHED_BYTES = 256 * 1024
"""Of a text: what comes later is kept but not found by its words. More could overflow PostgreSQL's tsvector."""

_WRITE_ATTRS = text(
    "update file set attrs = cast(given.attrs as jsonb),"
    " revision = file.revision + 1, updated_at = statement_timestamp()"
    " from unnest(cast(:ids as uuid[]), cast(:attrs as text[])) as given(id, attrs)"
    " where file.organisation_id = :organisation_id and file.id = given.id"
)
_WRITE_DOCUMENTS = text(
    "insert into file_document (organisation_id, file_id, document, byte_size)"
    " select :organisation_id, given.id, cast(given.document as jsonb), given.byte_size"
    " from unnest(cast(:ids as uuid[]), cast(:documents as text[]), cast(:byte_sizes as int[]))"
    "  as given(id, document, byte_size)"
    " on conflict (organisation_id, file_id)"
    " do update set document = excluded.document, byte_size = excluded.byte_size"
)
_FORGET_TEXTS = text(
    "delete from file_text where organisation_id = :organisation_id and file_id = any(:ids)"
)
_FORGET_ERRORS = text(
    "delete from file_type_error where organisation_id = :organisation_id and file_id = any(:ids)"
)
_WRITE_TEXTS = text(
    "insert into file_text (organisation_id, file_id, key_number, document)"
    " select :organisation_id, given.file_id, given.number, to_tsvector('simple', given.text)"
    " from unnest(cast(:ids as uuid[]), cast(:numbers as int[]), cast(:texts as text[]))"
    "  as given(file_id, number, text)"
)
_HOLD_FILES = text(
    "select id from file where organisation_id = :organisation_id and id = any(:ids)"
    " order by id for no key update"
)
_WRITE_ERRORS = text(
    "insert into file_type_error (organisation_id, file_id, key_number, frame, found)"
    " select :organisation_id, given.* from unnest(cast(:ids as uuid[]), cast(:numbers as int[]),"
    "  cast(:frames as int[]), cast(:found as text[])) as given"
)


@dataclass(frozen=True, slots=True)
class IndexedFiles:
    """What the documents of many files become, ready to be written."""

    found: Mapping[UUID, Indexed] = field(default_factory=dict)

    @property
    def attrs(self) -> dict[UUID, str]:
        """The typed document of each file, as JSON text."""
        return {file_id: orjson.dumps(one.attrs).decode() for file_id, one in self.found.items()}

    @property
    def errors(self) -> dict[UUID, list[TypeErrorNote]]:
        """Of each file, the values that do not fit their key and count as missing."""
        return {file_id: one.errors for file_id, one in self.found.items()}


def parsed(raw: object, *, is_video: bool = False, at: Path = ("client_metadata",)) -> Document:
    """Client metadata that may be stored, from a JSON object or the text of one.

    Raises Invalid or TooLarge; `at` is where it stands in the input.
    """
    if not isinstance(raw, dict | str):
        raise Invalid("Client metadata is a JSON object; wrap the value in one.", field=at)
    try:
        return document.parse(raw, is_video=is_video)
    except Refused as refused:
        refused.field = at
        raise


def json_object(raw: object, *, at: Path = ("client_metadata",)) -> dict[str, Any]:
    """A JSON object, given as one or as the text of one, unchecked otherwise. Raises Invalid."""
    try:
        value = orjson.loads(raw) if isinstance(raw, str) else raw
    except orjson.JSONDecodeError as error:
        raise Invalid(f"Client metadata is not valid JSON: {error}.", field=at) from error
    if not isinstance(value, dict):
        raise Invalid("Client metadata is a JSON object; wrap the value in one.", field=at)
    return value


def of_folder(raw: object) -> dict[str, Any]:
    """The metadata of a folder: any JSON object that keeps to the rules of client metadata."""
    return parsed(raw).value


async def index_documents(
    tx: Tx,
    organisation_id: UUID,
    documents: Iterable[tuple[UUID, bytes]],
    rates: Mapping[UUID, float | None] | None = None,
) -> IndexedFiles:
    """Read checked documents (JSON text) under the organisation's schema, which is held still from here on.

    `rates` are frames per second, for videos whose frames are given in seconds.
    """
    indexer = await _held_indexer(tx, organisation_id)
    rates = rates or {}
    return IndexedFiles(
        {
            file_id: indexer.index(orjson.loads(document), rates.get(file_id))
            for file_id, document in documents
        }
    )


async def write_indexed(
    tx: Tx, organisation_id: UUID, indexed: IndexedFiles, *, overrules: bool = True
) -> None:
    """Write words and type errors of files that had none, and vectors. Typed values and documents are the
    caller's."""
    texts = [
        (file_id, number, _searched(words))
        for file_id, one in indexed.found.items()
        for number, words in one.texts
    ]
    await _insert(tx, _WRITE_TEXTS, organisation_id, ("ids", "numbers", "texts"), texts)
    errors = [
        (file_id, note.number, WHOLE_FILE if note.frame is None else note.frame, note.found)
        for file_id, one in indexed.found.items()
        for note in one.errors
    ]
    names = ("ids", "numbers", "frames", "found")
    await _insert(tx, _WRITE_ERRORS, organisation_id, names, errors)
    await vectors.write_documents(tx, organisation_id, indexed.found, overrules=overrules)


async def replace_documents(
    tx: Tx,
    organisation_id: UUID,
    documents: Mapping[UUID, bytes],
    rates: Mapping[UUID, float | None] | None = None,
) -> IndexedFiles:
    """Give files other documents (checked JSON text), with all that is derived from them."""
    indexed = await index_documents(tx, organisation_id, documents.items(), rates)
    changed = {"organisation_id": organisation_id, "ids": list(documents)}
    await tx.execute(_HOLD_FILES, changed)  # against a reindexing of the same files
    await tx.execute(_FORGET_TEXTS, changed)
    await tx.execute(_FORGET_ERRORS, changed)
    await vectors.forget_documents(tx, documents, indexed.found)
    attrs = indexed.attrs.items()
    await _insert(tx, _WRITE_ATTRS, organisation_id, ("ids", "attrs"), list(attrs))
    rows = [(file_id, one.decode(), len(one)) for file_id, one in documents.items()]
    names = ("ids", "documents", "byte_sizes")
    await _insert(tx, _WRITE_DOCUMENTS, organisation_id, names, rows)
    await write_indexed(tx, organisation_id, indexed)
    return indexed


async def replace_document(
    tx: Tx, organisation_id: UUID, file_id: UUID, document: bytes
) -> IndexedFiles:
    """Give one file another document."""
    return await replace_documents(tx, organisation_id, {file_id: document})


async def _held_indexer(tx: Tx, organisation_id: UUID) -> Indexer:
    await queries.pin(tx, organisation_id)
    return await queries.indexer_of(tx, organisation_id)


async def _insert(
    tx: Tx, statement: Any, organisation_id: UUID, names: Sequence[str], rows: Sequence[Any]
) -> None:
    """Run a statement that unnests its arguments, one for each column of `rows`."""
    if rows:
        columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
        await tx.execute(statement, {"organisation_id": organisation_id, **columns})


def _searched(words: str) -> str:
    """As much of a text as its words are looked for in."""
    if len(words) <= SEARCHED_BYTES // 4:
        return words
    return words.encode()[:SEARCHED_BYTES].decode(errors="ignore")


KEY_FRAME_MEMBERS = (frames.RESERVED, document.KEYFRAMES)
"""The members of a video's document that speak of frames."""


def key_frames(
    members: Mapping[str, Any], frames_per_second: float | None
) -> list[tuple[int, Mapping[str, object]]]:
    """The frames that a video's metadata marks, in order, each with its own metadata.

    `keyframes`, the older form, marks frames without any.
    """
    found: dict[int, Mapping[str, object]] = {frame: {} for frame in members.get("keyframes", ())}
    found |= dict(frames.described_frames(members, frames_per_second))
    return sorted(found.items())
