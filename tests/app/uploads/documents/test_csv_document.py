"""CSV documents: the worked example, each rule of rows and headers, and their errors."""

import csv
import io
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.uploads import documents
from app.uploads.documents import Limits, Options, UnitKind, sections

WORKED_EXAMPLE = """\
ObjectUrl,Image group title,Create video
https://b.example/frame1.jpg,Sequence 1,true
https://b.example/frame2.jpg,Sequence 1,true
https://b.example/frame3.jpg,Sequence 2,
https://b.example/frame4.jpg,Sequence 2,
https://b.example/frame5.jpg,Group 1,false
https://b.example/frame6.jpg,Group 1,false
ObjectUrl,Image title,Create video
https://b.example/frame7.jpg,Image 1,false
ObjectUrl,Video title,Create video
https://b.example/video.mp4,Video 1,false
"""

GROUPS = "ObjectUrl,Image group title,Create video\n"


def units(text: str | bytes) -> list[documents.Unit]:
    content = text if isinstance(text, bytes) else text.encode()
    return list(documents.read_csv(io.BytesIO(content)))


def url(name: object) -> str:
    return f"https://b.example/{name}"


def test_the_worked_example() -> None:
    def frames(*numbers: int) -> tuple[str, ...]:
        return tuple(url(f"frame{n}.jpg") for n in numbers)

    found = units(WORKED_EXAMPLE)
    assert [(u.kind, u.title, u.object_urls, u.location) for u in found] == [
        (UnitKind.IMAGE_SEQUENCE, "Sequence 1", frames(1, 2), "rows 2, 3"),
        (UnitKind.IMAGE_SEQUENCE, "Sequence 2", frames(3, 4), "rows 4, 5"),
        (UnitKind.IMAGE_GROUP, "Group 1", frames(5, 6), "rows 6, 7"),
        (UnitKind.IMAGE, "Image 1", frames(7), "row 9"),
        (UnitKind.VIDEO, "Video 1", (url("video.mp4"),), "row 11"),
    ]
    assert [u.index for u in found] == list(range(5))
    summary = documents.inspect_csv(io.BytesIO(WORKED_EXAMPLE.encode()))
    assert summary == documents.Summary(5, 0, 8, Options())


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("ObjectURL,Video title", UnitKind.VIDEO),
        ("objecturl,video title", UnitKind.VIDEO),
        (" OBJECTURL , VIDEO  TITLE ", UnitKind.VIDEO),
        ("ObjectUrl", UnitKind.VIDEO),
        ("ObjectUrl,,", UnitKind.VIDEO),
        ("ObjectUrl,Image title", UnitKind.IMAGE),
        ("ObjectUrl,Series title", UnitKind.DICOM_SERIES),
        ("ObjectUrl,Dicom title", UnitKind.DICOM_SERIES),
        ("\ufeffObjectUrl,Image title", UnitKind.IMAGE),
        ('"ObjectUrl","Image title"', UnitKind.IMAGE),
    ],
)
def test_the_header_decides_the_kind_and_a_blank_title_is_the_file_name(
    header: str, kind: UnitKind
) -> None:
    (unit,) = units(f"{header}\r\n{url('a%20b.bin')}\r\n")
    assert unit == documents.Unit(0, kind, "row 2", (url("a%20b.bin"),), "a b.bin")


def test_the_same_urls_without_create_video_are_a_sequence_in_csv_and_a_group_in_json() -> None:
    urls = [url(n) for n in range(4)]
    (in_csv,) = units(GROUPS + "".join(f"{one},t,\n" for one in urls))
    element = {"title": "t"} | {f"objectUrl_{n}": one for n, one in enumerate(urls)}
    in_json = documents.read_json(io.BytesIO(json.dumps({"image_groups": [element]}).encode()))
    assert in_csv.kind is UnitKind.IMAGE_SEQUENCE
    assert [unit.kind for unit in in_json] == [UnitKind.IMAGE_GROUP]


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("true", UnitKind.IMAGE_SEQUENCE),
        ("TRUE", UnitKind.IMAGE_SEQUENCE),
        (" True ", UnitKind.IMAGE_SEQUENCE),
        ("", UnitKind.IMAGE_SEQUENCE),
        ("  ", UnitKind.IMAGE_SEQUENCE),
        ("false", UnitKind.IMAGE_GROUP),
        ("FALSE", UnitKind.IMAGE_GROUP),
    ],
)
def test_create_video_as_people_write_it(cell: str, kind: UnitKind) -> None:
    (unit,) = units(f"{GROUPS}{url(1)},t,{cell}\n")
    assert (unit.kind, unit.error) == (kind, None)


