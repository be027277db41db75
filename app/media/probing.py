"""Finds out what a file is. Runs in a child process of the worker: see `sandbox`."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePath

from app.media import audio, dicom, images, kinds, nifti, pdf, text, video
from app.media.errors import MediaError, corrupt, rejected, unsupported, with_article, wrong_type
from app.media.info import MAX_FIGURE, MediaInfo, MediaType
from app.media.kinds import Kind

# What is read as one type and may be meant as another, by its MIME type.
ALSO = {
    "text/csv": MediaType.TIME_SERIES,
    "text/tab-separated-values": MediaType.TIME_SERIES,
    "application/json": MediaType.SCENE,
}


def probe(path: Path, *, name: str, expected: MediaType | None = None) -> MediaInfo:
    """What the file at `path` is. `name` is what its owner calls it, used to guess and in messages.

    A table of text is a TIME_SERIES and a JSON file is a SCENE only where that is expected. Raises
    MediaError; not safe in two threads at once.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libraries complain of files there; ours is the verdict
        kind = _kind(path, name, expected)
        info = _read(path, kind, name)
    _check_figures(info, name)
    if expected not in {None, info.type}:
        raise wrong_type(expected or info.type, info.type)
    return info


def _kind(path: Path, name: str, expected: MediaType | None) -> Kind:
    with path.open("rb") as file:
        head = file.read(kinds.HEAD_BYTES)
    if not head:
        raise corrupt(name, "is empty.")
    kind = kinds.detect(head, name)
    if kind is None:
        raise _unknown(name)
    if expected and expected == ALSO.get(kind.mime_type):
        return replace(kind, type=expected)
    may_be_sound = kind.type == MediaType.VIDEO and expected == MediaType.AUDIO
    if expected and kind.type != expected and not may_be_sound:
        raise wrong_type(expected, kind.type)
    return kind


def _unknown(name: str) -> MediaError:
    if PurePath(name.lower()).suffix in text.MIME_TYPES:
        return corrupt(name, "is named like a text file, but its content is no text.")
    return unsupported(name, "is of a type that is not supported.")


def _read(path: Path, kind: Kind, name: str) -> MediaInfo:
    try:
        return READERS[kind.type](path, kind, name)
    except MediaError:
        raise
    except MemoryError:
        raise rejected(name, "takes too much memory to read.") from None
    except Exception as error:  # a damaged file may raise anything at all in a library
        word = with_article(kind.type)
        raise corrupt(name, f"is damaged or cut off: it cannot be read as {word}.") from error


def _check_figures(info: MediaInfo, name: str) -> None:
    """Refuses what a header can say and a file cannot be."""
    figures = (
        info.width,
        info.height,
        info.frame_count,
        info.fps,
        info.duration_seconds,
        info.audio_sample_rate,
        info.audio_channel_count,
    )
    if not all(0 <= figure <= MAX_FIGURE for figure in figures if figure is not None):
        raise corrupt(name, "is damaged: its header has impossible figures.")


def _read_plain(path: Path, kind: Kind, _name: str) -> MediaInfo:
    """Text and scenes, of which nothing but type and size is known."""
    return MediaInfo(type=kind.type, mime_type=kind.mime_type, byte_size=path.stat().st_size)


READERS: dict[MediaType, Callable[[Path, Kind, str], MediaInfo]] = {
    MediaType.VIDEO: video.read,
    MediaType.IMAGE: images.read,
    MediaType.DICOM_FILE: dicom.read,
    MediaType.NIFTI: nifti.read,
    MediaType.AUDIO: audio.read,
    MediaType.PDF: pdf.read,
    MediaType.PLAIN_TEXT: _read_plain,
    MediaType.TIME_SERIES: _read_plain,
    MediaType.SCENE: _read_plain,
}
