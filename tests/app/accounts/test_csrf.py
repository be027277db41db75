"""The session cookie works for our own pages and for nobody else's."""

import pytest

from app.accounts import csrf
from app.core.errors import Unauthenticated

OURS = {"https://labels.example", "http://localhost:8000"}
Pairs = list[tuple[bytes, bytes]]


def headers(*pairs: tuple[str, str]) -> Pairs:
    return [(name.lower().encode(), value.encode()) for name, value in pairs]


def test_the_cookie_is_bound_to_host_https_and_own_requests() -> None:
    assert csrf.set_cookie("secret", secure=True) == (
        "__Host-labelgraph=secret; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure"
    )


def test_plain_http_gets_a_cookie_that_browsers_keep() -> None:
    assert csrf.set_cookie("secret", secure=False) == (
        "labelgraph=secret; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax"
    )


@pytest.mark.parametrize("secure", [True, False])
def test_signing_out_ends_the_cookie_at_once(secure: bool) -> None:
    cookie = csrf.clear_cookie(secure=secure)
    assert cookie.startswith(csrf.cookie_name(secure=secure) + "=; ")
    assert "Max-Age=0" in cookie


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], None),
        (["theme=dark"], None),
        (["__Host-labelgraph=abc"], "abc"),
        (["theme=dark; __Host-labelgraph=abc; other=1"], "abc"),
        (["theme=dark", "__Host-labelgraph=a=b"], "a=b"),
        (["labelgraph=abc"], None),
        (["__Host-labelgraph2=abc"], None),
    ],
)
def test_the_session_is_read_from_its_cookie_alone(lines: list[str], found: str | None) -> None:
    assert csrf.read_cookie(headers(*(("Cookie", line) for line in lines)), secure=True) == found


@pytest.mark.parametrize(
    "lines", [["labelgraph=a; labelgraph=b"], ["labelgraph=a", "labelgraph=a"]]
)
def test_two_session_cookies_are_refused(lines: list[str]) -> None:
    with pytest.raises(Unauthenticated, match="2 times"):
        csrf.read_cookie(headers(*(("Cookie", line) for line in lines)), secure=False)


@pytest.mark.parametrize(
    "sent",
    [
        [("X-Labelgraph-Csrf", "1")],
        [("X-Labelgraph-Csrf", "1"), ("Origin", "https://labels.example")],
        [("Origin", "http://localhost:8000"), ("X-Labelgraph-Csrf", "1")],
    ],
)
def test_a_page_of_ours_is_let_in(sent: list[tuple[str, str]]) -> None:
    csrf.check_request(headers(*sent), OURS)


@pytest.mark.parametrize(
    "sent",
    [
        [],
        [("X-Labelgraph-Csrf", "")],
        [("X-Labelgraph-Csrf", "0")],
        [("X-Labelgraph-Csrf", "1"), ("X-Labelgraph-Csrf", "1")],
        [("Origin", "https://labels.example")],
        [("X-Labelgraph-Csrf", "1"), ("Origin", "null")],
        [("X-Labelgraph-Csrf", "1"), ("Origin", "")],
        [("X-Labelgraph-Csrf", "1"), ("Origin", "https://evil.example")],
        [("X-Labelgraph-Csrf", "1"), ("Origin", "http://labels.example")],
        [("X-Labelgraph-Csrf", "1"), ("Origin", "https://labels.example:444")],
        [("X-Labelgraph-Csrf", "1"), ("Origin", "https://labels.example.evil.example")],
        [("X-Labelgraph-Csrf", "1"), ("Origin", "https://labels.example/")],
        [("X-Labelgraph-Csrf", "1"), ("Origin", "https://evil.example https://labels.example")],
        [
            ("X-Labelgraph-Csrf", "1"),
            ("Origin", "https://labels.example"),
            ("Origin", "https://evil.example"),
        ],
        [("X-Labelgraph-Csrf", "\u0661")],
    ],
)
def test_a_request_that_another_site_may_have_caused_is_refused(
    sent: list[tuple[str, str]],
) -> None:
    with pytest.raises(Unauthenticated):
        csrf.check_request(headers(*sent), OURS)


def test_a_socket_must_name_an_origin_of_ours() -> None:
    csrf.check_socket(headers(("Origin", "https://labels.example")), OURS)
    for sent in ([], [("Origin", "null")], [("Origin", "https://evil.example")]):
        with pytest.raises(Unauthenticated):
            csrf.check_socket(headers(*sent), OURS)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://labels.example", "https://labels.example"),
        ("https://Labels.example:443/graphql?x=1", "https://labels.example"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://localhost:80", "http://localhost"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(url: str, origin: str) -> None:
    assert csrf.origin_of(url) == origin


@pytest.mark.parametrize("url", ["", "labels.example", "ftp://labels.example", "https://"])
def test_only_web_addresses_have_an_origin(url: str) -> None:
    with pytest.raises(ValueError, match="no http or https URL"):
        csrf.origin_of(url)