def test_rows_of_one_title_need_not_be_adjacent() -> None:
    rows = [(1, "b"), (2, "a"), (3, "b "), (4, "a"), (5, "b")]
    found = units(GROUPS + "".join(f"{url(n)},{title},false\n" for n, title in rows))
    assert [(u.title, u.object_urls, u.location) for u in found] == [
        ("b", (url(1), url(3), url(5)), "rows 2, 4, 6"),
        ("a", (url(2), url(4)), "rows 3, 5"),
    ]


def test_a_title_below_another_header_is_another_group() -> None:
    found = units(f"{GROUPS}{url(1)},t,false\n{GROUPS}{url(2)},t,false\n")
    assert [(u.title, u.location) for u in found] == [("t", "row 2"), ("t", "row 4")]


def test_a_long_group_names_its_first_and_last_rows() -> None:
    (unit,) = units(GROUPS + "".join(f"{url(n)},t,false\n" for n in range(30)))
    assert unit.location == "rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …, 31"


def test_a_series_without_a_title_is_a_series_of_its_own() -> None:
    found = units(
        f"ObjectUrl,Series title\n{url('1.dcm')},\n{url('2.dcm')},axial\n{url('3.dcm')},\n"
        f"{url('4.dcm')},axial\n"
    )
    assert [(u.title, u.object_urls, u.kind) for u in found] == [
        ("1.dcm", (url("1.dcm"),), UnitKind.DICOM_SERIES),
        ("3.dcm", (url("3.dcm"),), UnitKind.DICOM_SERIES),
        ("axial", (url("2.dcm"), url("4.dcm")), UnitKind.DICOM_SERIES),
    ]


def test_cells_may_hold_commas_quotes_and_line_ends() -> None:
    (unit, after) = units(f'ObjectUrl,Video title\n{url(1)},"one, ""two""\nthree"\n\n{url(2)},x\n')
    assert unit.title == 'one, "two"\nthree'
    assert after.location == "row 4"  # the blank row counts, the line end in the cell does not


@pytest.mark.parametrize(
    ("text", "code", "field", "location", "part"),
    [
        ("ObjectUrl,Video title\n,x\n", "MISSING_OBJECT_URL", "ObjectUrl", "row 2", "URL"),
        ("ObjectUrl\na.mp4\n", "OBJECT_URL_INVALID", "ObjectUrl", "row 2", "full URL"),
        (
            f"ObjectURL,Image title\n{url(1)},{'x' * 301}\n",
            "TITLE_TOO_LONG",
            "Image title",
            "row 2",
            "301",
        ),
        (
            f"ObjectURL,Image title\n{url('x' * 301)},\n",
            "TITLE_TOO_LONG",
            "ObjectURL",
            "row 2",
            "301",
        ),
        (f"{GROUPS}{url(1)},,true\n", "TITLE_REQUIRED", "Image group title", "row 2", "title"),
        (f"{GROUPS}{url(1)},t,yes\n", "UNKNOWN_CREATE_VIDEO", "Create video", "row 2", "`yes`"),
        (
            f"{GROUPS}{url(1)},t,true\n{url(2)},t,no\n{url(3)},t,false\n",
            "UNKNOWN_CREATE_VIDEO",
            "Create video",
            "rows 2, 3, 4",
            "`no`",
        ),
        (
            f"{GROUPS}{url(1)},t,\n{url(2)},t,false\n",
            "MIXED_CREATE_VIDEO",
            "Create video",
            "rows 2, 3",
            "blank cell means true",
        ),
        (
            f"{GROUPS}{url(1)},t,false\nx,t,false\n{url(3)},t,false\n",
            "OBJECT_URL_INVALID",
            "ObjectUrl",
            "rows 2, 3, 4",
            "`x`",
        ),
        (
            f"ObjectUrl,Video title,Create video\n{url(1)},t,\n",
            "CREATE_VIDEO_NOT_ALLOWED",
            "Create video",
            "row 2",
            "write false",
        ),
        (
            f"ObjectUrl,Series title,Create video\n{url(1)},t,true\n",
            "CREATE_VIDEO_NOT_ALLOWED",
            "Create video",
            "row 2",
            "write false",
        ),
        (f"ObjectUrl,Video title\n{url(1)},a,b\n", "TOO_MANY_CELLS", None, "row 2", "2 cells"),
    ],
)
def test_a_broken_row_is_a_unit_that_says_what_is_wrong(
    text: str, code: str, field: str | None, location: str, part: str
) -> None:
    (unit,) = units(text)
    assert unit.error is not None
    assert (unit.error.code, unit.error.field, unit.location) == (code, field, location)
    assert part in unit.error.message


