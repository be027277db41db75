"""What real files are, beside figures that were read from their bytes by other means."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.media import probing
from app.media.errors import MediaError, MediaErrorCode
from app.media.info import MediaType
from app.media.samples import samples

REAL = {sample.path.name: sample.path for sample in samples()}
PCM = "test-44100Hz-le-1ch-4bytes.wav"
FLOAT = "test-44100Hz-2ch-32bit-float-le.wav"
BYTES = "test-8000Hz-le-2ch-1byteu.wav"
MU_LAW = "test-8000Hz-le-1ch-1byte-ulaw.wav"
ODD_BITS = "test-8000Hz-le-3ch-5S-36bit.wav"

# type, MIME type, width, height, frames; DICOM rows and columns are in test_dicom.
PICTURES = {
    "astronaut.png": (MediaType.IMAGE, "image/png", 512, 512, None),
    "chelsea.png": (MediaType.IMAGE, "image/png", 451, 300, None),
    "hubble_deep_field.jpg": (MediaType.IMAGE, "image/jpeg", 1000, 872, None),
    "retina.jpg": (MediaType.IMAGE, "image/jpeg", 1411, 1411, None),
    "multipage.tif": (MediaType.IMAGE, "image/tiff", 10, 15, 2),
    "no_time_for_that_tiny.gif": (MediaType.IMAGE, "image/gif", 14, 25, 24),
    "anatomical.nii": (MediaType.NIFTI, "application/nifti", 33, 41, 25),
    "functional.nii": (MediaType.NIFTI, "application/nifti", 17, 21, 3),
    "example4d.nii.gz": (MediaType.NIFTI, "application/nifti", 128, 96, 24),
    "example_nifti2.nii.gz": (MediaType.NIFTI, "application/nifti", 32, 20, 12),
}
# width, height, frames, frames per second, seconds: from the boxes stsz, mdhd and avc1.
VIDEOS = {
    "bigbuckbunny.mp4": (1280, 720, 132, 25.0, 5.28),
    "bikes.mp4": (640, 272, 250, 25.0, 10.0),
    "carphone_distorted.mp4": (176, 144, 120, 30000 / 1001, 4.004),
    "carphone_pristine.mp4": (176, 144, 120, 30000 / 1001, 4.004),
}
# Hz, bits, channels, codec, seconds: from the chunks fmt and data.
SOUNDS = {
    PCM: (44100, 32, 1, "pcm", 0.1),
    FLOAT: (44100, 32, 2, "pcm_float", 0.01),
    BYTES: (8000, 8, 2, "pcm", 0.1),
    MU_LAW: (8000, 8, 1, "ulaw", 9 / 8000),
    ODD_BITS: (8000, 36, 3, "pcm", 5 / 8000),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_has_its_size(name: str) -> None:
    info = probing.probe(REAL[name], name=name)
    found = (info.type, info.mime_type, info.width, info.height, info.frame_count)
    assert found == PICTURES[name]
    assert info.byte_size == REAL[name].stat().st_size
    assert (info.fps, info.duration_seconds, info.page_count, info.dicom) == (None,) * 4


@pytest.mark.parametrize("name", VIDEOS)
def test_a_video_has_the_frames_that_its_container_counts(name: str) -> None:
    info = probing.probe(REAL[name], name=name, expected=MediaType.VIDEO)
    found = (info.width, info.height, info.frame_count, info.fps, info.duration_seconds)
    assert found == pytest.approx(VIDEOS[name])
    assert (info.type, info.mime_type) == (MediaType.VIDEO, "video/mp4")


@pytest.mark.parametrize("name", SOUNDS)
def test_a_sound_has_its_rate_and_length(name: str) -> None:
    info = probing.probe(REAL[name], name=name)
    assert (info.type, info.mime_type) == (MediaType.AUDIO, "audio/wav")
    assert (info.audio_sample_rate, info.audio_bit_depth) == SOUNDS[name][:2]
    assert (info.audio_channel_count, info.audio_codec) == SOUNDS[name][2:4]
    assert info.duration_seconds == pytest.approx(SOUNDS[name][4])


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.path.name)
def test_a_sample_is_what_it_is_said_to_be(sample) -> None:
    if sample.good:
        info = probing.probe(sample.path, name=sample.path.name, expected=sample.type)
        assert info.type == sample.type
    else:
        with pytest.raises(MediaError, match=sample.path.name):
            probing.probe(sample.path, name=sample.path.name, expected=sample.type)


@pytest.mark.parametrize(
    ("name", "expected", "message"),
    [
        ("coins.png", MediaType.VIDEO, "Expected a video, got a file of type image"),
        ("bikes.mp4", MediaType.IMAGE, "Expected an image, got a file of type video"),
        ("CT_small.dcm", MediaType.NIFTI, "Expected a NIfTI volume, got a file of type DICOM file"),
        ("anatomical.nii", MediaType.PDF, "Expected a PDF, got a file of type NIfTI volume"),
        ("bikes.mp4", MediaType.AUDIO, "Expected an audio file, got a file of type video"),
        (PCM, MediaType.PLAIN_TEXT, "Expected a text file, got a file of type audio file"),
        (
            "graphiql.html",
            MediaType.DICOM_FILE,
            "Expected a DICOM file, got a file of type text file",
        ),
        (
            "graphiql.html",
            MediaType.TIME_SERIES,
            "Expected a time series, got a file of type text file",
        ),
    ],
)
def test_a_file_of_another_type_is_named_as_such(
    name: str, expected: MediaType, message: str
) -> None:
    with pytest.raises(MediaError) as refusal:
        probing.probe(REAL[name], name=name, expected=expected)
    assert refusal.value.code == MediaErrorCode.WRONG_TYPE
    assert refusal.value.message == message
    assert not refusal.value.retryable


@pytest.mark.parametrize(
    "name", ["astronaut.png", "rocket.jpg", "bikes.mp4", "anatomical.nii", "CT_small.dcm", PCM,
             "no_time_for_that_tiny.gif", "multipage.tif"],
)  # fmt: skip
def test_a_file_that_is_cut_in_the_middle_is_corrupt(name: str, tmp_path: Path) -> None:
    whole = REAL[name].read_bytes()
    cut = tmp_path / "upload"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(MediaError, match=name) as refusal:
        probing.probe(cut, name=name)
    assert refusal.value.code == MediaErrorCode.MEDIA_CORRUPT


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.png", b"", MediaErrorCode.MEDIA_CORRUPT),
        ("noise.bin", bytes(range(256)) * 4, MediaErrorCode.FILE_TYPE_NOT_SUPPORTED),
        ("noise.txt", bytes(range(256)) * 4, MediaErrorCode.MEDIA_CORRUPT),
        ("noise.jpg", bytes(range(256)) * 4, MediaErrorCode.MEDIA_CORRUPT),
        ("noise.mp4", bytes(range(256)) * 4, MediaErrorCode.MEDIA_CORRUPT),
        ("noise.mp3", bytes(range(256)) * 4, MediaErrorCode.MEDIA_CORRUPT),
        ("noise.nii.gz", bytes(range(256)) * 4, MediaErrorCode.MEDIA_CORRUPT),
        ("scan.dcm.gz", b"\x1f\x8b" + bytes(range(256)), MediaErrorCode.FILE_TYPE_NOT_SUPPORTED),
        ("photo.heic", b"\0\0\0\x18ftypheic" + bytes(64), MediaErrorCode.FILE_TYPE_NOT_SUPPORTED),
        ("head.png", b"\x89PNG\r\n\x1a\n", MediaErrorCode.MEDIA_CORRUPT),
        ("head.pdf", b"%PDF-1.7\n", MediaErrorCode.MEDIA_CORRUPT),
        ("head.wav", b"RIFF\0\0\0\0WAVE", MediaErrorCode.MEDIA_CORRUPT),
        ("head.mkv", b"\x1aE\xdf\xa3\0\0\0\0", MediaErrorCode.MEDIA_CORRUPT),
    ],
)
def test_nonsense_gets_a_code_and_a_sentence(
    name: str, content: bytes, code: MediaErrorCode, tmp_path: Path
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(content)
    with pytest.raises(MediaError) as refusal:
        probing.probe(path, name=name)
    assert refusal.value.code == code
    assert refusal.value.message.startswith(f"{name} is ")
    assert refusal.value.message.endswith(".")


def test_the_content_decides_before_the_name() -> None:
    info = probing.probe(REAL["coins.png"], name="coins.mp4")
    assert (info.type, info.mime_type) == (MediaType.IMAGE, "image/png")


@pytest.mark.parametrize(
    ("name", "expected", "found"),
    [
        ("series.csv", None, (MediaType.PLAIN_TEXT, "text/csv")),
        ("series.csv", MediaType.TIME_SERIES, (MediaType.TIME_SERIES, "text/csv")),
        ("series.csv", MediaType.PLAIN_TEXT, (MediaType.PLAIN_TEXT, "text/csv")),
    ],
)
def test_a_table_is_a_time_series_only_where_one_is_expected(
    name: str, expected: MediaType | None, found: tuple[MediaType, str]
) -> None:
    info = probing.probe(REAL["mt19937-testset-1.csv"], name=name, expected=expected)
    assert (info.type, info.mime_type) == found


def test_importing_the_package_loads_no_heavy_library() -> None:
    script = (
        "import sys; import app.media.sandbox, app.media.sequence, app.media.samples, app.media.declared;"
        "app.media.samples.samples();"
        "print({'numpy', 'PIL', 'av', 'pydicom', 'nibabel', 'soundfile', 'mutagen', 'pypdf',"
        " 'skimage', 'scipy', 'skvideo'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert answer.stdout.strip() == b"set()"
