"""The DICOM tags that we keep, in the DICOM JSON model (DICOM PS3.18, annex F).

A tag is eight upper-case hex digits, an element `{"vr": "UI", "Value": ["1.2"]}`.
"""

from collections.abc import Mapping
from typing import Any

from app.media.info import DicomTags

Tags = Mapping[str, Any]

INSTANCE_UID = "00080018"
PATIENT_ID = "00100020"
SLICE_THICKNESS = "00180050"
STUDY_UID = "0020000D"
SERIES_UID = "0020000E"
IMAGE_POSITION = "00200032"
IMAGE_ORIENTATION = "00200037"
PLANE_POSITION_SEQUENCE = "00209113"
PLANE_ORIENTATION_SEQUENCE = "00209116"
FRAME_COUNT = "00280008"
ROWS = "00280010"
COLUMNS = "00280011"
PIXEL_SPACING = "00280030"
PIXEL_MEASURES_SEQUENCE = "00289110"
SHARED_GROUPS = "52009229"
FRAME_GROUPS = "52009230"
MODALITY = "00080060"

# ReferencedInstance and ReferencedFrame sequences, InstanceNumber, PhotometricInterpretation,
# WindowCenter and WindowWidth have no rule of their own.
METADATA_TAGS = (
    INSTANCE_UID,
    PATIENT_ID,
    SLICE_THICKNESS,
    "00181114",
    "00181164",
    STUDY_UID,
    SERIES_UID,
    "00200013",
    IMAGE_POSITION,
    IMAGE_ORIENTATION,
    PLANE_POSITION_SEQUENCE,
    PLANE_ORIENTATION_SEQUENCE,
    "00280004",
    FRAME_COUNT,
    ROWS,
    COLUMNS,
    PIXEL_SPACING,
    "00281050",
    "00281051",
    PIXEL_MEASURES_SEQUENCE,
    SHARED_GROUPS,
    FRAME_GROUPS,
)
# Without these a file is not taken. PatientID may be empty, as it is in de-identified files.
REQUIRED = {
    ROWS: "Rows",
    COLUMNS: "Columns",
    STUDY_UID: "StudyInstanceUID",
    SERIES_UID: "SeriesInstanceUID",
    INSTANCE_UID: "SOPInstanceUID",
    PATIENT_ID: "PatientID",
}
MAY_BE_EMPTY = frozenset({PATIENT_ID})
# What a volume needs -> the sequence that holds it in an enhanced multi-frame file.
VOLUME_TAGS = {
    IMAGE_POSITION: PLANE_POSITION_SEQUENCE,
    IMAGE_ORIENTATION: PLANE_ORIENTATION_SEQUENCE,
    SLICE_THICKNESS: PIXEL_MEASURES_SEQUENCE,
    PIXEL_SPACING: PIXEL_MEASURES_SEQUENCE,
}


def from_json(tags: Tags) -> DicomTags:
    """`tags` has at least the keys of `METADATA_TAGS`; others but the modality are not kept."""
    return DicomTags(
        study_uid=_text(tags, STUDY_UID),
        series_uid=_text(tags, SERIES_UID),
        instance_uid=_text(tags, INSTANCE_UID),
        patient_id=_text(tags, PATIENT_ID),
        modality=_text(tags, MODALITY),
        rows=whole_number(tags, ROWS),
        columns=whole_number(tags, COLUMNS),
        can_render_3d=can_render_3d(tags),
        metadata={tag: tags[tag] for tag in METADATA_TAGS},
    )


def missing(tags: Tags) -> list[str]:
    """The required tags that are not there, each as `PatientID (0010,0020)`."""
    return [
        f"{name} ({tag[:4]},{tag[4:]})"
        for tag, name in REQUIRED.items()
        if not (tags.get(tag) if tag in MAY_BE_EMPTY else any(_values(tags, tag)))
    ]


def can_render_3d(tags: Tags) -> bool:
    """Whether position, orientation, thickness and spacing are there.

    Enhanced multi-frame files keep them in functional groups: the shared one or those of the
    frames, of which the first stands for all.
    """
    groups = [tags, *_items(tags, SHARED_GROUPS), *_items(tags, FRAME_GROUPS)]
    return all(
        any(_values(place, tag) for group in groups for place in (group, *_items(group, sequence)))
        for tag, sequence in VOLUME_TAGS.items()
    )


def whole_number(tags: Tags, tag: str) -> int | None:
    """The first value as a number; None if there is none or it is no whole number."""
    values = _values(tags, tag)
    try:
        return int(values[0]) if values else None
    except (TypeError, ValueError):
        return None


def _text(tags: Tags, tag: str) -> str | None:
    """The first value; an empty element is an empty text, a tag that is not there is None."""
    if not isinstance(tags.get(tag), Mapping):
        return None
    return str(next(iter(_values(tags, tag)), ""))


def _values(tags: Tags, tag: str) -> list[Any]:
    element = tags.get(tag)
    values = element.get("Value") if isinstance(element, Mapping) else None
    return [value for value in values if value is not None] if isinstance(values, list) else []


def _items(tags: Tags, tag: str) -> list[Tags]:
    """The first item of a sequence."""
    return [item for item in _values(tags, tag)[:1] if isinstance(item, Mapping)]
