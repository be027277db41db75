"""Images: size as shown, from the header; the pixels are decoded only where that is cheap."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from app.media import gif
from app.media.errors import rejected
from app.media.info import MediaInfo
from app.media.kinds import GIF, TIFF, Kind

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 1_000_000_000
# Up to here a look at every pixel costs less than a tenth of a second and finds cut-off files.
DECODED_PIXELS = 25_000_000
MAX_PAGES = 10_000
ORIENTATION = 0x0112
# EXIF orientations 5 to 8 lay the image on its side (EXIF 2.32, 4.6.4 A).
ON_ITS_SIDE = range(5, 9)


def read(path: Path, kind: Kind, name: str) -> MediaInfo:
    """What the image is. Its first page is decoded if it has at most `DECODED_PIXELS`."""
    with opened(path, name) as image:
        width, height = shown_size(image)
        pages = gif.frame_count(path, name) if kind == GIF else _page_count(image, kind, name)
        _check_content(image)
    return MediaInfo(
        type=kind.type,
        mime_type=kind.mime_type,
        byte_size=path.stat().st_size,
        width=width,
        height=height,
        frame_count=pages if pages > 1 else None,
    )


@contextmanager
def opened(path: Path, name: str) -> Iterator["Image.Image"]:
    """An image of which only the header was read, and which is not over `MAX_PIXELS`.

    Pillow warns at 89 and refuses at 179 megapixels, before it tells the size. Our own limit takes
    the place of that one; it belongs to the module, so read one image at a time in a process.
    """
    from PIL import Image  # noqa: PLC0415 - heavy

    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with Image.open(path) as image:
            _check_size(image, name)
            yield image
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def shown_size(image: "Image.Image") -> tuple[int, int]:
    """Width and height in pixels after the rotation that EXIF asks for.

    The plain `getexif` is asked, since that of a PNG decodes the image.
    """
    from PIL import Image  # noqa: PLC0415 - heavy

    turned = Image.Image.getexif(image).get(ORIENTATION) in ON_ITS_SIDE
    if turned and image.format != "TIFF":  # Pillow has turned the size of a TIFF already
        return image.height, image.width
    return image.width, image.height


def _check_size(image: "Image.Image", name: str) -> None:
    if image.width * image.height > MAX_PIXELS:
        size = f"{image.width} x {image.height} pixels"
        raise rejected(name, f"declares {size}; the limit is {MAX_PIXELS:,} pixels.")


def _page_count(image: "Image.Image", kind: Kind, name: str) -> int:
    pages = _tiff_pages(image) if kind == TIFF else getattr(image, "n_frames", 1)
    if pages > MAX_PAGES:
        raise rejected(name, f"has more than {MAX_PAGES:,} pages.")
    return pages


def _tiff_pages(image: "Image.Image") -> int:
    """Pages, of which no more than one beyond the limit are looked for."""
    pages = 1
    with suppress(EOFError):
        while pages <= MAX_PAGES:
            image.seek(pages)
            pages += 1
    image.seek(0)
    return pages


def _check_content(image: "Image.Image") -> None:
    """Raises whatever Pillow raises if the image is cut off or damaged.

    A large PNG has its checksums compared, which decodes nothing; other large images pass.
    """
    if image.width * image.height > DECODED_PIXELS:
        image.verify()
        return
    image.draft("RGB", (1, 1))  # a JPEG is decoded at an eighth of its size
    image.load()
