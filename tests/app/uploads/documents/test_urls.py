"""Object URLs and the titles that come from them."""

import pytest

from app.uploads.documents import urls

ARN = "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap"


@pytest.mark.parametrize(
    ("url", "title"),
    [
        ("https://b.example/path/to/video23.mp4", "video23.mp4"),
        ("https://b.example/a/My%20clip%C3%A9.mp4", "My clipé.mp4"),
        ("https://b.example/a/b%2Fc.png", "b/c.png"),
        ("https://b.example/a/x.png?versionId=1/2#t=3/4", "x.png"),
        ("https://b.example/a/", "a"),
        ("https://b.example", "b.example"),
        ("s3://bucket/site/cam 1.mp4", "cam 1.mp4"),
        (f"{ARN}/site/cam1.mp4", "cam1.mp4"),
        (f"{ARN}/cam%201?.mp4", "cam%201?.mp4"),
        (f"{ARN}//", "/"),
    ],
)
def test_the_default_title_is_the_last_segment(url: str, title: str) -> None:
    assert urls.url_error(url, "objectUrl") is None
    assert urls.default_title(url) == title


@pytest.mark.parametrize(
    "url",
    [
        "cam1.mp4",
        "/bucket/cam1.mp4",
        "https:/b.example/x",
        "https://",
        " https://b.example/x",
        "https://b.example/a\0b",
        "https://b.example/a\nb",
        ARN,
        f"{ARN}/",
        "arn:aws:s3:::bucket/key",
        "arn:aws:s3::12345:accesspoint/alias.mrap/key",
        "arn:aws:s3:eu-west-2:123456789012:accesspoint/alias.mrap/key",
    ],
)
def test_what_is_no_object_url(url: str) -> None:
    error = urls.url_error(url, "objectUrl")
    assert error is not None
    assert error.code == "OBJECT_URL_INVALID"
    assert "\0" not in error.message


def test_a_url_has_at_most_16_kib_of_utf8() -> None:
    start = "https://b.example/"
    just_right = start + "é" * ((16 * 1024 - len(start)) // 2)
    assert urls.url_error(just_right, "objectUrl") is None
    error = urls.url_error(just_right + "x", "objectUrl")
    assert error is not None
    assert error.code == "OBJECT_URL_TOO_LONG"


def test_a_title_has_at_most_300_characters() -> None:
    assert urls.title_error("é" * 300, "title") is None
    error = urls.title_error("é" * 301, "title")
    assert error is not None
    assert error.code == "TITLE_TOO_LONG"
