"""The frames of a video that its metadata describes, under `$encord`.

    {"$encord": {"config": {"keyframe_mode": "frame"}, "frames": {"149": {"clip": [0.1, 0.4]}}}}

The document has passed the checks of client metadata; what still has another shape is passed over.
"""

import math
from collections.abc import Iterator, Mapping

RESERVED = "$encord"
LAST_FRAME = 2**31 - 1

Frame = tuple[int, Mapping[str, object]]


def described_frames(
    document: Mapping[str, object], frames_per_second: float | None = None
) -> Iterator[Frame]:
    """Each described frame, counted from 0, with its own metadata.

    In the mode `seconds` the positions become frames by the rate of the video; while that is not
    known there are none.
    """
    reserved = _object(document.get(RESERVED))
    in_seconds = _object(reserved.get("config")).get("keyframe_mode") == "seconds"
    if in_seconds and frames_per_second is None:
        return
    scale = frames_per_second if in_seconds else None
    for position, metadata in _object(reserved.get("frames")).items():
        frame = _frame(position, scale)
        if frame is not None and isinstance(metadata, Mapping):
            yield frame, metadata


def _frame(position: str, frames_per_second: float | None) -> int | None:
    """The frame that is shown at that position."""
    try:
        frame = int(position) if frames_per_second is None else float(position) * frames_per_second
    except ValueError:
        return None
    if not 0 <= frame <= LAST_FRAME:
        return None
    return math.floor(frame + 1e-6)  # 4.35 seconds of 100 frames are 434.99999999999994


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
