"""JSON documents: the worked examples of the format, and what is wrong with a whole document."""

import io
import itertools
import json
from typing import BinaryIO

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.uploads import documents
from app.uploads.documents import DocumentErrorCode, Limits, Options, UnitKind, source

BUCKET = "https://my-bucket.s3.eu-west-2.amazonaws.com"


def document(value: object) -> BinaryIO:
    return io.BytesIO(value if isinstance(value, bytes) else json.dumps(value).encode())


def units(value: object) -> list[documents.Unit]:
    return list(documents.read_json(document(value)))


def refusal(value: object, limits: Limits = Limits()) -> documents.DocumentError:  # noqa: B008
    with pytest.raises(documents.DocumentError) as caught:
        documents.inspect_json(document(value), limits)
    return caught.value


def test_videos_from_minimal_to_complete() -> None:
    media = {
        "fps": 25.0,
        "duration": 61.2,
        "width": 1920,
        "height": 1080,
        "file_size": 73400320,
        "mime_type": "video/mp4",
    }
    value = {
        "videos": [
            {"objectUrl": f"{BUCKET}/site/cam1.mp4"},
            {"objectUrl": f"{BUCKET}/site/cam2.mp4", "title": "Gate camera.mp4"},
            {
                "objectUrl": f"{BUCKET}/site/cam3.mp4",
                "title": "Crane camera.mp4",
                "videoMetadata": media,
                "clientMetadata": {"site_location": "Algiers", "weather_conditions": "sunny"},
            },
        ],
        "skip_duplicate_urls": True,
    }
    first, second, third = units(value)
    assert first == documents.Unit(
        0, UnitKind.VIDEO, "/videos/0", (f"{BUCKET}/site/cam1.mp4",), "cam1.mp4"
    )
    assert second.title == "Gate camera.mp4"
    assert third.media_metadata == media
    assert {type(third.media_metadata[key]) for key in ("fps", "duration")} == {float}
    assert third.client_metadata == b'{"site_location":"Algiers","weather_conditions":"sunny"}'
    summary = documents.inspect_json(document(value))
    assert summary == documents.Summary(3, 0, 3, Options(skip_duplicate_urls=True))


def test_an_image_with_media_metadata_and_an_embedding() -> None:
    (unit,) = units(
        {
            "images": [
                {
                    "objectUrl": f"{BUCKET}/fruit/apple_001.png",
                    "title": "Apple one",
                    "imageMetadata": {"mime_type": "image/png", "width": 1254},
                    "clientMetadata": {"orchard": "north", "clip": [0.12, -0.03, 0.44]},
                }
            ]
        }
    )
    assert (unit.kind, unit.title, unit.error) == (UnitKind.IMAGE, "Apple one", None)
    assert unit.media_metadata == {"mime_type": "image/png", "width": 1254}
    assert unit.client_metadata == b'{"orchard":"north","clip":[0.12,-0.03,0.44]}'


def test_the_mixed_example_gives_each_type_in_the_order_of_the_document() -> None:
    def group(name: str, title: str, *, create_video: bool) -> dict[str, object]:
        urls = {f"objectUrl_{n}": f"https://b.example/{name}_{n}.jpg" for n in range(2)}
        return {"title": title, "createVideo": create_video, **urls}

    mixed = units(
        {
            "images": [{"objectUrl": "https://b.example/img1.png"}],
            "videos": [
                {"objectUrl": "https://b.example/v1.mp4"},
                {"objectUrl": "https://b.example/v2.mp4", "title": "Second"},
            ],
            "image_groups": [
                group("s1", "seq 1", create_video=True),
                group("s2", "seq 2", create_video=True),
                group("g1", "grp 1", create_video=False),
            ],
            "skip_duplicate_urls": False,
        }
    )
    assert [(unit.location, unit.kind, unit.title) for unit in mixed] == [
        ("/images/0", UnitKind.IMAGE, "img1.png"),
        ("/videos/0", UnitKind.VIDEO, "v1.mp4"),
        ("/videos/1", UnitKind.VIDEO, "Second"),
        ("/image_groups/0", UnitKind.IMAGE_SEQUENCE, "seq 1"),
        ("/image_groups/1", UnitKind.IMAGE_SEQUENCE, "seq 2"),
        ("/image_groups/2", UnitKind.IMAGE_GROUP, "grp 1"),
    ]
    assert [unit.index for unit in mixed] == list(range(6))
    assert mixed[5].object_urls == ("https://b.example/g1_0.jpg", "https://b.example/g1_1.jpg")


