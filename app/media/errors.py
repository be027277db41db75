"""Why a file was not taken."""

from enum import StrEnum
from typing import ClassVar

from app.media.info import MediaType

WORDS = {
    MediaType.VIDEO: "video",
    MediaType.IMAGE: "image",
    MediaType.DICOM_FILE: "DICOM file",
    MediaType.NIFTI: "NIfTI volume",
    MediaType.AUDIO: "audio file",
    MediaType.PLAIN_TEXT: "text file",
    MediaType.PDF: "PDF",
    MediaType.TIME_SERIES: "time series",
    MediaType.SCENE: "scene",
}


class MediaErrorCode(StrEnum):
    """What is wrong with a file."""

    WRONG_TYPE = "WRONG_TYPE"
    MEDIA_CORRUPT = "MEDIA_CORRUPT"
    FILE_TYPE_NOT_SUPPORTED = "FILE_TYPE_NOT_SUPPORTED"
    DICOM_TAG_MISSING = "DICOM_TAG_MISSING"
    MEDIA_REJECTED = "MEDIA_REJECTED"
    FRAME_SIZE_MISMATCH = "FRAME_SIZE_MISMATCH"


class MediaError(Exception):
    """A file that cannot be taken; the message is for the person who sent it.

    The same bytes fail again: a retry is no use.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, code: MediaErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def corrupt(name: str, fact: str) -> MediaError:
    """`fact` completes a sentence that begins with the file's name."""
    return MediaError(MediaErrorCode.MEDIA_CORRUPT, f"{name} {fact}")


def rejected(name: str, fact: str) -> MediaError:
    """For files that would cost too much; `fact` completes a sentence that begins with the name."""
    return MediaError(MediaErrorCode.MEDIA_REJECTED, f"{name} {fact}")


def unsupported(name: str, fact: str) -> MediaError:
    """`fact` completes a sentence that begins with the file's name."""
    return MediaError(MediaErrorCode.FILE_TYPE_NOT_SUPPORTED, f"{name} {fact}")


def wrong_type(expected: MediaType, found: MediaType) -> MediaError:
    """A file of another type than the one that was asked for."""
    message = f"Expected {with_article(expected)}, got a file of type {WORDS[found]}"
    return MediaError(MediaErrorCode.WRONG_TYPE, message)


def with_article(kind: MediaType) -> str:
    """`a video`, `an image`."""
    article = "an" if kind in {MediaType.IMAGE, MediaType.AUDIO} else "a"
    return f"{article} {WORDS[kind]}"
