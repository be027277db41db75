"""Elements of a JSON document: each rule and what breaking it says."""

import io
import json
from uuid import UUID

import pytest

from app.metadata import document as client_metadata
from app.uploads import documents
from app.uploads.documents import UnitErrorCode, UnitKind

URL = "https://b.example/a.mp4"
UPLOADS = [UUID(int=n) for n in range(1, 4)]


def unit(key: str, element: object) -> documents.Unit:
    document = io.BytesIO(json.dumps({key: [element]}).encode())
    (found,) = documents.read_json(document)
    return found


def with_metadata(text: str) -> documents.Unit:
    """A video whose client metadata is written like this."""
    content = f'{{"videos":[{{"objectUrl":"{URL}","clientMetadata":{text}}}]}}'
    (found,) = documents.read_json(io.BytesIO(content.encode()))
    return found


def group(**fields: object) -> dict[str, object]:
    return {"title": "t", "objectUrl_0": URL, **fields}


@pytest.mark.parametrize(
    ("key", "element", "code", "field", "part"),
    [
        ("videos", URL, "WRONG_TYPE_OF_FIELD", "/videos/0", "object"),
        ("videos", None, "WRONG_TYPE_OF_FIELD", "/videos/0", "object"),
        ("videos", {}, "MISSING_OBJECT_URL", "/videos/0/objectUrl", "URL"),
        ("videos", {"objectUrl": None}, "MISSING_OBJECT_URL", "/videos/0/objectUrl", "URL"),
        ("videos", {"objectUrl": ""}, "MISSING_OBJECT_URL", "/videos/0/objectUrl", "URL"),
        ("videos", {"objectUrl": 7}, "WRONG_TYPE_OF_FIELD", "/videos/0/objectUrl", "string"),
        ("videos", {"objectUrl": "a.mp4"}, "OBJECT_URL_INVALID", "/videos/0/objectUrl", "full"),
        (
            "videos",
            {"objecturl": URL},
            "UNKNOWN_FIELD",
            "/videos/0/objecturl",
            "Did you mean `objectUrl`?",
        ),
        (
            "videos",
            {"objectUrl_0": URL},
            "UNKNOWN_FIELD",
            "/videos/0/objectUrl_0",
            "`objectUrl`?",
        ),
        (
            "videos",
            {"objectUrl": URL, "imageMetadata": {}},
            "UNKNOWN_FIELD",
            "/videos/0/imageMetadata",
            "`videoMetadata`?",
        ),
        (
            "videos",
            {"objectUrl": URL, "a/b~": 1},
            "UNKNOWN_FIELD",
            "/videos/0/a~1b~0",
            "Known are",
        ),
        (
            "image_groups",
            {"title": "t", "objectUrl": URL},
            "UNKNOWN_FIELD",
            "/image_groups/0/objectUrl",
            "`objectUrl_0`?",
        ),
        (
            "dicom_series",
            group(createVideo=True),
            "UNKNOWN_FIELD",
            "/dicom_series/0/createVideo",
            "Known are",
        ),
        (
            "image_groups",
            {"title": "t"},
            "MISSING_OBJECT_URL",
            "/image_groups/0/objectUrl_0",
            "at least one",
        ),
        (
            "image_groups",
            group(objectUrl_00=URL),
            "DUPLICATE_POSITION",
            "/image_groups/0/objectUrl_0",
            "same position",
        ),
        (
            "image_groups",
            group(objectUrl_1="ftp"),
            "OBJECT_URL_INVALID",
            "/image_groups/0/objectUrl_1",
            "`ftp`",
        ),
        (
            "image_groups",
            {"objectUrl_0": URL},
            "TITLE_REQUIRED",
            "/image_groups/0/title",
            "title",
        ),
        (
            "dicom_series",
            group(title=" "),
            "TITLE_REQUIRED",
            "/dicom_series/0/title",
            "title",
        ),
        (
            "image_groups",
            group(createVideo="true"),
            "WRONG_TYPE_OF_FIELD",
            "/image_groups/0/createVideo",
            "without quotes",
        ),
        (
            "images",
            {"objectUrl": URL, "title": 1},
            "WRONG_TYPE_OF_FIELD",
            "/images/0/title",
            "string",
        ),
        (
            "images",
            {"objectUrl": URL, "title": "x" * 301},
            "TITLE_TOO_LONG",
            "/images/0/title",
            "301",
        ),
        (
            "images",
            {"objectUrl": URL, "title": "a\0"},
            "TITLE_INVALID",
            "/images/0/title",
            "NUL",
        ),
        (
            "images",
            {"objectUrl": URL, "imageMetadata": []},
            "WRONG_TYPE_OF_FIELD",
            "/images/0/imageMetadata",
            "object",
        ),
        (
            "images",
            {"objectUrl": URL, "imageMetadata": {"width": 2**70}},
            "MEDIA_METADATA_INVALID",
            "/images/0/imageMetadata",
            "too long",
        ),
        (
            "images",
            {"objectUrl": URL, "clientMetadata": "x"},
            "CLIENT_METADATA_INVALID",
            "/images/0/clientMetadata",
            "object",
        ),
        (
            "images",
            {"objectUrl": URL, "clientMetadata": {"a": ["\0"]}},
            "CLIENT_METADATA_INVALID",
            "/images/0/clientMetadata/a/0",
            "NUL",
        ),
        (
            "images",
            {"objectUrl": URL, "clientMetadata": {"$encord": {}}},
            "CLIENT_METADATA_INVALID",
            "/images/0/clientMetadata/$encord",
            "video",
        ),
        (
            "images",
            {"placeholder_item_uuid": "x"},
            "PLACEHOLDER_INVALID",
            "/images/0/placeholder_item_uuid",
            "UUID",
        ),
        (
            "images",
            {"placeholder_item_uuid": 5},
            "PLACEHOLDER_INVALID",
            "/images/0/placeholder_item_uuid",
            "UUID",
        ),
        (
            "image_groups",
            group(placeholder_item_uuid_1=str(UPLOADS[0])),
            "PLACEHOLDER_INVALID",
            "/image_groups/0/objectUrl_0",
            "no upload",
        ),
    ],
)
def test_a_broken_element_is_a_unit_that_says_what_is_wrong(
    key: str, element: object, code: str, field: str, part: str
) -> None:
    found = unit(key, element)
    assert found.error is not None
    assert (found.error.code, found.error.field) == (code, field)
    assert part in found.error.message
    assert found.index == 0


