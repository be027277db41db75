"""How the page and its files are served, and to whom."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from app.core import runtime as runtimes
from app.core.settings import Settings
from app.main import serve
from schema.transport.page import Page, wants_page

BROWSERS = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.fixture
async def http(app: Starlette) -> AsyncGenerator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://labelgraph.test") as client:
        yield client


def asked(accept: str | None, method: str = "GET") -> Request:
    headers = [] if accept is None else [(b"accept", accept.encode())]
    return Request({"type": "http", "method": method, "headers": headers})


@pytest.mark.parametrize(
    "accept",
    [BROWSERS, "text/html", "TEXT/HTML ; q=0.5", "application/json;q=0.3, text/html;q=0.4"],
)
def test_a_browser_is_shown_the_page(accept: str) -> None:
    assert wants_page(asked(accept))
    assert wants_page(asked(accept, "HEAD"))
    assert not wants_page(asked(accept, "POST"))


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "text/*",
        "application/json",
        "application/graphql-response+json, application/json;q=0.9",
        "application/json, text/html;q=0.9",
        "text/html;q=0",
        "text/html;q=x",
        ";;,;q",
    ],
)
def test_a_client_of_the_api_never_is(accept: str | None) -> None:
    assert not wants_page(asked(accept))


async def test_files_are_kept_for_ever_and_the_page_is_asked_for_anew(
    http: httpx2.AsyncClient,
) -> None:
    page = await http.get("/graphql", headers={"Accept": BROWSERS})
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-cache"
    files = re.findall(r'(?:src|href)="(static/[^"]+)"', page.text)
    assert {name.rpartition(".")[2] for name in files} == {"js", "css"}
    for name in files:
        file = await http.get(f"/{name}")
        assert file.status_code == 200
        assert "immutable" in file.headers["Cache-Control"]
        assert file.headers["X-Content-Type-Options"] == "nosniff"


async def test_only_files_of_the_bundle_are_given_out(http: httpx2.AsyncClient) -> None:
    for path in (
        "manifest.json",
        "assets/nothing.js",
        "assets/../manifest.json",
        "assets/%2e%2e/x",
    ):
        assert (await http.get(f"/static/{path}")).status_code == 404


async def test_the_policy_names_this_server_and_nobody_else(http: httpx2.AsyncClient) -> None:
    said = (await http.get("/graphql", headers={"Accept": BROWSERS})).headers[
        "Content-Security-Policy"
    ]
    policy = dict(part.split(" ", 1) for part in said.split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["worker-src"] == "'self'"
    assert policy["connect-src"] == "'self' ws://labelgraph.test"
    assert "unsafe-eval" not in said
    assert set(re.findall(r"\w+://[^\s;]+", said)) == {"ws://labelgraph.test"}


def test_a_page_that_was_not_built_says_what_to_do(tmp_path: Path) -> None:
    answer = Page("http://labelgraph.test", tmp_path / "nothing").response()
    assert answer.status_code == 503
    assert b"make web" in answer.body


async def test_a_bundle_that_was_not_built_is_not_found(tmp_path: Path) -> None:
    app = Starlette(routes=Page("http://labelgraph.test", tmp_path / "nothing").routes())
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://labelgraph.test") as http:
        assert (await http.get("/static/assets/main.js")).status_code == 404


async def test_the_front_page_leads_there(http: httpx2.AsyncClient) -> None:
    front = await http.get("/")
    found = re.search(r'href="(\w+)">GraphiQL', front.text)
    assert found is not None
    assert (await http.get(f"/{found[1]}", headers={"Accept": BROWSERS})).status_code == 200


async def test_the_page_can_be_left_out(settings: Settings) -> None:
    async with runtimes.opened(settings.model_copy(update={"ide": False})) as runtime:
        app = Starlette()
        serve(app, runtime)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
            page = await http.get("/graphql", headers={"Accept": BROWSERS})
            assert "<html" not in page.text
            assert "GraphiQL" not in (await http.get("/")).text
