"""What files are compared with: a file, a frame of one, a vector, or a text."""

import hashlib
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Integer, Select, Uuid, and_, bindparam, select

from app.accounts.actor import Actor
from app.core import halfvec
from app.core.errors import Invalid, NotFound, Path
from app.core.reads import Reads
from app.core.runtime import Runtime
from app.embeddings import encoders, tables, vectors
from app.embeddings.asked import Asked, Vectors
from app.embeddings.similarity import Search
from app.embeddings.tables import WHOLE_FILE, KeyTable
from app.files import access
from app.files.models import File

AT: Path = ("similar_to",)
"""Where in the input this was asked."""
BELIEVED_SECONDS = 1.0
MOST_HELD = 1_000
_KEY, _ANCHOR = (*AT, "embedding"), (*AT, "anchor")


@dataclass(frozen=True, slots=True)
class FileAnchor:
    """A file as a whole, or one frame of it, from 0. The same vector is not found again."""

    file_id: UUID | None
    """None: an id that cannot be a file's."""
    frame: int | None = None

    @property
    def place(self) -> Path:
        """Where in the input it was named."""
        inside = ("file_id",) if self.frame is None else ("frame", "file_id")
        return (*_ANCHOR, *inside)


@dataclass(frozen=True, slots=True)
class VectorAnchor:
    """A vector: numbers, or base64 of little-endian 32-bit floats."""

    values: Any

    def __repr__(self) -> str:
        """All of it in short: an array's own leaves out the middle."""
        values = self.values
        if isinstance(values, np.ndarray):
            return f"VectorAnchor({hashlib.sha256(values.tobytes()).hexdigest()})"
        return f"VectorAnchor({values!r})"


@dataclass(frozen=True, slots=True)
class TextAnchor:
    """A text, which the key's encoder makes a vector of."""

    text: str


Anchor = FileAnchor | VectorAnchor | TextAnchor


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarityRequest:
    """What is to be near to what, by which embedding, and how near."""

    key: str
    anchor: Anchor
    min_score: float | None = None
    is_exact: bool = False


async def resolved(
    runtime: Runtime, actor: Actor, request: SimilarityRequest, *, anew: bool = False
) -> Search:
    """The search that was asked for. Raises Invalid or NotFound with the place of what is wrong.

    What is known of the key's table is believed for a second, unless it is to be read `anew`.
    """
    _check_score(request.min_score)
    held = runtime.reads.kept.get("vector tables", _Held)
    table, name = await held.table(runtime.reads, actor, request.key, anew=anew)
    found = Vectors(
        name=name,
        dimensions=table.dimensions,
        count=table.vector_count,
        is_indexed=table.has_index,
    )
    asked = await _asked(runtime, actor, request, table, found)
    return Search(asked, request.min_score, request.is_exact)


@dataclass(slots=True)
class _Held:
    """The tables that were asked for last, and when each was read."""

    read: dict[tuple[UUID, str], tuple[float, tuple[KeyTable, str]]] = field(default_factory=dict)

    async def table(
        self, reads: Reads, actor: Actor, key: str, *, anew: bool
    ) -> tuple[KeyTable, str]:
        """The embedding key and the name of its table."""
        known, now = self.read.get((actor.organisation_id, key)), time.monotonic()
        if known is not None and not anew and now - known[0] < BELIEVED_SECONDS:
            return known[1]
        found = await tables.table_with_vectors(reads, actor, key, field=_KEY)
        if len(self.read) >= MOST_HELD:
            self.read.clear()
        self.read[(actor.organisation_id, key)] = now, found
        return found


async def _asked(
    runtime: Runtime, actor: Actor, request: SimilarityRequest, table: KeyTable, found: Vectors
) -> Asked:
    match request.anchor:
        case FileAnchor() as anchor:
            vector = await _of_file(runtime.reads, actor, anchor, table, found)
            return Asked(actor.scope, found, vector, anchor.file_id, anchor.frame)
        case VectorAnchor(values):
            place = (*_ANCHOR, "vector")
            vector = vectors.to_halfvec(values, found.dimensions, field=place)
        case TextAnchor(text):
            place = (*_ANCHOR, "text")
            numbers = await encoders.encode_text(
                runtime, actor, request.key, text, field=place, key_field=_KEY
            )
            vector = vectors.to_halfvec(numbers, found.dimensions, field=place)
    return Asked(actor.scope, found, vector)


async def _of_file(
    reads: Reads, actor: Actor, anchor: FileAnchor, table: KeyTable, found: Vectors
) -> bytes:
    """The vector of a file that the actor may look at."""
    kept = ("anchor", found.name, found.dimensions, actor.eyes)
    compiled = reads.kept.get(kept, lambda: reads.compiler.compiled(_statement(actor, found)))
    frame = WHOLE_FILE if anchor.frame is None else anchor.frame
    given = compiled.arguments({"file_id": anchor.file_id, "frame": frame})
    rows = await reads.fetch(actor.scope, compiled.sql, given) if anchor.file_id else []
    if not rows:
        raise NotFound("There is no such file for you.", field=anchor.place)
    if rows[0]["vector"] is None:
        what = (
            "vector of the file as a whole" if anchor.frame is None else f"vector of frame {frame}"
        )
        raise NotFound(f"`{table.key}` has no {what} for this file.", field=anchor.place)
    return halfvec.pack(rows[0]["vector"])


def _statement(actor: Actor, found: Vectors) -> Select[Any]:
    held = found.clause.alias("v")
    file_id = bindparam("file_id", None, type_=Uuid)
    file = access.visible_files(actor).where(File.id == file_id).subquery("file")
    frame = bindparam("frame", None, type_=Integer)
    is_its = and_(held.c.file_id == file.c.id, held.c.frame == frame)
    return select(held.c.vector).select_from(file.outerjoin(held, is_its))


def _check_score(score: float | None) -> None:
    if score is not None and not -1 <= score <= 1:
        raise Invalid("minScore is a cosine similarity, -1 to 1.", field=(*AT, "min_score"))
