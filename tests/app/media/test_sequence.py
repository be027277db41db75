"""Videos made of images."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from app.media import sequence
from app.media.errors import MediaError, MediaErrorCode
from app.media.info import MediaType
from app.media.samples import samples

REAL = {sample.path.name: sample.path for sample in samples()}
TEXTURES = [REAL["brick.png"], REAL["grass.png"], REAL["gravel.png"]]


def pictures(video: Path) -> list[Image.Image]:
    with av.open(str(video)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def likeness(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of the pixels in grey levels, 0 (same) to 255."""
    grey = [np.asarray(image.convert("L"), dtype=float) for image in (one, other)]
    return float(abs(grey[0] - grey[1]).mean())


def test_frame_n_is_image_n(tmp_path: Path) -> None:
    video = tmp_path / "clip.mp4"
    info = sequence.encode_sequence(TEXTURES, video)
    assert (info.type, info.mime_type) == (MediaType.VIDEO, "video/mp4")
    assert (info.width, info.height, info.frame_count, info.fps) == (512, 512, 3, 25.0)
    shown = pictures(video)
    assert len(shown) == 3
    for number, path in enumerate(TEXTURES):
        with Image.open(path) as image:
            assert likeness(shown[number], image) < 8
            assert likeness(shown[(number + 1) % 3], image) > 20


def test_the_video_is_h264_that_browsers_play(tmp_path: Path) -> None:
    video = tmp_path / "clip.mp4"
    sequence.encode_sequence(TEXTURES, video)
    with av.open(str(video)) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.name, codec.pix_fmt) == ("h264", "yuv420p")


@pytest.mark.parametrize(
    ("size", "padded"), [((741, 500), (742, 500)), ((30, 41), (30, 42)), ((31, 41), (32, 42))]
)
def test_an_odd_size_is_padded_on_the_right_and_below(
    size: tuple[int, int], padded: tuple[int, int], tmp_path: Path
) -> None:
    frame = tmp_path / "0.png"
    Image.new("RGB", size, "white").save(frame)
    info = sequence.encode_sequence([frame, frame], tmp_path / "clip.mp4")
    assert (info.width, info.height, info.frame_count) == (*padded, 2)
    shown = pictures(tmp_path / "clip.mp4")[0].convert("L")
    assert shown.getpixel((0, 0)) > 240
    assert shown.getpixel((size[0] - 1, size[1] - 1)) > 200
    assert shown.getpixel((padded[0] - 1, padded[1] - 1)) < 60


def test_a_frame_of_another_size_is_named(tmp_path: Path) -> None:
    frames = [*TEXTURES, REAL["chelsea.png"], REAL["coffee.png"]]
    with pytest.raises(MediaError) as refusal:
        sequence.encode_sequence(frames, tmp_path / "clip.mp4")
    assert refusal.value.code == MediaErrorCode.FRAME_SIZE_MISMATCH
    assert refusal.value.message == (
        "Frame 3 (chelsea.png) is 451 x 300 pixels, but frame 0 is 512 x 512; "
        "all frames of an image sequence must have one size."
    )
    assert list(tmp_path.iterdir()) == []


def test_frames_are_turned_as_exif_asks(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = Image.new("L", (40, 30), "black")
    lying.paste(255, (0, 0, 20, 30))
    lying.save(tmp_path / "0.jpg", exif=exif)
    Image.new("L", (30, 40)).save(tmp_path / "1.jpg")
    info = sequence.encode_sequence([tmp_path / "0.jpg", tmp_path / "1.jpg"], tmp_path / "c.mp4")
    assert (info.width, info.height, info.frame_count) == (30, 40, 2)
    upright = pictures(tmp_path / "c.mp4")[0].convert("L")
    assert [upright.getpixel(at) > 128 for at in [(2, 2), (27, 2), (2, 37), (27, 37)]] == [
        True,
        True,
        False,
        False,
    ]


def test_a_frame_that_breaks_while_it_is_decoded_leaves_no_video(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.jpg", tmp_path / "large.jpg"
    Image.new("L", (5_100, 5_000)).save(whole)
    cut.write_bytes(whole.read_bytes()[:-90_000])
    video = tmp_path / "clip.mp4"
    with pytest.raises(MediaError, match=r"large\.jpg is damaged or cut off") as refusal:
        sequence.encode_sequence([whole, cut], video)
    assert refusal.value.code == MediaErrorCode.MEDIA_CORRUPT
    assert not video.exists()


@pytest.mark.parametrize(
    ("frame", "code"),
    [("bikes.mp4", MediaErrorCode.WRONG_TYPE), ("multipage_rgb.tif", MediaErrorCode.MEDIA_CORRUPT)],
)
def test_a_frame_that_is_no_image_leaves_no_video(
    frame: str, code: MediaErrorCode, tmp_path: Path
) -> None:
    with pytest.raises(MediaError) as refusal:
        sequence.encode_sequence([TEXTURES[0], REAL[frame]], tmp_path / "clip.mp4")
    assert refusal.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_a_side_beyond_what_decoders_take_is_refused(tmp_path: Path) -> None:
    frame = tmp_path / "0.png"
    Image.new("L", (8_193, 2)).save(frame)
    with pytest.raises(MediaError, match="8193 x 2 pixels; a video takes up to 8192") as refusal:
        sequence.encode_sequence([frame], tmp_path / "clip.mp4")
    assert refusal.value.code == MediaErrorCode.MEDIA_REJECTED
