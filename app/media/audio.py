"""Audio files (WAV, AIFF, FLAC, Ogg, MP3); sound in an MP4 is read by `video`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.media import video
from app.media.errors import corrupt
from app.media.info import MediaInfo
from app.media.kinds import FLAC, M4A, MP3, WAV, Kind

if TYPE_CHECKING:
    import soundfile

# libsndfile's names of codecs, by how they begin -> ours.
CODECS = {
    "PCM_": "pcm",
    "FLOAT": "pcm_float",
    "DOUBLE": "pcm_float",
    "ULAW": "ulaw",
    "ALAW": "alaw",
    "ALAC_": "alac",
    "VORBIS": "vorbis",
    "OPUS": "opus",
    "MPEG_LAYER_III": "mp3",
}
BIT_DEPTHS = {
    "PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32, "DOUBLE": 64,
    "ULAW": 8, "ALAW": 8, "ALAC_16": 16, "ALAC_20": 20, "ALAC_24": 24, "ALAC_32": 32,
}  # fmt: skip
UNKNOWN_LENGTHS = (0, 0xFFFF_FFFF)


def read(path: Path, kind: Kind, name: str) -> MediaInfo:
    """What the sound is. A FLAC is looked at to its end; a cut MP3 is just a shorter one."""
    if kind == M4A:
        return video.read(path, kind, name)
    import soundfile  # noqa: PLC0415 - heavy

    if kind == WAV:
        _check_complete(path, name)
    try:
        with soundfile.SoundFile(path) as sound:
            return _info(sound, path, kind)
    except soundfile.LibsndfileError:
        if kind in {MP3, WAV}:
            return _by_mutagen(path, kind)
        raise


def _info(sound: "soundfile.SoundFile", path: Path, kind: Kind) -> MediaInfo:
    if kind == FLAC and sound.frames:
        sound.seek(sound.frames - 1)  # fails in a file that is cut off
    codec = next((ours for start, ours in CODECS.items() if sound.subtype.startswith(start)), None)
    return MediaInfo(
        type=kind.type,
        mime_type=kind.mime_type,
        byte_size=path.stat().st_size,
        duration_seconds=sound.frames / sound.samplerate,
        audio_sample_rate=sound.samplerate,
        audio_bit_depth=BIT_DEPTHS.get(sound.subtype),
        audio_channel_count=sound.channels,
        audio_codec="flac" if kind == FLAC else codec or sound.subtype.lower(),
    )


def _by_mutagen(path: Path, kind: Kind) -> MediaInfo:
    """For what libsndfile does not read, such as WAV files of 36 bits."""
    from mutagen import mp3, wave  # noqa: PLC0415 - heavy

    sound: Any = (mp3.MP3 if kind == MP3 else wave.WAVE)(path).info
    return MediaInfo(
        type=kind.type,
        mime_type=kind.mime_type,
        byte_size=path.stat().st_size,
        duration_seconds=sound.length,
        audio_sample_rate=sound.sample_rate,
        audio_bit_depth=sound.bits_per_sample if kind == WAV else None,
        audio_channel_count=sound.channels,
        audio_codec="pcm" if kind == WAV else "mp3",
    )


def _check_complete(path: Path, name: str) -> None:
    """Refuses a WAV file that is shorter than it says; what was recorded live says nothing."""
    byte_size = path.stat().st_size
    with path.open("rb") as file:
        mark, length = file.read(4), file.read(4)
    said = int.from_bytes(length, "big" if mark == b"RIFX" else "little")
    if mark != b"RF64" and said not in UNKNOWN_LENGTHS and said + 8 > byte_size + 1:
        raise corrupt(name, f"is cut off: it has {byte_size:,} bytes and needs {said + 8:,}.")
