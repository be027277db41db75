"""From a unit that was read to the rows of its files."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.clock import new_id
from app.files.bulk import Membership, NewFile
from app.files.models import FileType
from app.media.info import MediaInfo
from app.uploads.documents import UnitKind
from app.uploads.payload import Pending
from app.uploads.places import Place
from app.uploads.reading import Read
from app.uploads.sources import source_key

COMPOSITES = {UnitKind.IMAGE_GROUP, UnitKind.IMAGE_SEQUENCE, UnitKind.DICOM_SERIES}
NAME_LIMIT = 300
MEDIA_COLUMNS = (
    "mime_type",
    "byte_size",
    "width",
    "height",
    "frame_count",
    "fps",
    "duration_seconds",
    "audio_sample_rate",
    "audio_bit_depth",
    "audio_channel_count",
    "audio_codec",
    "page_count",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a job's files go."""

    organisation_id: UUID
    folder_id: UUID
    integration_id: UUID | None
    created_by: UUID
    created_at: datetime
    make_id: Callable[[], UUID] = new_id


@dataclass(slots=True)
class Prepared:
    """A unit with everything that is to be written of it; the first file is the one to show."""

    unit: Pending
    files: list[NewFile]
    members: list[Membership] = field(default_factory=list)
    dicom_tags: list[tuple[UUID, dict[str, Any]]] = field(default_factory=list)

    @property
    def main(self) -> NewFile:
        """The file that stands for the unit."""
        return self.files[0]


def prepare(target: Target, unit: Pending, read: Read) -> Prepared:
    """The rows of a unit: one file, or a composite with its parts."""
    if unit.kind not in COMPOSITES:
        main = _file(target, FileType(unit.kind.value), unit.title, read.places[0], read.media[0])
        main.source_key = source_key(unit.kind, unit.urls)
        return Prepared(unit, [main])
    composite = _composite(target, unit, read)
    prepared = Prepared(unit, [composite])
    part = FileType.DICOM_FILE if unit.kind is UnitKind.DICOM_SERIES else FileType.IMAGE
    for position, (place, media) in enumerate(zip(read.places, read.media, strict=True)):
        file = _file(target, part, None, place, media)
        file.is_component = True
        prepared.files.append(file)
        prepared.members.append((target.organisation_id, composite.id, position, file.id))
        if media.dicom is not None:
            prepared.dicom_tags.append((file.id, dict(media.dicom.metadata)))
    return prepared


def _file(
    target: Target, kind: FileType, title: str | None, place: Place, media: MediaInfo
) -> NewFile:
    file = NewFile(
        organisation_id=target.organisation_id,
        id=target.make_id(),
        folder_id=target.folder_id,
        type=kind,
        name=(title or place.name)[:NAME_LIMIT],
        storage_location=place.location,
        integration_id=None if place.bucket is None else target.integration_id,
        url=place.url,
        object_key=place.key if place.bucket is None else None,
        created_by=target.created_by,
        created_at=target.created_at,
        updated_at=target.created_at,
    )
    _describe(file, media)
    return file


def _composite(target: Target, unit: Pending, read: Read) -> NewFile:
    first = read.places[0]
    composite = NewFile(
        organisation_id=target.organisation_id,
        id=target.make_id(),
        folder_id=target.folder_id,
        type=FileType(unit.kind.value),
        name=(unit.title or _made_up_title(unit))[:NAME_LIMIT],
        storage_location=first.location,
        integration_id=None if first.bucket is None else target.integration_id,
        source_key=source_key(unit.kind, unit.urls),
        created_by=target.created_by,
        created_at=target.created_at,
        updated_at=target.created_at,
    )
    if read.video is not None:
        _describe(composite, read.video)
        composite.object_key = read.video_key
    elif unit.kind is UnitKind.DICOM_SERIES:
        _describe_series(composite, read.media)
    else:
        composite.frame_count = len(read.media)
        composite.byte_size = _total(read.media)
    return composite


def _made_up_title(unit: Pending) -> str:
    """A title for an uploaded group or series without one: random, without an extension (domain 4.3)."""
    return f"{unit.kind.value.lower().replace('_', '-')}-{new_id().hex[-8:]}"


def _describe(file: NewFile, media: MediaInfo) -> None:
    for name in MEDIA_COLUMNS:
        setattr(file, name, getattr(media, name))
    if media.dicom is not None:
        file.dicom_study_uid = media.dicom.study_uid
        file.dicom_series_uid = media.dicom.series_uid
        file.dicom_instance_uid = media.dicom.instance_uid
        file.can_render_3d = media.dicom.can_render_3d


def _describe_series(series: NewFile, media: list[MediaInfo]) -> None:
    """A series is as wide and high as its first file, and as deep as all of them."""
    _describe(series, media[0])
    series.dicom_instance_uid = None
    series.byte_size = _total(media)
    series.frame_count = sum(info.frame_count or 1 for info in media)
    series.can_render_3d = all(info.dicom and info.dicom.can_render_3d for info in media)


def _total(media: list[MediaInfo]) -> int | None:
    sizes = [info.byte_size for info in media]
    return None if None in sizes else sum(size or 0 for size in sizes)
