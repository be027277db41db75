"""Typed items become the same document that a user would have written by hand."""

from typing import Any

import orjson
import pytest

from app.core import ids
from app.core.clock import new_id
from app.core.errors import Invalid
from app.core.ids import Kind
from app.files.models import FileType
from app.uploads import items
from app.uploads.documents import UnitKind, read_json
from app.uploads.sources import source_key

IMAGE = {"type": FileType.IMAGE, "object_urls": ["s3://b/1.png"]}


@pytest.mark.parametrize("kind", items.LISTS)
def test_every_type_of_item_is_read_back_as_a_unit_of_that_type(
    kind: FileType, tmp_path: Any
) -> None:
    given = {"type": kind, "object_urls": ["s3://b/one"], "title": "One"}
    path = tmp_path / "document.json"
    path.write_bytes(orjson.dumps(items.document([given], {})))
    with path.open("rb") as document:
        (unit,) = read_json(document)
    assert unit.error is None
    assert (unit.kind.value, unit.object_urls) == (kind.value, ("s3://b/one",))


def test_media_metadata_title_and_client_metadata_keep_their_names() -> None:
    item = {
        **IMAGE,
        "title": "One",
        "client_metadata": {"site": "A"},
        "media": {"image": {"width": 2}},
    }
    assert items.document([item], {"skip_duplicate_urls": True}) == {
        "images": [
            {
                "objectUrl": "s3://b/1.png",
                "title": "One",
                "clientMetadata": {"site": "A"},
                "imageMetadata": {"width": 2},
            }
        ],
        "skip_duplicate_urls": True,
    }


def test_uploads_stand_in_the_order_given() -> None:
    uploads = [new_id(), new_id()]
    item = {
        "type": FileType.IMAGE_GROUP,
        "upload_ids": [ids.encode(Kind.UPLOAD, upload) for upload in uploads],
    }
    (element,) = items.document([item], {})["image_groups"]
    assert element == {
        "placeholder_item_uuid_0": str(uploads[0]),
        "placeholder_item_uuid_1": str(uploads[1]),
    }


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ([], ("source", "items")),
        ([IMAGE] * 1_001, ("source", "items")),
        ([{"type": FileType.GROUP, "object_urls": ["s3://b/x"]}], ("source", "items", 0, "type")),
        ([IMAGE, {"type": FileType.IMAGE}], ("source", "items", 1)),
        ([{**IMAGE, "object_urls": ["s3://b/1", "s3://b/2"]}], ("source", "items", 0)),
        ([{**IMAGE, "upload_ids": ["up_" + "0" * 32]}], ("source", "items", 0)),
    ],
)
def test_what_cannot_be_registered_names_its_place(given: list[Any], path: tuple[Any, ...]) -> None:
    with pytest.raises(Invalid) as caught:
        items.document(given, {})
    assert caught.value.field == path


def test_equal_sources_are_equal_only_byte_for_byte_and_by_type() -> None:
    url = "https://b.s3.amazonaws.com/a%20b.png"
    same = source_key(UnitKind.IMAGE, [url])
    assert same == source_key(UnitKind.IMAGE, [url])
    others = [
        source_key(UnitKind.VIDEO, [url]),
        source_key(UnitKind.IMAGE, [url.replace("%20", "+")]),
        source_key(UnitKind.IMAGE, [url.upper()]),
        source_key(UnitKind.IMAGE_GROUP, [url, url]),
        source_key(UnitKind.IMAGE, []),
    ]
    assert same not in others


def test_frames_count_in_their_order_and_files_of_a_series_in_any() -> None:
    there, back = ["a", "b"], ["b", "a"]
    group, series = UnitKind.IMAGE_GROUP, UnitKind.DICOM_SERIES
    assert source_key(group, there) != source_key(group, back)
    assert source_key(series, there) == source_key(series, back)
