"""One element of a JSON document: its fields checked and brought into the form of a unit."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, cast
from uuid import UUID

import orjson

from app.core.errors import Invalid, TooLarge
from app.metadata import document
from app.uploads.documents import urls
from app.uploads.documents.errors import UnitError, UnitErrorCode
from app.uploads.documents.units import Unit, UnitKind

URL = "objectUrl"
PLACEHOLDER = "placeholder_item_uuid"

Element = dict[str, Any]

_NUMBERED = re.compile(rf"(?P<name>{URL}|{PLACEHOLDER})_(?P<position>[0-9]{{1,9}})")


@dataclass(frozen=True, slots=True)
class Form:
    """What the elements of one top-level list look like."""

    kind: UnitKind
    fields: frozenset[str]
    has_many: bool = False
    """Whether an element has `objectUrl_{n}` instead of `objectUrl`."""
    media: str | None = None
    """The field of its media metadata."""


def _single(kind: UnitKind, media: str | None = None) -> Form:
    fields = {URL, PLACEHOLDER, "title", "clientMetadata"} | ({media} if media else set())
    return Form(kind, frozenset(fields), media=media)


def _many(kind: UnitKind, *further: str) -> Form:
    return Form(kind, frozenset({"title", "clientMetadata", *further}), has_many=True)


FORMS: Mapping[str, Form] = {
    "videos": _single(UnitKind.VIDEO, "videoMetadata"),
    "images": _single(UnitKind.IMAGE, "imageMetadata"),
    "image_groups": _many(UnitKind.IMAGE_GROUP, "createVideo"),
    "dicom_series": _many(UnitKind.DICOM_SERIES),
    "audio": _single(UnitKind.AUDIO, "audioMetadata"),
    "text": _single(UnitKind.PLAIN_TEXT, "textMetadata"),
    "pdfs": _single(UnitKind.PDF, "pdfMetadata"),
    "pdf": _single(UnitKind.PDF, "pdfMetadata"),
    "nifti": _single(UnitKind.NIFTI),
    "time_series": _single(UnitKind.TIME_SERIES),
    "scenes": _single(UnitKind.SCENE),
}
"""By top-level key."""


class ElementError(Exception):
    """The element cannot become a unit without an error."""

    def __init__(self, error: UnitError) -> None:
        super().__init__(error.message)
        self.error = error


def read(form: Form, element: Any, index: int, location: str) -> Unit:
    """The unit of an element; a broken element gives a unit with an error. Never raises."""
    try:
        return _whole(form, element, index, location)
    except ElementError as broken:
        return Unit(
            index, _kind(form, element), location, _readable_urls(element), error=broken.error
        )


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that offers the known name most like `name`, or all of them."""
    known = sorted(known)
    similar = difflib.get_close_matches(name[:100], known, n=1)
    if similar:
        return f"Did you mean `{similar[0]}`?"
    return "Known are " + ", ".join(f"`{one}`" for one in known) + "."


def _whole(form: Form, element: Any, index: int, location: str) -> Unit:
    if not isinstance(element, dict):
        _refuse(UnitErrorCode.WRONG_TYPE_OF_FIELD, "An element is an object.", location)
    _check_names(form, element, location)
    object_urls, uploads = (_many_objects if form.has_many else _one_object)(element, location)
    return Unit(
        index,
        _checked_kind(form, element, location),
        location,
        object_urls,
        _title(form, element, object_urls, location),
        _client_metadata(form, element, location),
        _media_metadata(form, element, location),
        uploads,
    )


def _check_names(form: Form, element: Element, location: str) -> None:
    for name in element:
        if name in form.fields or (form.has_many and _NUMBERED.fullmatch(name)):
            continue
        known = form.fields | {f"{URL}_0"} if form.has_many else form.fields
        _refuse(
            UnitErrorCode.UNKNOWN_FIELD,
            f"There is no field `{ascii(name[:80])[1:-1]}` here. {nearest(name, known)}",
            _pointer(location, name),
        )


def _one_object(element: Element, location: str) -> tuple[tuple[str, ...], tuple[UUID, ...]]:
    if element.get(PLACEHOLDER) is not None:
        return (), (_upload(element[PLACEHOLDER], _pointer(location, PLACEHOLDER)),)
    url = element.get(URL)
    _check(urls.url_error(url, _pointer(location, URL)))
    return (str(url),), ()


def _many_objects(element: Element, location: str) -> tuple[tuple[str, ...], tuple[UUID, ...]]:
    cloud = _numbered(element, URL, location)
    local = _numbered(element, PLACEHOLDER, location)
    if local:
        return (), _uploads(element, cloud, local, location)
    if not cloud:
        _refuse(
            UnitErrorCode.MISSING_OBJECT_URL,
            f"Give at least one URL, as `{URL}_0`.",
            _pointer(location, f"{URL}_0"),
        )
    for name in cloud.values():
        _check(urls.url_error(element[name], _pointer(location, name)))
    return tuple(element[name] for name in cloud.values()), ()