def test_a_group_without_create_video_is_no_sequence() -> None:
    (unit,) = units({"image_groups": [{"title": "t", "objectUrl_0": "https://b.example/1.jpg"}]})
    assert unit.kind is UnitKind.IMAGE_GROUP


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("videos", UnitKind.VIDEO),
        ("images", UnitKind.IMAGE),
        ("audio", UnitKind.AUDIO),
        ("text", UnitKind.PLAIN_TEXT),
        ("pdfs", UnitKind.PDF),
        ("pdf", UnitKind.PDF),
        ("nifti", UnitKind.NIFTI),
        ("time_series", UnitKind.TIME_SERIES),
        ("scenes", UnitKind.SCENE),
    ],
)
def test_each_list_of_single_files_has_its_kind(key: str, kind: UnitKind) -> None:
    (unit,) = units({key: [{"objectUrl": "https://b.example/a/file.bin"}]})
    assert (unit.kind, unit.title, unit.error) == (kind, "file.bin", None)


def test_a_series_keeps_its_files_in_numeric_order() -> None:
    files = {f"objectUrl_{n}": f"https://b.example/{n}" for n in (10, 2, 7)}
    (unit,) = units({"dicom_series": [{"title": "Study 9 / axial", **files}]})
    assert unit.kind is UnitKind.DICOM_SERIES
    assert unit.object_urls == (
        "https://b.example/2",
        "https://b.example/7",
        "https://b.example/10",
    )


@pytest.mark.parametrize(
    ("value", "options"),
    [
        ({}, Options()),
        ({"videos": [], "images": []}, Options()),
        (
            {"skip_duplicate_urls": True, "videos": [], "upsert_metadata": True},
            Options(skip_duplicate_urls=True, upsert_metadata=True),
        ),
        (b'{"upsert_metadata":true,"upsert_metadata":false}', Options()),
        (b'\xef\xbb\xbf{"videos": []}', Options()),
    ],
)
def test_a_document_without_units_still_has_options(value: object, options: Options) -> None:
    assert documents.inspect_json(document(value)) == documents.Summary(0, 0, 0, options)


@pytest.mark.parametrize(
    ("value", "reason", "place", "part"),
    [
        (b"", "ENDS_EARLY", "line 1, byte 0", "too early"),
        (b'{"videos":[\n{"objectUrl"', "ENDS_EARLY", "line 2, byte 24", "send the whole"),
        (b"[]", "NOT_AN_OBJECT", "", '{"videos"'),
        (b"null", "NOT_AN_OBJECT", "", "object"),
        (b'{"videos":[\n {"objectUrl":NaN}]}', "NOT_JSON", "line 2, byte 26", "Mend it"),
        (b'{"videos":[]} {}', "NOT_JSON", "line 1, byte 14", "trailing"),
        (b'{"videos":[],}', "NOT_JSON", "line 1, byte 13", "not valid JSON"),
        (b'{"videos":["\xff"]}', "NOT_JSON", "line 1, byte 12", "UTF8"),
        (b'{"videos":[%b]}' % (b"9" * 5000), "NOT_JSON", "line 1, byte 5011", "too long"),
        (b'{"videos":[1e%b]}' % (b"9" * 50), "NOT_JSON", "line 1, byte 63", "too long"),
        (b'{"videos":\n["\\ud800"]}', "NOT_JSON", "line 2, byte 13", "surrogate"),
        (b'{"videos":[%b' % (b"[" * 200), "TOO_DEEP", "", "flatten"),
        ({"videos": {}}, "WRONG_TYPE", "/videos", "list"),
        ({"videos": None}, "WRONG_TYPE", "/videos", "list"),
        ({"upsert_metadata": "true"}, "WRONG_TYPE", "/upsert_metadata", "without quotes"),
        ({"video": []}, "UNKNOWN_KEY", "/video", "Did you mean `videos`?"),
        ({"skip_duplicates": True}, "UNKNOWN_KEY", "/skip_duplicates", "`skip_duplicate_urls`"),
        ({"xyz": 1}, "UNKNOWN_KEY", "/xyz", "Known are `audio`"),
        (b'{"videos":[],"videos":[]}', "DUPLICATE_KEY", "/videos", "join"),
    ],
)
def test_a_broken_document_is_refused_with_its_place(
    value: object, reason: str, place: str, part: str
) -> None:
    error = refusal(value)
    assert (error.reason, error.place) == (reason, place)
    assert part in error.message
    assert error.code == "INVALID"


