"""The pixels of an image as people see it: turned upright, without alpha, eight bits a channel."""

from pathlib import Path
from typing import TYPE_CHECKING

from app.media import images
from app.media.errors import corrupt, rejected

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 100_000_000
"""A larger image is only read if its format can be decoded smaller, as JPEG can."""
WHITE = (255, 255, 255, 255)


def scaled(path: Path, name: str, size: tuple[int, int]) -> "Image.Image":
    """The first page as RGB of exactly this width and height; its own proportions are not kept."""
    from PIL import Image  # noqa: PLC0415 - heavy

    try:
        with images.opened(path, name) as image:
            # a JPEG is decoded at a fraction of its size
            image.draft("RGB", (size[0] * 2, size[1] * 2))
            if image.width * image.height > MAX_PIXELS:
                raise rejected(name, f"has more than {MAX_PIXELS:,} pixels.")
            return _upright(_flat(image)).resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0)
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for broken files
        raise corrupt(name, "is no image that can be decoded.") from error


def _upright(image: "Image.Image") -> "Image.Image":
    from PIL import ImageOps  # noqa: PLC0415 - heavy

    return ImageOps.exif_transpose(image)


def _flat(image: "Image.Image") -> "Image.Image":
    """RGB over white; of deep greys the range that the image uses becomes black to white."""
    from PIL import Image  # noqa: PLC0415 - heavy

    if image.mode in {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}:
        return _stretched(image).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, WHITE)
        ground.alpha_composite(image)
        return _with_orientation(ground.convert("RGB"), image)
    return _with_orientation(image.convert("RGB"), image)


def _stretched(image: "Image.Image") -> "Image.Image":
    deep = image.convert("F")
    found = deep.getextrema()
    low, high = (float(one) for one in found)  # type: ignore[arg-type]  # one band has two figures
    scale = 255 / (high - low) if high > low else 0.0
    return deep.point(lambda value: value * scale - low * scale).convert("L")


def _with_orientation(made: "Image.Image", image: "Image.Image") -> "Image.Image":
    """Whatever is made of an image still says which way up it is."""
    made.info |= {key: value for key, value in image.info.items() if key == "exif"}
    return made