def _numbered(element: Element, wanted: str, location: str) -> dict[int, str]:
    """The names `wanted_{n}` of the element by their number, sorted; no number stands twice."""
    names = _positions(element, wanted)
    for name in element:
        match = _NUMBERED.fullmatch(name)
        if match and match["name"] == wanted and names[int(match["position"])] != name:
            _refuse(
                UnitErrorCode.DUPLICATE_POSITION,
                f"`{name}` and `{names[int(match['position'])]}` are the same position; renumber"
                " one.",
                _pointer(location, name),
            )
    return names


def _positions(element: Element, wanted: str) -> dict[int, str]:
    matches = filter(None, map(_NUMBERED.fullmatch, element))
    names = {int(match["position"]): match[0] for match in matches if match["name"] == wanted}
    return dict(sorted(names.items()))


def _uploads(
    element: Element, cloud: dict[int, str], local: dict[int, str], location: str
) -> tuple[UUID, ...]:
    for position, name in cloud.items():
        if position not in local:
            _refuse(
                UnitErrorCode.PLACEHOLDER_INVALID,
                f"Either all objects of a unit were uploaded or none; `{name}` has no upload.",
                _pointer(location, name),
            )
    return tuple(_upload(element[name], _pointer(location, name)) for name in local.values())


def _upload(value: Any, field: str) -> UUID:
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        _refuse(
            UnitErrorCode.PLACEHOLDER_INVALID, "The id of a local upload is a UUID string.", field
        )


def _title(form: Form, element: Element, urls_: tuple[str, ...], location: str) -> str | None:
    field = _pointer(location, "title")
    given = element.get("title")
    if given is not None and not isinstance(given, str):
        _refuse(UnitErrorCode.WRONG_TYPE_OF_FIELD, "A title is a string.", field)
    title = given if given and not given.isspace() else None
    if title is None and urls_:
        if form.has_many:
            _refuse(UnitErrorCode.TITLE_REQUIRED, "Give the title of the group or series.", field)
        title = urls.default_title(urls_[0])
    if title is not None:
        _check(urls.title_error(title, field))
    return title


def _client_metadata(form: Form, element: Element, location: str) -> bytes | None:
    value = element.get("clientMetadata")
    if value is None:
        return None
    field = _pointer(location, "clientMetadata")
    if not isinstance(value, dict):
        _refuse(UnitErrorCode.CLIENT_METADATA_INVALID, "Client metadata is an object.", field)
    try:
        return document.parse(value, is_video=form.kind is UnitKind.VIDEO).text
    except TooLarge as error:
        _refuse(UnitErrorCode.CLIENT_METADATA_TOO_LARGE, error.message, field)
    except Invalid as error:
        place = field + document.pointer(error.field)
        _refuse(UnitErrorCode.CLIENT_METADATA_INVALID, error.message, place)


def _media_metadata(form: Form, element: Element, location: str) -> Element | None:
    value = element.get(form.media) if form.media else None
    if value is None or form.media is None:
        return None
    if not isinstance(value, dict):
        _refuse(
            UnitErrorCode.WRONG_TYPE_OF_FIELD,
            f"`{form.media}` is an object.",
            _pointer(location, form.media),
        )
    try:
        return cast("Element", orjson.loads(orjson.dumps(value, default=float)))
    except TypeError:
        _refuse(
            UnitErrorCode.MEDIA_METADATA_INVALID,
            f"`{form.media}` holds a number that is too long.",
            _pointer(location, form.media),
        )


def _checked_kind(form: Form, element: Element, location: str) -> UnitKind:
    create_video = element.get("createVideo")
    if create_video is not None and not isinstance(create_video, bool):
        _refuse(
            UnitErrorCode.WRONG_TYPE_OF_FIELD,
            "`createVideo` is true or false, without quotes.",
            _pointer(location, "createVideo"),
        )
    return _kind(form, element)


def _kind(form: Form, element: Any) -> UnitKind:
    if form.has_many and isinstance(element, dict) and element.get("createVideo") is True:
        return UnitKind.IMAGE_SEQUENCE if form.kind is UnitKind.IMAGE_GROUP else form.kind
    return form.kind


def _readable_urls(element: Any) -> tuple[str, ...]:
    """The URLs of a broken element that a report can show."""
    if not isinstance(element, dict):
        return ()
    names = [URL, *_positions(element, URL).values()]
    given = (element.get(name) for name in names)
    return tuple(url for url in given if isinstance(url, str) and len(url) <= urls.MAX_URL_BYTES)


def _pointer(location: str, name: str) -> str:
    return location + document.pointer((name,))


def _check(error: UnitError | None) -> None:
    if error is not None:
        raise ElementError(error)


def _refuse(code: UnitErrorCode, message: str, field: str) -> NoReturn:
    raise ElementError(UnitError(code, message, field))
