"""Videos, and sound in the containers of videos (MP4, QuickTime, Matroska, WebM, AVI, MPEG)."""

from pathlib import Path
from typing import TYPE_CHECKING

from app.media import isobmff
from app.media.errors import corrupt, rejected
from app.media.info import MediaInfo, MediaType, frame_count
from app.media.kinds import AVI, M4A, MATROSKA, MP4, MPEG, MPEG_TS, QUICKTIME, WEBM, Kind

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream

# The demuxer is always named: a guess could take a text file for a playlist that names other files.
DEMUXERS = {
    MP4: "mov",
    QUICKTIME: "mov",
    M4A: "mov",
    MATROSKA: "matroska",
    WEBM: "matroska",
    AVI: "avi",
    MPEG: "mpeg",
    MPEG_TS: "mpegts",
}
SOUND_TYPES = {MP4: "audio/mp4", MATROSKA: "audio/x-matroska", WEBM: "audio/webm"}
ALAC_BIT_DEPTH_AT = 17  # after the box's size, name and version: frame length, compatible version
MAX_PACKETS = 2_000_000
MICROSECONDS = 1_000_000


def read(path: Path, kind: Kind, name: str) -> MediaInfo:
    """What the video is; a container without pictures (a cover does not count) is AUDIO.

    The first picture is decoded, the others are not looked at.
    """
    import av  # noqa: PLC0415 - heavy

    if DEMUXERS[kind] == "mov":
        isobmff.check_complete(path, name)
    options = {"protocol_whitelist": "file"}
    with av.open(str(path), format=DEMUXERS[kind], options=options) as container:
        pictures = [stream for stream in container.streams.video if not _is_cover(stream)]
        if pictures:
            return _video(container, pictures[0], path, kind, name)
        if container.streams.audio:
            return _sound(container, container.streams.audio[0], path, kind, name)
    raise corrupt(name, "holds neither pictures nor sound.")


def _video(
    container: "InputContainer", stream: "VideoStream", path: Path, kind: Kind, name: str
) -> MediaInfo:
    width, height = _shown_size(container, stream, name)
    fps = float(stream.average_rate or stream.guessed_rate or 0)
    duration = _duration(container, stream)
    frames = stream.frames
    if not duration or not fps:
        frames, duration = _counted(container, stream, name)
        fps = fps or frames / duration
    return MediaInfo(
        type=kind.type,
        mime_type=kind.mime_type,
        byte_size=path.stat().st_size,
        width=width,
        height=height,
        fps=fps,
        duration_seconds=duration,
        frame_count=frames or frame_count(fps, duration),
    )


def _sound(
    container: "InputContainer", stream: "AudioStream", path: Path, kind: Kind, name: str
) -> MediaInfo:
    codec = stream.codec_context.name
    duration = _duration(container, stream) or _counted(container, stream, name)[1]
    return MediaInfo(
        type=MediaType.AUDIO,
        mime_type=SOUND_TYPES.get(kind, kind.mime_type),
        byte_size=path.stat().st_size,
        duration_seconds=duration,
        audio_sample_rate=stream.codec_context.sample_rate,
        audio_bit_depth=_bit_depth(stream),
        audio_channel_count=stream.codec_context.channels,
        audio_codec="pcm" if codec.startswith("pcm_") else codec,
    )


def _bit_depth(stream: "AudioStream") -> int | None:
    """Of PCM, which has it in its name (`pcm_s24le`), and of ALAC, which has it in its header."""
    codec = stream.codec_context.name
    if codec == "alac" and stream.codec_context.extradata:
        return stream.codec_context.extradata[ALAC_BIT_DEPTH_AT]
    digits = "".join(filter(str.isdigit, codec)) if codec.startswith("pcm_") else ""
    return int(digits) if digits else None


def _is_cover(stream: "VideoStream") -> bool:
    from av.stream import Disposition  # noqa: PLC0415 - heavy

    return bool(stream.disposition & Disposition.attached_pic)


def _shown_size(container: "InputContainer", stream: "VideoStream", name: str) -> tuple[int, int]:
    """Width and height of the first picture after the rotation that its track asks for."""
    stream.codec_context.thread_count = 1  # threads take address space, which the sandbox limits
    for frame in container.decode(stream):
        on_its_side = frame.rotation % 180 != 0
        return (frame.height, frame.width) if on_its_side else (frame.width, frame.height)
    raise corrupt(name, "holds no picture that can be decoded.")


def _duration(container: "InputContainer", stream: "VideoStream | AudioStream") -> float | None:
    """Seconds of the track, or else of the file; None for a live recording, which tells neither."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / MICROSECONDS if container.duration else None


def _counted(
    container: "InputContainer", stream: "VideoStream | AudioStream", name: str
) -> tuple[int, float]:
    """Packets and seconds of a track, by reading all of the file."""
    container.seek(0)
    count, end = 0, 0.0
    for packet in container.demux(stream):
        if packet.pts is not None:
            count += 1
            end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        if count > MAX_PACKETS:
            raise rejected(
                name, f"has more than {MAX_PACKETS:,} packets and does not tell its length."
            )
    if not count or not end:
        raise corrupt(name, "does not tell how long it is.")
    return count, end
