"""Local uploads: where to put the bytes, and noting that they came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlmodel import col, update

from app.accounts.actor import Actor
from app.core.clock import new_id, now
from app.core.db import Scope, Tx
from app.core.errors import Invalid, TooLarge
from app.core.runtime import Runtime
from app.core.storage.signing import Links
from app.core.storage.store import LONGEST_LINK, Store
from app.files.models import FileType
from app.uploads import leave
from app.uploads.models import Upload, UploadPurpose, UploadState

MOST_AT_ONCE = 1_000
LARGEST_BYTES = 1 << 40
"""1 TiB."""
RESUMABLE_LIFETIME = timedelta(days=1)
TEXT_TYPES = ("text/", "application/json", "application/xml")
FIXED_CONTENT_TYPES = {
    FileType.NIFTI: "application/nifti",
    FileType.DICOM_FILE: "application/dicom",
    FileType.PDF: "application/pdf",
}
COMPOSITES = frozenset(
    {FileType.IMAGE_GROUP, FileType.IMAGE_SEQUENCE, FileType.DICOM_SERIES, FileType.GROUP}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A file that somebody is about to send."""

    file_name: str
    type: FileType | None
    content_type: str | None
    byte_size: int | None


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where to send the bytes: in one PUT, or resumably by tus if the size was announced."""

    put_url: str
    resumable_url: str | None


async def announce(
    tx: Tx,
    actor: Actor,
    folder_id: UUID,
    purpose: UploadPurpose,
    announced: Sequence[Announced],
) -> list[Upload]:
    """Make a place for each file, in the order given. Its bytes may come for a day."""
    await leave.to_upload(tx, actor, folder_id)
    if not 0 < len(announced) <= MOST_AT_ONCE:
        raise Invalid(
            f"Announce 1 to {MOST_AT_ONCE:,} files at once, not {len(announced):,}.",
            field=("items",),
        )
    uploads = [
        _upload(actor, folder_id, purpose, one, position) for position, one in enumerate(announced)
    ]
    tx.add_all(uploads)
    return uploads


def _upload(
    actor: Actor, folder_id: UUID, purpose: UploadPurpose, one: Announced, position: int
) -> Upload:
    upload_id = new_id()
    return Upload(
        id=upload_id,
        organisation_id=actor.organisation_id,
        folder_id=folder_id,
        purpose=purpose,
        type=one.type,
        file_name=_checked_name(one.file_name, position),
        content_type=_content_type(one, purpose, position),
        object_key=f"uploads/{actor.organisation_id.hex}/{upload_id.hex}",
        byte_size=_checked_size(one.byte_size, position),
        created_by=actor.user_id,
    )


def _checked_name(name: str, position: int) -> str:
    if not 0 < len(name) <= 300 or "\0" in name:
        raise Invalid(
            "A file name has 1 to 300 characters.", field=("items", position, "file_name")
        )
    return name


def _checked_size(byte_size: int | None, position: int) -> int | None:
    if byte_size is not None and not 0 <= byte_size <= LARGEST_BYTES:
        raise TooLarge("A file has at most 1 TiB.", field=("items", position, "byte_size"))
    return byte_size


def _content_type(one: Announced, purpose: UploadPurpose, position: int) -> str:
    """The type that the bytes are sent with (domain 4.2)."""
    field = ("items", position)
    if purpose is UploadPurpose.FILE and (one.type is None or one.type in COMPOSITES):
        raise Invalid("Say of which type the file is; not a composite.", field=(*field, "type"))
    if one.type in FIXED_CONTENT_TYPES:
        return FIXED_CONTENT_TYPES[one.type]
    given = one.content_type or "application/octet-stream"
    if one.type is FileType.PLAIN_TEXT and not given.startswith(TEXT_TYPES):
        raise Invalid(
            "A text is sent as text/…, application/json or application/xml.",
            field=(*field, "content_type"),
        )
    if len(given) > 100 or not given.isascii() or not given.isprintable():
        raise Invalid("This is not a content type.", field=(*field, "content_type"))
    return given


async def addresses(store: Store, links: Links, upload: Upload) -> Addresses:
    """Fresh signed addresses: the PUT for 15 minutes, the resumable one for a day."""
    put_url = await store.signed_url(
        upload.object_key,
        "PUT",
        LONGEST_LINK,
        byte_limit=upload.byte_size,
        content_type=upload.content_type,
    )
    if upload.byte_size is None:
        return Addresses(put_url, None)
    resumable = links.of_upload(upload.object_key, upload.byte_size, RESUMABLE_LIFETIME)
    return Addresses(put_url, resumable)


async def note_received(runtime: Runtime, key: str, byte_size: int) -> None:
    """The object of an upload is whole. Called by our own endpoint, once or more often."""
    _, organisation, upload = key.split("/")
    async with runtime.db.transaction(Scope(UUID(organisation))) as tx:
        await tx.exec(
            update(Upload)
            .where(
                col(Upload.organisation_id) == UUID(organisation),
                col(Upload.id) == UUID(upload),
                col(Upload.state) != UploadState.REGISTERED,
            )
            .values(
                state=UploadState.RECEIVED,
                received_byte_size=byte_size,
                revision=col(Upload.revision) + 1,
                updated_at=now(),
            )
        )