def test_nulls_count_as_absent() -> None:
    optional = {"title": None, "clientMetadata": None, "videoMetadata": None}
    found = unit("videos", {"objectUrl": URL, "placeholder_item_uuid": None, **optional})
    assert found == documents.Unit(0, UnitKind.VIDEO, "/videos/0", (URL,), "a.mp4")
    assert unit("image_groups", group(createVideo=None)).kind is UnitKind.IMAGE_GROUP


def test_a_broken_sequence_is_reported_with_its_kind_and_urls() -> None:
    found = unit("image_groups", group(createVideo=True, objectUrl_1=5, objectUrl_3="x", colour=1))
    assert found.kind is UnitKind.IMAGE_SEQUENCE
    assert found.object_urls == (URL, "x")


def test_uploaded_objects_stand_in_for_their_urls() -> None:
    found = unit("videos", {"objectUrl": "ignored", "placeholder_item_uuid": str(UPLOADS[0])})
    assert (found.object_urls, found.placeholder_ids) == ((), (UPLOADS[0],))
    assert (found.title, found.error) == (None, None)


def test_an_uploaded_group_needs_no_title_and_keeps_its_order() -> None:
    names = {2: UPLOADS[1], 10: UPLOADS[2], 0: UPLOADS[0]}
    element = {f"placeholder_item_uuid_{n}": str(upload) for n, upload in names.items()}
    found = unit("image_groups", {**element, "objectUrl_0": ""})
    assert found.placeholder_ids == tuple(UPLOADS)
    assert (found.object_urls, found.title, found.error) == ((), None, None)


def test_key_frames_of_a_video_pass() -> None:
    metadata = {
        "camera": "gate",
        "$encord": {
            "config": {"sampling_rate": 0, "keyframe_mode": "frame"},
            "frames": {"13": {}, "149": {"scene": "night", "clip": [0.12, -0.03, 0.44]}},
        },
    }
    found = unit("videos", {"objectUrl": URL, "clientMetadata": metadata})
    assert found.error is None
    assert json.loads(found.client_metadata or b"") == metadata


def test_fractions_stand_as_they_were_written() -> None:
    found = with_metadata('{"price": 1.10, "n": 1e2}')
    assert found.client_metadata == b'{"price":1.10,"n":1E+2}'


def test_of_equal_keys_the_last_one_counts() -> None:
    found = with_metadata('{"b":1,"a":2,"a":3}')
    assert found.client_metadata == b'{"b":1,"a":3}'


def test_client_metadata_over_the_limit() -> None:
    overhead = len('{"a":""}')
    just_right = {"a": "é" * ((client_metadata.MAX_BYTES - overhead) // 2)}
    element = {"objectUrl": URL, "clientMetadata": just_right}
    assert unit("videos", element).error is None
    just_right["a"] += "x"
    error = unit("videos", element).error
    assert error is not None
    assert error.code is UnitErrorCode.CLIENT_METADATA_TOO_LARGE
    assert str(client_metadata.MAX_BYTES) in error.message
