"""Changing the client metadata of files, one or many at once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.accounts.actor import Actor
from app.core.db import Tx
from app.files import metadata, outcomes, queries
from app.files.chosen import Chosen
from app.files.models import File, FileType
from app.files.outcomes import BulkMode, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Client metadata for one file: a JSON object, or the text of one."""

    file_id: UUID
    client_metadata: object
    expected_revision: int | None = None


async def put(
    tx: Tx, actor: Actor, items: Sequence[Said], mode: BulkMode, *, is_merged: bool = False
) -> dict[str, Any]:
    """Replace the metadata of files, or merge members into it; the answer tells of each item.

    A merge is shallow: a top-level member that is given takes the place of the stored one, null removes it,
    and the others stay.
    """
    outcomes.check_count(items)
    files = await Chosen.lock(tx, actor, [item.file_id for item in items])
    stored = await _stored(tx, actor, files) if is_merged else {}
    results = [Outcome() for _ in items]
    changed: dict[UUID, bytes] = {}
    for item, outcome in zip(items, results, strict=True):
        with outcome.judged():
            file = files.take(item.file_id, item.expected_revision)
            outcome.file_id = file.id
            changed[file.id] = checked(file, item.client_metadata, stored.get(file.id))
    await write(tx, actor, files, changed, results)
    return outcomes.settle(results, mode)


def checked(file: File, raw: object, stored: bytes | None = None) -> bytes:
    """The document that a file is to have, as JSON text; into what is `stored`, `raw` is merged."""
    given = raw if stored is None else merged(stored, raw)
    return metadata.parsed(given, is_video=file.type is FileType.VIDEO).text


def merged(stored: bytes, raw: object) -> dict[str, Any]:
    """The stored document with the members of `raw` in place of its own; members that are null are gone."""
    given = metadata.json_object(raw)
    kept: dict[str, Any] = json.loads(stored, parse_float=Decimal)  # digits stay as they were sent
    return {key: value for key, value in (kept | given).items() if given.get(key, ...) is not None}


async def write(
    tx: Tx, actor: Actor, files: Chosen, changed: Mapping[UUID, bytes], results: Sequence[Outcome]
) -> None:
    """Write the documents, and tell each outcome of values that do not fit the schema."""
    if not changed:
        return
    rates = {key: files.rows[key].fps for key in changed}
    indexed = await metadata.replace_documents(tx, actor.organisation_id, changed, rates)
    for outcome in results:
        errors = indexed.errors.get(outcome.file_id, []) if outcome.file_id else []
        outcome.warnings = [
            {"key": note.key, "found": note.found, "frame": note.frame} for note in errors
        ]


async def _stored(tx: Tx, actor: Actor, files: Chosen) -> dict[UUID, bytes]:
    wanted: list[queries.Wanted] = [(key, None) for key in files.rows]
    found = await queries.documents(tx, actor, wanted)
    return {key: document for (key, _), document in found.items()}
