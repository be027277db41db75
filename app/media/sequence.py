"""Makes one video of the images of a sequence."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from app.media import images, probing
from app.media.errors import MediaError, MediaErrorCode, corrupt, rejected
from app.media.info import MediaInfo, MediaType

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream
    from PIL import Image

# A number for players: frame n is image n at any rate, and every player knows this one.
FPS = 25
# Browsers play the first; the second is for a PyAV that was built without it.
CODECS = ("libx264", "mpeg4")
# Good enough for drawing outlines, quick, and with a whole picture each second to jump to. Without
# latency: the encoder gives each frame back before it takes the next, else it would keep forty.
OPTIONS = {
    "libx264": {"crf": "18", "preset": "veryfast", "tune": "zerolatency", "g": str(FPS)},
    "mpeg4": {"qscale": "2", "g": str(FPS)},
}
MAX_SIDE = 8192  # of what decoders in hardware take


def encode_sequence(frames: Sequence[Path], target: Path, *, fps: int = FPS) -> MediaInfo:
    """Writes an MP4 (H.264, 4:2:0) to `target` and says what it is; frame n is image n.

    The codec takes even sizes only: an odd width or height gets one black column on the right or
    row below, so that a pixel keeps its place. Images are turned as EXIF asks. Raises MediaError
    before anything is written if a frame is no image or of another size than the first.
    """
    size = _common_size(frames)
    try:
        _write(frames, target, size, fps)
        return probing.probe(target, name=target.name, expected=MediaType.VIDEO)
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, MemoryError):
            raise rejected(target.name, "takes too much memory to make.") from None
        raise


def _common_size(frames: Sequence[Path]) -> tuple[int, int]:
    """Width and height in pixels."""
    if not frames:
        raise ValueError("a sequence has at least one frame")
    first = _size(frames[0])
    for number, frame in enumerate(frames):
        size = _size(frame)
        if size != first:
            raise MediaError(
                MediaErrorCode.FRAME_SIZE_MISMATCH,
                f"Frame {number} ({frame.name}) is {size[0]} x {size[1]} pixels, but frame 0 is "
                f"{first[0]} x {first[1]}; all frames of an image sequence must have one size.",
            )
    return first


def _size(frame: Path) -> tuple[int, int]:
    info = probing.probe(frame, name=frame.name, expected=MediaType.IMAGE)
    width, height = info.width or 0, info.height or 0
    if max(width, height) > MAX_SIDE:
        raise rejected(frame.name, f"is {width} x {height} pixels; a video takes up to {MAX_SIDE}.")
    return width, height


def _write(frames: Sequence[Path], target: Path, size: tuple[int, int], fps: int) -> None:
    import av  # noqa: PLC0415 - heavy

    from_image: Any = av.VideoFrame.from_image  # untyped
    with av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = _stream(container, size, fps)
        for number, frame in enumerate(frames):
            picture = from_image(_picture(frame, (stream.width, stream.height)))
            picture.pts, picture.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def _stream(container: "OutputContainer", size: tuple[int, int], fps: int) -> "VideoStream":
    import av  # noqa: PLC0415 - heavy

    codec = next(name for name in CODECS if name in av.codecs_available)
    stream = cast("VideoStream", container.add_stream(codec, rate=fps, options=OPTIONS[codec]))
    stream.width, stream.height = (length + length % 2 for length in size)
    stream.pix_fmt = "yuv420p"
    return stream


def _picture(frame: Path, size: tuple[int, int]) -> "Image.Image":
    """The image as shown, padded to `size`."""
    from PIL import ImageOps  # noqa: PLC0415 - heavy

    with images.opened(frame, frame.name) as image:
        try:
            ImageOps.exif_transpose(image, in_place=True)  # else it makes a copy in any case
            shown = image if image.mode == "RGB" else image.convert("RGB")
            shown.load()
        except (OSError, SyntaxError, ValueError) as error:
            raise corrupt(frame.name, "is damaged or cut off.") from error
        return shown if shown.size == size else shown.crop((0, 0, *size))