@pytest.mark.parametrize("padding", [0, 1, source.CHUNK_BYTES - 20, source.CHUNK_BYTES, 200_000])
def test_the_place_of_a_fault_is_exact_far_into_the_document(padding: int) -> None:
    start = b'{"videos":[],' + b" " * padding + b"\n"
    error = refusal(start + b"!}")
    assert error.place == f"line 2, byte {len(start)}"


def test_the_place_of_a_fault_after_a_long_text_is_exact() -> None:
    start = b'{"videos":["%b",' % (b"x" * 300_000)
    assert refusal(start + b"!]}").place == f"line 1, byte {len(start)}"


def test_units_before_the_fault_are_given() -> None:
    elements = b",".join(b'{"objectUrl":"https://b.example/%d"}' % n for n in range(5_000))
    stream = documents.read_json(document(b'{"videos":[' + elements + b"}"))
    seen: list[documents.Unit] = []
    with pytest.raises(documents.DocumentError):
        seen.extend(stream)
    assert len(seen) > 1_000


def test_the_limits_of_units_and_urls() -> None:
    videos = {"videos": [{"objectUrl": f"https://b.example/{n}"} for n in range(3)]}
    assert documents.inspect_json(document(videos), Limits(unit_count=3)).unit_count == 3
    error = refusal(videos, Limits(unit_count=2))
    assert (error.reason, error.place) == (DocumentErrorCode.TOO_MANY_UNITS, "/videos/2")
    error = refusal(videos, Limits(url_count=2))
    assert (error.reason, error.place) == (DocumentErrorCode.TOO_MANY_URLS, "/videos/2")


def test_an_element_that_outgrows_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_ELEMENT_BYTES", 200_000)
    small = [{"objectUrl": f"https://b.example/{n}"} for n in range(20_000)]
    assert documents.inspect_json(document({"videos": small})).unit_count == 20_000
    error = refusal({"videos": [{"title": "x" * 300_000}]})
    assert error.reason is DocumentErrorCode.ELEMENT_TOO_LARGE


class Dripping(io.BytesIO):
    """Gives a document in pieces of the given sizes, over and over."""

    def __init__(self, content: bytes, sizes: list[int]) -> None:
        super().__init__(content)
        self._sizes = itertools.cycle(sizes)

    def read(self, size: int | None = -1) -> bytes:
        # the byte order mark is looked for with a read of three bytes
        return super().read(size if size == 3 else next(self._sizes))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=5)


@given(texts=st.lists(TEXTS), sizes=SIZES, ascii_only=st.booleans())
def test_the_division_into_chunks_changes_nothing(
    texts: list[str], sizes: list[int], ascii_only: bool
) -> None:
    elements = [
        {"objectUrl": f"https://b.example/{n}", "title": text, "clientMetadata": {text: text}}
        for n, text in enumerate(texts)
    ]
    content = json.dumps({"images": elements}, ensure_ascii=ascii_only).encode()
    whole = units(content)
    assert list(documents.read_json(Dripping(content, sizes))) == whole
    assert len(whole) == len(texts)
    for unit, text in zip(whole, texts, strict=True):
        if unit.error is None:
            assert unit.client_metadata == orjson.dumps({text: text})


# escapes as they may stand in a string: halves of pairs, backslashes, other characters
PIECES = st.sampled_from([r"\ud83d", r"\uDE00", r"\\", "ud83d", r"\"", r"\u00e9", r"\n", "x"])


@given(pieces=st.lists(PIECES, max_size=8), sizes=SIZES)
@example(pieces=[r"\\", "ud83d"], sizes=[1])
@example(pieces=[r"\ud83d", r"\\", r"\uDE00"], sizes=[1])
@example(pieces=[r"\\", r"\ud83d", r"\uDE00"], sizes=[1])
@example(pieces=[r"\ud83d", r"\uDE00", r"\uDE00"], sizes=[4])
def test_half_a_surrogate_pair_is_found_wherever_the_chunks_end(
    pieces: list[str], sizes: list[int]
) -> None:
    content = b'{"images":[{"title":"%b"}]}' % "".join(pieces).encode()
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError:
        with pytest.raises(documents.DocumentError, match="surrogate"):
            list(documents.read_json(Dripping(content, sizes)))
    else:
        assert len(list(documents.read_json(Dripping(content, sizes)))) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(elements=st.lists(JSON))
def test_every_element_is_one_unit_whatever_it_holds(elements: list[object]) -> None:
    found = units(orjson.dumps({"videos": elements, "scenes": elements}))
    assert [unit.location for unit in found] == [
        f"/{key}/{n}" for key in ("videos", "scenes") for n in range(len(elements))
    ]
    assert all(unit.error for unit in found)
