"""Typed items as a registration document: one road for all forms (domain 3.5, the structured alternative)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.core import ids
from app.core.errors import Invalid
from app.core.ids import Kind
from app.files.models import FileType

MOST_ITEMS = 1_000
LISTS = {
    FileType.VIDEO: "videos",
    FileType.IMAGE: "images",
    FileType.IMAGE_GROUP: "image_groups",
    FileType.IMAGE_SEQUENCE: "image_groups",
    FileType.DICOM_SERIES: "dicom_series",
    FileType.NIFTI: "nifti",
    FileType.AUDIO: "audio",
    FileType.PLAIN_TEXT: "text",
    FileType.PDF: "pdfs",
    FileType.TIME_SERIES: "time_series",
    FileType.SCENE: "scenes",
}
SEVERAL = {FileType.IMAGE_GROUP, FileType.IMAGE_SEQUENCE, FileType.DICOM_SERIES}


def document(items: Sequence[Mapping[str, Any]], flags: Mapping[str, bool]) -> dict[str, Any]:
    """The registration document of some typed items; units stand in it grouped by type.

    Raises Invalid with the path of the item that cannot be written as one.
    """
    if not 0 < len(items) <= MOST_ITEMS:
        raise Invalid(
            f"Give 1 to {MOST_ITEMS:,} items, not {len(items):,}; larger ones go by document.",
            field=("source", "items"),
        )
    made: dict[str, Any] = {}
    for position, item in enumerate(items):
        name = LISTS.get(item["type"])
        if name is None:
            raise Invalid(
                f"{item['type']} cannot be registered.", field=("source", "items", position, "type")
            )
        made.setdefault(name, []).append(_element(item, position))
    return {**made, **flags}


def _element(item: Mapping[str, Any], position: int) -> dict[str, Any]:
    element: dict[str, Any] = _objects(item, position)
    if "title" in item:
        element["title"] = item["title"]
    if "client_metadata" in item:
        element["clientMetadata"] = item["client_metadata"]
    for kind, media in item.get("media", {}).items():
        element[f"{kind}Metadata"] = media
    if item["type"] is FileType.IMAGE_SEQUENCE:
        element["createVideo"] = True
    return element


def _objects(item: Mapping[str, Any], position: int) -> dict[str, Any]:
    urls: Sequence[str] = item.get("object_urls", ())
    uploads = [str(_upload(text)) for text in item.get("upload_ids", ())]
    field = ("source", "items", position)
    if bool(urls) == bool(uploads):
        raise Invalid("Give object URLs or uploads, one of the two.", field=field)
    name, values = ("placeholder_item_uuid", uploads) if uploads else ("objectUrl", list(urls))
    if item["type"] in SEVERAL:
        return {f"{name}_{number}": value for number, value in enumerate(values)}
    if len(values) > 1:
        raise Invalid(f"A {item['type']} has one object, not {len(values)}.", field=field)
    return {name: values[0]}


def _upload(text: str) -> UUID:
    return ids.decode(Kind.UPLOAD, text)
