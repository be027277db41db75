"""What there is to know of a media file."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

# No figure of a real file is larger, except its size in bytes; a database integer ends here.
MAX_FIGURE = 2**31 - 1


class MediaType(StrEnum):
    """The kinds of file that can be registered."""

    VIDEO = "VIDEO"
    IMAGE = "IMAGE"
    DICOM_FILE = "DICOM_FILE"
    NIFTI = "NIFTI"
    AUDIO = "AUDIO"
    PLAIN_TEXT = "PLAIN_TEXT"
    PDF = "PDF"
    TIME_SERIES = "TIME_SERIES"
    SCENE = "SCENE"


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomTags:
    """The DICOM tags that we work with. A value is None only where the caller declared null.

    `metadata` is in the DICOM JSON model: tag as eight upper-case hex digits -> element, or None
    for a tag that the file lacks. It always has the 22 keys of `dicom_tags.METADATA_TAGS`.
    """

    study_uid: str | None
    series_uid: str | None
    instance_uid: str | None
    patient_id: str | None
    modality: str | None
    rows: int | None
    columns: int | None
    can_render_3d: bool
    metadata: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaInfo:
    """What a file is. A member is None where it has no meaning for the type, or is not known.

    - `width`, `height`: pixels as shown, so after the rotation that EXIF or a video track asks for;
      non-square pixels are not stretched. DICOM: Columns and Rows. NIfTI: first and second axis.
    - `frame_count`: video: the container's own count, else `frame_count(fps, duration)`;
      image: only if the file holds more than one; DICOM: NumberOfFrames, 1 without it;
      NIfTI: slices along the third axis of one volume (points in time are not frames).
    - `duration_seconds`: of the video track, or of the sound.
    - `audio_bit_depth`: bits of a stored sample; None for lossy codecs, which have none.
    - `byte_size`: None only for DICOM tags that the caller declared, which do not tell it.
    """

    type: MediaType
    mime_type: str
    byte_size: int | None
    width: int | None = None
    height: int | None = None
    frame_count: int | None = None
    fps: float | None = None
    duration_seconds: float | None = None
    audio_sample_rate: int | None = None
    audio_bit_depth: int | None = None
    audio_channel_count: int | None = None
    audio_codec: str | None = None
    page_count: int | None = None
    dicom: DicomTags | None = None


def frame_count(fps: float, duration_seconds: float) -> int:
    """Frames of a video: the product rounded up.

    Rounded to six decimals first: 25 * 0.28 is 7.000000000000001 in floats, and 7 frames.
    """
    return math.ceil(round(fps * duration_seconds, 6))
