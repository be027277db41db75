"""The session cookie of our own pages, and the proof that one of them sent a request.

A browser attaches the cookie to requests that other sites cause, too. What those cannot do without
our leave is send a header of our own or an Origin of ours, so both are asked of every request that
the cookie authenticates.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from app.accounts import headers as request_headers
from app.accounts.headers import Headers
from app.accounts.tokens import SESSION_LIFETIME
from app.core.errors import Unauthenticated

HEADER = "X-Labelgraph-Csrf"
VALUE = "1"
DEFAULT_PORTS = {"http": 80, "https": 443}


def cookie_name(*, secure: bool) -> str:
    """`__Host-` binds the cookie to this host; browsers refuse the prefix on plain http."""
    return "__Host-labelgraph" if secure else "labelgraph"


def set_cookie(session: str, *, secure: bool) -> str:
    """The Set-Cookie header that signs a browser in."""
    return _cookie(session, int(SESSION_LIFETIME.total_seconds()), secure)


def clear_cookie(*, secure: bool) -> str:
    """The Set-Cookie header that signs a browser out."""
    return _cookie("", 0, secure)


def read_cookie(headers: Headers, *, secure: bool) -> str | None:
    """The session token in the Cookie headers, None without one.

    Raises Unauthenticated if there are two: a neighbouring host may have planted one of them.
    """
    name = cookie_name(secure=secure)
    lines = request_headers.every(headers, "Cookie")
    pairs = [pair.strip().partition("=") for line in lines for pair in line.split(";")]
    values = [value for key, _, value in pairs if key == name]
    if len(values) > 1:
        raise Unauthenticated(f"The cookie {name} was sent {len(values)} times; clear the cookies.")
    return values[0] if values else None


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL as browsers write them: `https://example.org:8443`.

    Raises ValueError for anything but http and https URLs with a host.
    """
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError(f"{url!r} is no http or https URL with a host.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    suffix = "" if parts.port in {None, DEFAULT_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{host}{suffix}"


def check_request(headers: Headers, origins: Collection[str]) -> None:
    """The rule for requests that the cookie authenticates; Unauthenticated says what is missing.

    `origins` are the ones that we serve or trust, as `origin_of` writes them. Programs that are no
    browser send no Origin; those that do must name one of them.
    """
    if request_headers.one(headers, HEADER) != VALUE:
        raise Unauthenticated(
            f"Requests with the session cookie need the header {HEADER}: {VALUE}."
        )
    origin = request_headers.one(headers, "Origin")
    if origin is not None and origin not in origins:
        raise Unauthenticated("The session cookie is only good for pages of this server.")


def check_socket(headers: Headers, origins: Collection[str]) -> None:
    """The rule for WebSockets: a page can add no header to the handshake, nor hide its Origin."""
    if request_headers.one(headers, "Origin") not in origins:
        raise Unauthenticated("The session cookie is only good for pages of this server.")


def _cookie(value: str, max_age_seconds: int, secure: bool) -> str:
    name = cookie_name(secure=secure)
    attributes = f"Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Lax"
    return f"{name}={value}; {attributes}" + ("; Secure" if secure else "")
