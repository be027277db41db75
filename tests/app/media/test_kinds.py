"""Telling types apart by the first bytes and the name."""

import codecs

import pytest

from app.media import kinds
from app.media.info import MediaType


@pytest.mark.parametrize(
    ("name", "content", "mime_type"),
    [
        ("a.txt", b"plain", "text/plain"),
        ("a", b"plain", "text/plain"),
        ("a.md", b"# Head", "text/markdown"),
        ("a.csv", b"a,b\n1,2\n", "text/csv"),
        ("a.json", b'{"a": 1}', "application/json"),
        ("a.txt", b'[{"a": 1}]', "application/json"),
        ("a.txt", b"[not JSON]", "text/plain"),
        ("a.xml", b"<a/>", "application/xml"),
        ("a", b'<?xml version="1.0"?><a/>', "application/xml"),
        ("a.txt", b"  <!DOCTYPE html><p>", "text/html"),
        ("a", b'<?xml version="1.0"?><html/>', "text/html"),
        ("a.txt", "größer 漢字".encode(), "text/plain"),
        ("a.txt", codecs.BOM_UTF8 + b"plain", "text/plain"),
        ("a.txt", codecs.BOM_UTF16_LE + "plain".encode("utf-16-le"), "text/plain"),
        ("a.json", codecs.BOM_UTF16_BE + '{"a": 1}'.encode("utf-16-be"), "application/json"),
        ("a.txt", "größer".encode("latin-1"), "text/plain"),
        ("a.txt", b"x" * 65_535 + "é".encode()[:1], "text/plain"),
    ],
)
def test_text_is_told_by_content_then_by_name(name: str, content: bytes, mime_type: str) -> None:
    kind = kinds.detect(content, name)
    assert kind is not None
    assert (kind.type, kind.mime_type) == (MediaType.PLAIN_TEXT, mime_type)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a", "größer".encode("latin-1")),
        ("a.txt", b"a\0b"),
        ("a.txt", b"\xff\xfe" + b"\0\xd8" * 2),
        ("a.xyz", bytes(range(256))),
    ],
)
def test_other_bytes_are_no_text(name: str, content: bytes) -> None:
    assert kinds.detect(content, name) is None


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"II*\0" + bytes(124) + b"DICM", kinds.DICOM),
        (b"ply\nformat ascii 1.0\n", kinds.PLY),
        (b"# .PCD v0.7\n", kinds.POINT_CLOUD),
        (b"LASF" + bytes(100), kinds.POINT_CLOUD),
        (b"\n\n%PDF-1.4", kinds.PDF),
        ((b"G" + bytes(187)) * 5, kinds.MPEG_TS),
        (b"BM" + bytes(52), kinds.BMP),
        (b"\0\0\0\x1cftypM4A " + bytes(20), kinds.M4A),
        (b"\0\0\0\x1cftypisom" + bytes(20), kinds.MP4),
        (b"\0\0\0\x1cftypqt  " + bytes(20), kinds.QUICKTIME),
        (b"\0\0\0\x1cftypavif" + bytes(20), kinds.AVIF),
        (b"XXXX\0\0\0\0WEBP" + bytes(20), None),
        (b"RIFF\0\0\0\0WEBP" + bytes(20), kinds.WEBP),
    ],
)
def test_a_mark_is_known(content: bytes, found: kinds.Kind | None) -> None:
    assert kinds.detect(content, "upload") == found


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.MP3", kinds.MP3),
        ("a.nii.gz", kinds.NIFTI),
        ("a.dcm", kinds.DICOM),
        ("a.dcm.gz", None),
        ("a.svg.bin", None),
        ("", None),
    ],
)
def test_bytes_without_a_mark_are_what_their_name_says(name: str, found: kinds.Kind | None) -> None:
    assert kinds.detect(bytes(64), name) == found
