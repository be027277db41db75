"""Which type a file is, told by its first bytes, then by its name."""

import zlib
from dataclasses import dataclass
from pathlib import PurePath

from app.media import text
from app.media.info import MediaType

HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of file and the name that the web has for it."""

    type: MediaType
    mime_type: str


DICOM = Kind(MediaType.DICOM_FILE, "application/dicom")
NIFTI = Kind(MediaType.NIFTI, "application/nifti")
PDF = Kind(MediaType.PDF, "application/pdf")
MP4 = Kind(MediaType.VIDEO, "video/mp4")
QUICKTIME = Kind(MediaType.VIDEO, "video/quicktime")
MATROSKA = Kind(MediaType.VIDEO, "video/x-matroska")
WEBM = Kind(MediaType.VIDEO, "video/webm")
AVI = Kind(MediaType.VIDEO, "video/x-msvideo")
MPEG = Kind(MediaType.VIDEO, "video/mpeg")
MPEG_TS = Kind(MediaType.VIDEO, "video/mp2t")
M4A = Kind(MediaType.AUDIO, "audio/mp4")
MP3 = Kind(MediaType.AUDIO, "audio/mpeg")
WAV = Kind(MediaType.AUDIO, "audio/wav")
FLAC = Kind(MediaType.AUDIO, "audio/flac")
OGG = Kind(MediaType.AUDIO, "audio/ogg")
AIFF = Kind(MediaType.AUDIO, "audio/aiff")
JPEG = Kind(MediaType.IMAGE, "image/jpeg")
PNG = Kind(MediaType.IMAGE, "image/png")
GIF = Kind(MediaType.IMAGE, "image/gif")
TIFF = Kind(MediaType.IMAGE, "image/tiff")
WEBP = Kind(MediaType.IMAGE, "image/webp")
BMP = Kind(MediaType.IMAGE, "image/bmp")
AVIF = Kind(MediaType.IMAGE, "image/avif")
PLY = Kind(MediaType.SCENE, "model/ply")
POINT_CLOUD = Kind(MediaType.SCENE, "application/octet-stream")

# Offset, bytes, kind; DICOM first, since its preamble may hold the mark of another format.
SIGNATURES: tuple[tuple[int, bytes, Kind], ...] = (
    (128, b"DICM", DICOM),
    (344, b"n+1\0", NIFTI),
    (4, b"n+2\0", NIFTI),
    (0, b"\xff\xd8\xff", JPEG),
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    (0, b"GIF87a", GIF),
    (0, b"GIF89a", GIF),
    (0, b"II*\0", TIFF),
    (0, b"MM\0*", TIFF),
    (0, b"II+\0", TIFF),
    (0, b"MM\0+", TIFF),
    (6, b"\0\0\0\0", BMP),
    (8, b"WEBP", WEBP),
    (8, b"AVI ", AVI),
    (8, b"WAVE", WAV),
    (8, b"AIFF", AIFF),
    (8, b"AIFC", AIFF),
    (0, b"fLaC", FLAC),
    (0, b"OggS", OGG),
    (0, b"ID3", MP3),
    (0, b"\xff\xfb", MP3),
    (0, b"\xff\xfa", MP3),
    (0, b"\xff\xf3", MP3),
    (0, b"\xff\xf2", MP3),
    (0, b"\0\0\1\xba", MPEG),
    (0, b"ply\n", PLY),
    (0, b"ply\r\n", PLY),
    (0, b"# .PCD", POINT_CLOUD),
    (0, b"LASF", POINT_CLOUD),
)
# What must stand at the very beginning for a mark further in to count.
BEGINNINGS: dict[Kind, bytes | tuple[bytes, ...]] = {
    BMP: b"BM",
    WEBP: b"RIFF",
    AVI: b"RIFF",
    WAV: (b"RIFF", b"RIFX", b"RF64"),
    AIFF: b"FORM",
}
# The brand of an ISO media file (ISO/IEC 14496-12); every other brand is taken for an MP4 video.
BRANDS = {
    b"avif": AVIF,
    b"avis": AVIF,
    b"M4A ": M4A,
    b"M4B ": M4A,
    b"qt  ": QUICKTIME,
    b"heic": None,
    b"heix": None,
    b"mif1": None,
    b"crx ": None,
}
EXTENSIONS = {
    ".dcm": DICOM, ".nii": NIFTI, ".pdf": PDF,
    ".mp4": MP4, ".m4v": MP4, ".mov": QUICKTIME, ".mkv": MATROSKA, ".webm": WEBM, ".avi": AVI,
    ".mpg": MPEG, ".mpeg": MPEG, ".ts": MPEG_TS, ".mts": MPEG_TS, ".m2ts": MPEG_TS,
    ".m4a": M4A, ".mp3": MP3, ".wav": WAV, ".flac": FLAC, ".ogg": OGG, ".oga": OGG, ".opus": OGG,
    ".aif": AIFF, ".aiff": AIFF,
    ".jpg": JPEG, ".jpeg": JPEG, ".png": PNG, ".gif": GIF, ".tif": TIFF, ".tiff": TIFF,
    ".webp": WEBP, ".bmp": BMP, ".avif": AVIF,
    ".ply": PLY, ".pcd": POINT_CLOUD, ".las": POINT_CLOUD,
}  # fmt: skip


def detect(head: bytes, name: str) -> Kind | None:
    """The kind of a file, or None for one that we do not know. `head`: its first `HEAD_BYTES`.

    Content goes before the name. A file without a mark that we know is text if it reads as text;
    else its name decides, and whoever reads it finds out whether that was true.
    """
    return _by_mark(head) or _by_text(head, name) or _by_name(name)


def _by_mark(head: bytes) -> Kind | None:
    if head[4:8] == b"ftyp":
        return BRANDS.get(head[8:12], MP4)
    if head.startswith(b"\x1aE\xdf\xa3"):
        return WEBM if b"webm" in head[:64] else MATROSKA
    if head.startswith(b"\x1f\x8b"):
        return NIFTI if _by_mark(_inflated(head)) == NIFTI else None
    for at, mark, kind in SIGNATURES:
        if head.startswith(mark, at) and head.startswith(BEGINNINGS.get(kind, b"")):
            return kind
    if b"%PDF-" in head[:1024]:
        return PDF
    return MPEG_TS if head[: 5 * 188 : 188] == b"GGGGG" else None


def _inflated(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, 1024)
    except zlib.error:
        return b""


def _by_text(head: bytes, name: str) -> Kind | None:
    mime_type = text.mime_type(head, name)
    return Kind(MediaType.PLAIN_TEXT, mime_type) if mime_type else None


def _by_name(name: str) -> Kind | None:
    lowered = name.lower()
    return NIFTI if lowered.endswith(".nii.gz") else EXTENSIONS.get(PurePath(lowered).suffix)