@pytest.mark.parametrize(
    ("text", "reason", "place", "part"),
    [
        ("", "HEADER_MISSING", "row 1", "header row"),
        ("\n \n", "HEADER_MISSING", "row 1", "header row"),
        (f"\n{url(1)},x\n", "HEADER_MISSING", "row 2", "first cell is `ObjectUrl`"),
        ("Video title,ObjectUrl\n", "HEADER_MISSING", "row 1", "first column"),
        ("ObjectUrl;Video title\n", "HEADER_MISSING", "row 1", "commas only"),
        ("ObjectUrl\tVideo title\n", "HEADER_MISSING", "row 1", "commas only"),
        ("ObjectUrl,Vido title\n", "HEADER_INVALID", "row 1", "Did you mean `Video title`?"),
        ("ObjectUrl,Create video\n", "HEADER_INVALID", "row 1", "names no type"),
        ("ObjectUrl,Video title,Colour\n", "HEADER_INVALID", "row 1", "Create video"),
        ("ObjectUrl,Video title,Create video,X\n", "HEADER_INVALID", "row 1", "Create video"),
        ("ObjectUrl,Image group title\n", "HEADER_INVALID", "row 1", "add it"),
        (f"{GROUPS}{url(1)},t,\nObjectUrl,Video title\n", "HEADER_INVALID", "row 3", "row 2"),
        (f"ObjectUrl\n{url(0)}\n{GROUPS}{url(1)},t,\n", "HEADER_INVALID", "row 1", "row 4"),
        (f'ObjectUrl\n{url(1)}\n"x" y\n', "ROW_INVALID", "row 3", "quotation marks"),
        (f'ObjectUrl\n"{url(1)}\n', "ROW_INVALID", "row 2", "quotation marks"),
        ("ObjectUrl\n" + "x" * 2_000_000, "ROW_INVALID", "row 2", "characters"),
        (b"ObjectUrl\nhttps://b.example/\xe9\n", "NOT_UTF8", "row 1", "UTF-8"),
    ],
)
def test_a_broken_file_is_refused_with_its_row(
    text: str | bytes, reason: str, place: str, part: str
) -> None:
    with pytest.raises(documents.DocumentError) as caught:
        units(text)
    assert (caught.value.reason, caught.value.place) == (reason, place)
    assert part in caught.value.message


def test_two_columns_are_enough_beside_groups_that_are_no_sequences() -> None:
    found = units(f"{GROUPS}{url(1)},t,false\nObjectUrl,Video title\n{url(2)},v\n")
    assert [unit.error for unit in found] == [None, None]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [(Limits(unit_count=1), "TOO_MANY_UNITS"), (Limits(url_count=7), "TOO_MANY_URLS")],
)
def test_the_limits_of_units_and_urls(limits: Limits, reason: str) -> None:
    with pytest.raises(documents.DocumentError) as caught:
        documents.inspect_csv(io.BytesIO(WORKED_EXAMPLE.encode()), limits)
    assert caught.value.reason == reason


def test_groups_that_outgrow_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "MAX_HELD_CHARACTERS", 60)
    rows = "".join(f"{url(n)},t{n},false\n" for n in range(3))
    assert len(units(GROUPS + rows)) == 3
    with pytest.raises(documents.DocumentError, match="repeat the header row"):
        units(GROUPS + rows + f"{url(3)},t,false\n")


def test_the_document_stays_open() -> None:
    document = io.BytesIO(WORKED_EXAMPLE.encode())
    next(documents.read_csv(document))
    assert documents.inspect_csv(document).unit_count == 5
    assert not document.closed


TITLES = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=6).map(str.strip)


def written(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


@given(titles=st.lists(TITLES.filter(bool)))
def test_what_a_csv_writer_writes_is_read_back(titles: list[str]) -> None:
    rows = [(url(n), title) for n, title in enumerate(titles)]
    found = units(written(["ObjectUrl", "Image title"], rows))
    assert [(unit.object_urls[0], unit.title) for unit in found] == rows


@given(titles=st.lists(st.sampled_from("abc")))
def test_every_row_is_in_exactly_one_group(titles: list[str]) -> None:
    rows = [(url(n), title, "false") for n, title in enumerate(titles)]
    found = units(written(["ObjectUrl", "Image group title", "Create video"], rows))
    assert [unit.title for unit in found] == list(dict.fromkeys(titles))
    for unit in found:
        assert list(unit.object_urls) == [url for url, title, _ in rows if title == unit.title]
