"""Media metadata that a caller gives instead of letting us read the file (domain dossier 3.3).

The values are taken as they are: wrong ones lead to wrong labels and are the caller's problem.
Only that every field is there and of its JSON type is checked.
"""

from collections.abc import Mapping
from typing import Any

from app.core.errors import Invalid
from app.core.errors import Path as FieldPath
from app.media import dicom_tags
from app.media.info import MAX_FIGURE, MediaInfo, MediaType, frame_count

MAX_BYTE_SIZE = 2**53  # the largest whole number that every reader of JSON gets right
FIELDS: dict[MediaType, dict[str, type[Any]]] = {
    MediaType.VIDEO: {
        "fps": float,
        "duration": float,
        "width": int,
        "height": int,
        "file_size": int,
        "mime_type": str,
    },
    MediaType.IMAGE: {"mime_type": str, "file_size": int, "height": int, "width": int},
    MediaType.AUDIO: {
        "duration": float,
        "file_size": int,
        "mime_type": str,
        "sample_rate": int,
        "bit_depth": int,
        "codec": str,
        "num_channels": int,
    },
    MediaType.PLAIN_TEXT: {"file_size": int, "mime_type": str},
    MediaType.PDF: {"file_size": int, "num_pages": int},
    MediaType.DICOM_FILE: {"tags": dict},
}
LIMITS = {"file_size": MAX_BYTE_SIZE}
TYPE_WORDS = {float: "a number", int: "a whole number", str: "a text", dict: "an object"}
# Declared field -> member of MediaInfo.
MEMBERS = {
    "duration": "duration_seconds",
    "file_size": "byte_size",
    "sample_rate": "audio_sample_rate",
    "bit_depth": "audio_bit_depth",
    "codec": "audio_codec",
    "num_channels": "audio_channel_count",
    "num_pages": "page_count",
}


def media_info(kind: MediaType, given: Mapping[str, Any], *, field: FieldPath = ()) -> MediaInfo:
    """What the caller says of a file, with snake_case keys; keys that we do not know are left out.

    `field` is the path of `given` in the document, for the error. Raises Invalid; KeyError for a
    type that has no such metadata (NIfTI, time series, scene).
    """
    fields = FIELDS[kind]
    for name, wanted in fields.items():
        value: Any = given.get(name)
        if type(value) is not wanted and not (wanted is float and type(value) is int):
            raise _invalid(kind, given, name, field)
        if (wanted is int or wanted is float) and not abs(value) <= LIMITS.get(name, MAX_FIGURE):
            raise Invalid(f"{name} is out of range.", field=(*field, name))
    if kind == MediaType.DICOM_FILE:
        return _dicom(given["tags"], (*field, "tags"))
    values = {MEMBERS.get(name, name): given[name] for name in fields}
    if kind == MediaType.VIDEO:
        values["frame_count"] = _frame_count(given["fps"], given["duration"], field)
    if kind == MediaType.PDF:
        values["mime_type"] = "application/pdf"
    return MediaInfo(type=kind, **values)


def _frame_count(fps: float, duration: float, field: FieldPath) -> int:
    frames = frame_count(fps, duration)
    if abs(frames) > MAX_FIGURE:
        raise Invalid("fps times duration is out of range.", field=(*field, "duration"))
    return frames


def _invalid(kind: MediaType, given: Mapping[str, Any], name: str, field: FieldPath) -> Invalid:
    if name in given:
        return Invalid(f"{name} must be {TYPE_WORDS[FIELDS[kind][name]]}.", field=(*field, name))
    listed = ", ".join(FIELDS[kind])
    return Invalid(f"{name} is missing; give all of {listed}.", field=(*field, name))


def _dicom(tags: Mapping[str, Any], field: FieldPath) -> MediaInfo:
    """DICOM JSON elements by tag; each of the 22 tags must be a key, null if it is absent."""
    for tag in dicom_tags.METADATA_TAGS:
        if tag not in tags:
            raise Invalid(
                f"The DICOM tag {tag} is missing; give all 22 tags, null for one that is absent.",
                field=(*field, tag),
            )
        if not isinstance(tags[tag], Mapping | None):
            raise Invalid(
                f"The DICOM tag {tag} must be an element in the DICOM JSON model, or null.",
                field=(*field, tag),
            )
    kept = dicom_tags.from_json(tags)
    return MediaInfo(
        type=MediaType.DICOM_FILE,
        mime_type="application/dicom",
        byte_size=None,
        width=kept.columns,
        height=kept.rows,
        frame_count=dicom_tags.whole_number(tags, dicom_tags.FRAME_COUNT) or 1,
        dicom=kept,
    )
