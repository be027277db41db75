"""Object URLs and the titles that come from them (domain 3.4.1 and 3.7)."""

import re
from urllib.parse import unquote

from app.uploads.documents.errors import UnitError, UnitErrorCode

MAX_URL_BYTES = 16 * 1024
MAX_TITLE_LENGTH = 300
"""In characters."""

_ARN = re.compile(r"arn:aws[a-z-]*:s3::[0-9]{12}:accesspoint/[A-Za-z0-9]+\.mrap/(?P<key>.+)")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^/].*|file:///.+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def url_error(url: object, field: str) -> UnitError | None:
    """What is wrong with the value of `objectUrl`, `objectUrl_{n}` or the CSV column."""
    if url is None or url == "":
        return UnitError(UnitErrorCode.MISSING_OBJECT_URL, "Give the URL of the object.", field)
    if not isinstance(url, str):
        return UnitError(UnitErrorCode.WRONG_TYPE_OF_FIELD, "An object URL is a string.", field)
    if len(url) > MAX_URL_BYTES or len(url.encode()) > MAX_URL_BYTES:
        message = f"An object URL has at most {MAX_URL_BYTES} bytes; move the object."
        return UnitError(UnitErrorCode.OBJECT_URL_TOO_LONG, message, field)
    if _CONTROL.search(url) or not (_URL.fullmatch(url) or _ARN.fullmatch(url)):
        message = (
            f"`{_shown(url)}` is no object URL; give the full URL (https://…, s3://…), or the ARN"
            " of a Multi-Region Access Point followed by `/` and the object's name."
        )
        return UnitError(UnitErrorCode.OBJECT_URL_INVALID, message, field)
    return None


def title_error(title: str, field: str) -> UnitError | None:
    """What is wrong with a title, given or taken from the URL."""
    if len(title) > MAX_TITLE_LENGTH:
        message = f"A title has at most {MAX_TITLE_LENGTH} characters, not {len(title)}; give one."
        return UnitError(UnitErrorCode.TITLE_TOO_LONG, message, field)
    if "\0" in title:
        message = "A title holds no NUL character (U+0000); remove it."
        return UnitError(UnitErrorCode.TITLE_INVALID, message, field)
    return None


def default_title(url: str) -> str:
    """The last segment of the URL's path, decoded; of an ARN, that of the object's name as it is.

    A URL without a path gives its host.
    """
    arn = _ARN.fullmatch(url)
    if arn:
        return arn["key"].rstrip("/").rpartition("/")[2] or arn["key"]
    path = url.partition("#")[0].partition("?")[0] if "?" in url or "#" in url else url
    return unquote(path.rstrip("/").rpartition("/")[2])


def _shown(url: str) -> str:
    cut = "…" if len(url) > 100 else ""
    return ascii(url[:100])[1:-1] + cut
