"""A unit as it is kept between reading the document and registering it, so that it can be tried again."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from app.uploads.documents import Unit, UnitKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A unit that waits to be registered."""

    index: int
    kind: UnitKind
    urls: tuple[str, ...]
    upload_ids: tuple[UUID, ...]
    title: str | None
    client_metadata: bytes | None
    media_metadata: dict[str, Any] | None
    attempt_count: int = 0


def dump(unit: Unit) -> str:
    """The unit as JSON text, without what has columns of its own."""
    return orjson.dumps(
        {
            "urls": unit.object_urls,
            "uploads": unit.placeholder_ids,
            "title": unit.title,
            "client": None if unit.client_metadata is None else unit.client_metadata.decode(),
            "media": unit.media_metadata,
        }
    ).decode()


def load(index: int, kind: str, payload: str, attempt_count: int = 0) -> Pending:
    """The unit again."""
    given = orjson.loads(payload)
    client: str | None = given["client"]
    return Pending(
        index=index,
        kind=UnitKind(kind),
        urls=tuple(given["urls"]),
        upload_ids=tuple(map(UUID, given["uploads"])),
        title=given["title"],
        client_metadata=None if client is None else client.encode(),
        media_metadata=given["media"],
        attempt_count=attempt_count,
    )
