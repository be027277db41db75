"""What the uploads' mutations take."""

from typing import Any

import strawberry

from app.files.models import FileType
from schema.inputs import IdempotencyKey
from schema.scalars import Json, SafeInt
from schema.uploads import enums


@strawberry.input(description="A file that you are about to send.")
class UploadItem:
    """One announced file."""

    file_name: str = strawberry.field(
        description="1 to 300 characters; becomes the name of the file, with its extension."
    )
    type: FileType | None = strawberry.field(
        default=strawberry.UNSET,
        description="What it is; needed for purpose FILE. Frames are IMAGE, files of a series DICOM_FILE.",
    )
    content_type: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="As it will be sent; texts must say it. Default: by the type.",
    )
    byte_size: SafeInt | None = strawberry.field(
        default=strawberry.UNSET,
        description="0 to 1 TiB; needed to send it in resumable pieces.",
    )


@strawberry.input(description="Up to 1,000 files to send into a folder.")
class CreateUploadsInput:
    """Input of createUploads."""

    folder_id: strawberry.ID = strawberry.field(
        description="Where they go; you need to be its admin."
    )
    items: list[UploadItem] = strawberry.field(description="1 to 1,000 files.")
    purpose: enums.UploadPurpose = strawberry.field(
        default=enums.UploadPurpose.FILE, description="What the bytes are for."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="What a video is, taken as it is: wrong values lead to wrong labels.")
class VideoMetadataInput:
    """videoMetadata of the document."""

    fps: float = strawberry.field(description="Frames a second.")
    duration: float = strawberry.field(description="Seconds.")
    width: int = strawberry.field(description="Pixels.")
    height: int = strawberry.field(description="Pixels.")
    file_size: SafeInt = strawberry.field(description="Bytes.")
    mime_type: str = strawberry.field(description="For example `video/mp4`.")


@strawberry.input(description="What an image is, taken as it is.")
class ImageMetadataInput:
    """imageMetadata of the document."""

    width: int = strawberry.field(description="Pixels.")
    height: int = strawberry.field(description="Pixels.")
    file_size: SafeInt = strawberry.field(description="Bytes.")
    mime_type: str = strawberry.field(description="For example `image/png`.")


@strawberry.input(description="What an audio file is, taken as it is.")
class AudioMetadataInput:
    """audioMetadata of the document."""

    duration: float = strawberry.field(description="Seconds.")
    file_size: SafeInt = strawberry.field(description="Bytes.")
    mime_type: str = strawberry.field(description="For example `audio/wav`.")
    sample_rate: int = strawberry.field(description="Hertz.")
    bit_depth: int = strawberry.field(description="Bits a sample.")
    codec: str = strawberry.field(description="For example `mp3` or `pcm`.")
    num_channels: int = strawberry.field(description="Channels.")


@strawberry.input(description="What a text is, taken as it is.")
class TextMetadataInput:
    """textMetadata of the document."""

    file_size: SafeInt = strawberry.field(description="Bytes.")
    mime_type: str = strawberry.field(description="For example `text/plain`.")


@strawberry.input(description="What a PDF is, taken as it is.")
class PdfMetadataInput:
    """pdfMetadata of the document."""

    file_size: SafeInt = strawberry.field(description="Bytes.")
    num_pages: int = strawberry.field(description="Pages.")


@strawberry.input(
    one_of=True, description="What the objects are, so that the server need not read them."
)
class MediaMetadataInput:
    """One of the five."""

    video: strawberry.Maybe[VideoMetadataInput] = strawberry.field(description="Of a VIDEO.")
    image: strawberry.Maybe[ImageMetadataInput] = strawberry.field(description="Of an IMAGE.")
    audio: strawberry.Maybe[AudioMetadataInput] = strawberry.field(description="Of an AUDIO.")
    text: strawberry.Maybe[TextMetadataInput] = strawberry.field(description="Of a PLAIN_TEXT.")
    pdf: strawberry.Maybe[PdfMetadataInput] = strawberry.field(description="Of a PDF.")


@strawberry.input(
    description="One unit to register: its objects in the cloud, or what was uploaded of it."
)
class RegistrationItem:
    """An element of the document, typed."""

    type: FileType = strawberry.field(
        description="What it becomes. GROUP and DICOM_FILE cannot be registered."
    )
    object_urls: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Object URLs, or ARNs of objects behind a Multi-Region Access Point: one, or all frames or"
        " files in order.",
    )
    upload_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Or the uploads that bring its bytes, in order."
    )
    title: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Up to 300 characters; groups, sequences and series in the cloud need one. Default: the last"
        " part of the URL.",
    )
    client_metadata: Json | None = strawberry.field(
        default=strawberry.UNSET,
        description="An object of your own, up to 10 MiB as compact JSON.",
    )
    media: MediaMetadataInput | None = strawberry.field(
        default=strawberry.UNSET, description="What the object is; default: the server looks."
    )


@strawberry.input(one_of=True, description="What to register: exactly one of these.")
class RegistrationSource:
    """The document, in one of its forms."""

    json: strawberry.Maybe[Json] = strawberry.field(
        description="A registration document, as one object."
    )
    csv: strawberry.Maybe[str] = strawberry.field(description="A CSV document, as text.")
    json_upload_id: strawberry.Maybe[strawberry.ID] = strawberry.field(
        description="An upload of purpose DOCUMENT that holds a JSON document of any size."
    )
    csv_upload_id: strawberry.Maybe[strawberry.ID] = strawberry.field(
        description="An upload of purpose DOCUMENT that holds a CSV document of any size."
    )
    items: strawberry.Maybe[list[RegistrationItem]] = strawberry.field(
        description="1 to 1,000 units, typed."
    )


@strawberry.input(description="Files to register in a folder.")
class RegisterFilesInput:
    """Input of registerFiles."""

    folder_id: strawberry.ID = strawberry.field(
        description="Where they go; you need to be its admin."
    )
    source: RegistrationSource = strawberry.field(description="What to register.")
    integration_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="Through which integration the objects are reached; none for local uploads.",
    )
    ignore_errors: bool = strawberry.field(
        default=False,
        description="Register what can be registered, whatever fails. Without it the first failure stops the job.",
    )
    skip_duplicate_urls: bool = strawberry.field(
        default=False, description="For items: skip units whose URLs the folder has already."
    )
    upsert_metadata: bool = strawberry.field(
        default=False,
        description="For items: give the file of a skipped unit the unit's client metadata.",
    )
    file_name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Of the document; echoed in the job."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="A registration job to stop.")
class CancelUploadJobInput:
    """Input of cancelUploadJob."""

    id: strawberry.ID = strawberry.field(description="The job.")
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="A registration job of which failed units are to be tried again.")
class RetryUploadJobInput:
    """Input of retryUploadJob."""

    id: strawberry.ID = strawberry.field(description="The job; it must have ended.")
    include_cancelled: bool = strawberry.field(
        default=False, description="Try the units too that were not tried, because the job stopped."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


def plain(value: Any) -> Any:
    """An input as plain values, without the members that were not given."""
    if isinstance(value, strawberry.Some):
        return plain(value.value)
    if isinstance(value, list):
        return [plain(one) for one in value]
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is None or isinstance(value, type):
        return value
    members = {name: getattr(value, name) for name in fields}
    return {
        name: plain(member)
        for name, member in members.items()
        if member is not strawberry.UNSET and member is not None
    }
