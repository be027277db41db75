"""Finds out what the objects of a unit are: by the caller's word, or by reading them in the sandbox."""

import tempfile
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio

from app.core.errors import Invalid
from app.core.storage.errors import ObjectNotFound
from app.media import declared
from app.media.errors import MediaError, MediaErrorCode
from app.media.info import MediaInfo, MediaType
from app.media.sandbox import Sandbox
from app.media.sequence import FPS
from app.uploads.documents import UnitErrorCode, UnitKind
from app.uploads.payload import Pending
from app.uploads.places import Place, Reach, UnitFailed, failure

STORAGE_TRIES = 3
SECONDS_A_FRAME = 5.0
OBJECT_TYPES = {
    UnitKind.IMAGE_GROUP: MediaType.IMAGE,
    UnitKind.IMAGE_SEQUENCE: MediaType.IMAGE,
    UnitKind.DICOM_SERIES: MediaType.DICOM_FILE,
}
MEDIA_CODES = {
    MediaErrorCode.WRONG_TYPE: UnitErrorCode.WRONG_MEDIA_TYPE,
    MediaErrorCode.MEDIA_CORRUPT: UnitErrorCode.MEDIA_CORRUPT,
    MediaErrorCode.FILE_TYPE_NOT_SUPPORTED: UnitErrorCode.FILE_TYPE_NOT_SUPPORTED,
    MediaErrorCode.DICOM_TAG_MISSING: UnitErrorCode.DICOM_TAG_MISSING,
    MediaErrorCode.MEDIA_REJECTED: UnitErrorCode.MEDIA_REJECTED,
    MediaErrorCode.FRAME_SIZE_MISMATCH: UnitErrorCode.FRAME_SIZE_MISMATCH,
}


@dataclass(frozen=True, slots=True)
class Read:
    """What a unit's objects turned out to be, in order; of a sequence, also the video made of them."""

    places: list[Place]
    media: list[MediaInfo]
    video: MediaInfo | None = None
    video_key: str | None = None


def object_type(kind: UnitKind) -> MediaType:
    """What each object of such a unit must be."""
    return OBJECT_TYPES.get(kind) or MediaType(kind.value)


def by_word(unit: Pending, places: list[Place]) -> Read | None:
    """What the registration itself says, taken as it is; None if it says nothing."""
    if unit.media_metadata is None or unit.kind is UnitKind.IMAGE_SEQUENCE:
        return None
    kind = object_type(unit.kind)
    try:
        media = declared.media_info(kind, unit.media_metadata)
    except Invalid as error:
        raise UnitFailed(UnitErrorCode.MEDIA_METADATA_INVALID, error.message) from error
    return Read(places, [media] * len(places))


async def by_reading(
    unit: Pending, places: list[Place], reach: Reach, sandbox: Sandbox, video_key: str
) -> Read:
    """What the objects say themselves. Raises UnitFailed for the first that cannot be used."""
    if reach.is_strict and not unit.upload_ids:
        raise UnitFailed(
            UnitErrorCode.MEDIA_METADATA_REQUIRED,
            "This integration lets us read no media; give the media metadata in the registration.",
        )
    kind = object_type(unit.kind)
    media = [await _probe(place, kind, reach, sandbox) for place in places]
    if unit.kind is UnitKind.DICOM_SERIES:
        _check_series(media)
    if unit.kind is not UnitKind.IMAGE_SEQUENCE:
        return Read(places, media)
    video = await _encode(places, reach, sandbox, video_key)
    return Read(places, media, video, video_key)


async def _probe(place: Place, kind: MediaType, reach: Reach, sandbox: Sandbox) -> MediaInfo:
    async with _fetched([place], reach) as (path,):
        with _media_faults():
            return await sandbox.probe(path, name=place.name, expected=kind)


async def _encode(places: list[Place], reach: Reach, sandbox: Sandbox, key: str) -> MediaInfo:
    """Make the video of a sequence and put it into our own store under `key`."""
    async with _fetched(places, reach) as frames:
        with tempfile.TemporaryDirectory(prefix="labelgraph-sequence-") as folder:
            target = Path(folder, "sequence.mp4")
            with _media_faults():
                seconds = 30 + SECONDS_A_FRAME * len(frames)
                video = await sandbox.encode_sequence(frames, target, fps=FPS, seconds=seconds)
            await reach.own.put(key, _chunks(target), content_type="video/mp4")
            return video


async def _chunks(path: Path) -> AsyncGenerator[bytes]:
    async with await anyio.open_file(path, "rb") as file:
        while chunk := await file.read(1 << 20):
            yield chunk


@asynccontextmanager
async def _fetched(places: Sequence[Place], reach: Reach) -> AsyncGenerator[list[Path]]:
    """The objects on disk; a store that does not answer is asked three times."""
    async with AsyncExitStack() as stack:
        yield [await _fetch(place, reach, stack) for place in places]


async def _fetch(place: Place, reach: Reach, stack: AsyncExitStack) -> Path:
    for attempt in range(1, STORAGE_TRIES + 1):
        try:
            return await stack.enter_async_context(reach.on_disk(place))
        except ObjectNotFound as error:
            if place.bucket is None:
                message = f"The bytes of {place.name} have not arrived; upload them, then retry."
                raise UnitFailed(UnitErrorCode.UPLOAD_INCOMPLETE, message) from error
            raise UnitFailed(UnitErrorCode.OBJECT_NOT_FOUND, str(error)) from error
        except Exception as error:
            failed = failure(error)
            if failed is None:
                raise
            if failed.code is not UnitErrorCode.STORAGE_UNAVAILABLE or attempt == STORAGE_TRIES:
                raise failed from error
            await anyio.sleep(0.2 * attempt)
    raise AssertionError("the last attempt returns or raises")


@contextmanager
def _media_faults() -> Iterator[None]:
    try:
        yield
    except MediaError as error:
        raise UnitFailed(MEDIA_CODES[error.code], error.message) from error


def _check_series(media: list[MediaInfo]) -> None:
    found = {info.dicom.series_uid for info in media if info.dicom}
    if len(found) > 1:
        listed = ", ".join(sorted(map(str, found))[:3])
        raise UnitFailed(
            UnitErrorCode.SERIES_MIXED,
            f"The files of one element belong to different series ({listed}); split the element.",
        )
