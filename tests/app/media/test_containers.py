"""Videos, sounds and documents that the tests make: what a container says and what it leaves out."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import NameObject, NumberObject

from app.media import probing
from app.media.errors import MediaError, MediaErrorCode
from app.media.info import MediaType


def film(path: Path, *, container: str, codec: str, frames: int, rotation: int = 0) -> Path:
    """Grey pictures of 64 x 48 at 10 frames a second."""
    options = {"movflags": "faststart"} if container == "mp4" else {}
    with av.open(str(path), "w", format=container, options=options) as output:
        stream = output.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        if rotation:
            stream.set_display_rotation(rotation)
        for number in range(frames):
            picture = av.VideoFrame.from_image(Image.new("L", (64, 48), number * 5).convert("RGB"))
            picture.pts, picture.time_base = number, Fraction(1, 10)
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("container", "codec", "mime_type"),
    [
        ("mp4", "mpeg4", "video/mp4"),
        ("mov", "mpeg4", "video/quicktime"),
        ("matroska", "mpeg4", "video/x-matroska"),
        ("webm", "libvpx", "video/webm"),
        ("avi", "mpeg4", "video/x-msvideo"),
    ],
)
def test_a_container_has_its_frames(
    container: str, codec: str, mime_type: str, tmp_path: Path
) -> None:
    path = film(tmp_path / "clip", container=container, codec=codec, frames=23)
    info = probing.probe(path, name="upload", expected=MediaType.VIDEO)
    assert (info.mime_type, info.width, info.height) == (mime_type, 64, 48)
    assert (info.frame_count, info.fps) == (23, pytest.approx(10))
    assert info.duration_seconds == pytest.approx(2.3, abs=0.05)


@pytest.mark.parametrize(
    ("rotation", "size"), [(0, (64, 48)), (90, (48, 64)), (180, (64, 48)), (270, (48, 64))]
)
def test_a_video_has_the_size_that_is_shown(
    rotation: int, size: tuple[int, int], tmp_path: Path
) -> None:
    path = film(tmp_path / "c", container="mp4", codec="mpeg4", frames=2, rotation=rotation)
    info = probing.probe(path, name="clip.mp4")
    assert (info.width, info.height) == size


def test_a_video_that_lacks_its_last_byte_is_cut_off(tmp_path: Path) -> None:
    path = film(tmp_path / "clip", container="mp4", codec="mpeg4", frames=23)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(MediaError, match=r"clip\.mp4 is cut off: it has [\d,]+ bytes") as refusal:
        probing.probe(path, name="clip.mp4")
    assert refusal.value.code == MediaErrorCode.MEDIA_CORRUPT


def test_the_frames_of_a_live_recording_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "live.webm"
    film(path, container="webm", codec="libvpx", frames=23)
    data = path.read_bytes()
    at = data.index(b"\x44\x89\x88")  # the Duration of the segment becomes padding
    path.write_bytes(data[:at] + b"\xec\x89" + bytes(9) + data[at + 11 :])
    info = probing.probe(path, name="live.webm")
    assert info.frame_count == 23
    assert info.duration_seconds == pytest.approx(2.3, abs=0.11)


def tone(path: Path, **kind: str) -> Path:
    """A quarter of a second in two channels at 48 kHz."""
    soundfile.write(path, np.zeros((12_000, 2)), 48_000, **kind)
    return path


@pytest.mark.parametrize(
    ("suffix", "subtype", "mime_type", "codec", "bits"),
    [
        ("wav", "PCM_24", "audio/wav", "pcm", 24),
        ("flac", "PCM_16", "audio/flac", "flac", 16),
        ("aiff", "PCM_16", "audio/aiff", "pcm", 16),
        ("ogg", "VORBIS", "audio/ogg", "vorbis", None),
        ("ogg", "OPUS", "audio/ogg", "opus", None),
        ("mp3", "MPEG_LAYER_III", "audio/mpeg", "mp3", None),
    ],
)
def test_each_format_of_sound_is_read(
    suffix: str, subtype: str, mime_type: str, codec: str, bits: int | None, tmp_path: Path
) -> None:
    path = tone(tmp_path / f"tone.{suffix}", subtype=subtype)
    info = probing.probe(path, name="upload", expected=MediaType.AUDIO)
    assert (info.mime_type, info.audio_codec, info.audio_bit_depth) == (mime_type, codec, bits)
    assert (info.audio_sample_rate, info.audio_channel_count) == (48_000, 2)
    assert info.duration_seconds == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize("expected", [None, MediaType.AUDIO])
@pytest.mark.parametrize(
    ("container", "codec", "found"),
    [
        ("mp4", "aac", ("audio/mp4", "aac", None)),
        ("ipod", "alac", ("audio/mp4", "alac", 24)),
        ("mov", "pcm_s24le", ("video/quicktime", "pcm", 24)),
        ("webm", "libopus", ("audio/webm", "opus", None)),
    ],
)
def test_a_container_without_pictures_is_a_sound(
    container: str,
    codec: str,
    found: tuple[str, str, int | None],
    expected: MediaType | None,
    tmp_path: Path,
) -> None:
    path = tmp_path / "sound"
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, rate=48_000, layout="stereo")
        stream.format = stream.codec_context.codec.audio_formats[0]
        silence = np.zeros((2, 48_000), "float32")
        frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="stereo")
        frame.sample_rate = 48_000
        resampler = av.AudioResampler(stream.format, "stereo", 48_000, stream.frame_size or None)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    info = probing.probe(path, name="upload", expected=expected)
    assert info.type == MediaType.AUDIO
    assert (info.mime_type, info.audio_codec, info.audio_bit_depth) == found
    assert (info.audio_sample_rate, info.audio_channel_count) == (48_000, 2)
    assert info.duration_seconds == pytest.approx(1.0, abs=0.05)


def test_a_flac_that_is_cut_off_is_corrupt(tmp_path: Path) -> None:
    path = tone(tmp_path / "tone.flac")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(MediaError) as refusal:
        probing.probe(path, name="tone.flac")
    assert refusal.value.code == MediaErrorCode.MEDIA_CORRUPT


def document(path: Path, pages: int, *, said: int | None = None, password: str = "") -> Path:
    """Empty pages; `said` is what the document says of their number."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 100)
    if said is not None:
        writer.root_object["/Pages"][NameObject("/Count")] = NumberObject(said)
    if password:
        writer.encrypt(password, algorithm="AES-256")
    writer.write(path)
    return path


