"""GraphiQL, for people who open the API's address in a browser. Its source is in `web/`; `make web` builds it."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

import app

BUNDLE = Path(app.__file__).parent / "static"
"""Where `make web` puts it."""
ENTRY = "src/main.tsx"
HTML = frozenset({"text/html", "application/xhtml+xml"})
ANSWERS = frozenset({"application/json", "application/graphql-response+json"})

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>labelgraph</title>
<link rel="icon" href="data:,">
{styles}
<script type="module" src="static/{script}"></script>
<div id="page"></div>
<noscript>This page is written in JavaScript. The API does without: POST /graphql.</noscript>
"""
NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>labelgraph</title>
<h1>The page is not built</h1>
<p>Here would be GraphiQL. In the folder of labelgraph run <code>make web</code>, which needs npm's registry; then
load this page again.
<p>The API does without: <code>POST /graphql</code>.
"""


def wants_page(request: Request) -> bool:
    """Whether a browser asks for something to look at: it names HTML, and likes it as much as any answer of ours.

    A client that takes anything (`*/*`) wants an answer.
    """
    if request.method not in {"GET", "HEAD"}:
        return False
    ranges = dict(map(_media_range, ",".join(request.headers.getlist("accept")).split(",")))
    wish = max((ranges.get(name, 0.0) for name in HTML), default=0.0)
    return wish > 0 and wish >= max(ranges.get(name, 0.0) for name in ANSWERS)


def _media_range(text: str) -> tuple[str, float]:
    """A media type of an Accept header, and how much it is liked: 0 to 1."""
    name, *parameters = (part.strip() for part in text.lower().split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return name, float(value)
            except ValueError:
                return name, 0.0
    return name, 1.0


@dataclass(frozen=True, slots=True)
class Page:
    """The page, and the files that it loads. `url` is the address that clients use."""

    url: str
    bundle: Path = BUNDLE

    def routes(self) -> list[BaseRoute]:
        """What the page loads. The page itself is where the API is, for whom `wants_page` says so."""
        return [Mount("/static/assets", _Assets(self.bundle / "assets"))]

    def response(self) -> Response:
        """The page for a browser; 503 and what to do if it was not built."""
        built = self._html()
        return HTMLResponse(
            built or NOT_BUILT,
            status_code=200 if built else 503,
            headers={
                "Content-Security-Policy": self._policy(),
                "Cache-Control": "no-cache",
                "Vary": "Accept",
                "Referrer-Policy": "same-origin",
                "X-Content-Type-Options": "nosniff",
            },
        )

    def _html(self) -> str | None:
        try:
            manifest: dict[str, Any] = orjson.loads((self.bundle / "manifest.json").read_bytes())
        except FileNotFoundError:
            return None
        entry = manifest[ENTRY]
        links = [
            f'<link rel="stylesheet" href="static/{escape(name)}">' for name in entry.get("css", ())
        ]
        return PAGE.format(styles="\n".join(links), script=escape(entry["file"]))

    def _policy(self) -> str:
        """This server and nobody else; scripts from files alone."""
        socket = self.url.replace("http", "ws", 1)  # not every browser counts it as 'self'
        return "; ".join(
            [
                "default-src 'none'",
                "script-src 'self'",
                "worker-src 'self'",
                "style-src 'self' 'unsafe-inline'",  # Monaco places each line by a style attribute
                "font-src 'self'",
                "img-src 'self' data:",
                f"connect-src 'self' {socket}",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
            ]
        )


class _Assets(StaticFiles):
    """The files of the bundle. Their names hold a digest of what is in them, so browsers keep them for ever."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, check_dir=False)

    async def check_config(self) -> None:
        """Nothing: a bundle that was not built has no files, which is no fault of the server."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        """The file, kept for a year. Workers get their policy from here, not from the page."""
        response = super().file_response(*arguments, **options)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        if isinstance(response, FileResponse):
            response.headers["Content-Security-Policy"] = "default-src 'none'; script-src 'self'"
            response.headers["X-Content-Type-Options"] = "nosniff"
        return response