@pytest.mark.parametrize("pages", [1, 7, 300])
def test_a_pdf_has_its_pages(pages: int, tmp_path: Path) -> None:
    path = document(tmp_path / "paper.pdf", pages)
    info = probing.probe(path, name="upload", expected=MediaType.PDF)
    assert (info.mime_type, info.page_count, info.width) == ("application/pdf", pages, None)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (0, MediaErrorCode.MEDIA_CORRUPT),
        (-1, MediaErrorCode.MEDIA_CORRUPT),
        (2_000_000_000, MediaErrorCode.MEDIA_REJECTED),
    ],
)
def test_a_pdf_with_a_senseless_number_of_pages_is_refused(
    said: int, code: MediaErrorCode, tmp_path: Path
) -> None:
    with pytest.raises(MediaError) as refusal:
        probing.probe(document(tmp_path / "paper.pdf", 1, said=said), name="paper.pdf")
    assert refusal.value.code == code


def test_a_locked_pdf_asks_for_one_without_a_password(tmp_path: Path) -> None:
    path = document(tmp_path / "paper.pdf", 1, password="sesame")
    with pytest.raises(MediaError, match=r"paper\.pdf is locked with a password") as refusal:
        probing.probe(path, name="paper.pdf")
    assert refusal.value.code == MediaErrorCode.FILE_TYPE_NOT_SUPPORTED
