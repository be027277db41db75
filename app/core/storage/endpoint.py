"""Our own signed addresses: files of the local store, and resumable uploads into any store."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import partial

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from app.core.errors import Invalid
from app.core.storage import resumable, tus
from app.core.storage.answers import answering
from app.core.storage.desk import Desk, OnReceived
from app.core.storage.errors import ObjectNotFound, ObjectTooLarge
from app.core.storage.folder import Folder
from app.core.storage.signing import Grant
from app.core.storage.store import Store

# What browsers show and cannot run. Everything else, SVG and HTML first, is bytes to save.
SHOWN_TYPES = frozenset(
    {
        *("image/avif", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/tiff"),
        *("image/webp", "video/mp4", "video/ogg", "video/quicktime", "video/webm"),
        *("audio/aac", "audio/flac", "audio/mp4", "audio/mpeg", "audio/ogg", "audio/wav"),
        *("audio/webm", "application/dicom", "application/nifti", "application/pdf"),
        *("application/json", "text/csv", "text/plain"),
    }
)

_HEADERS = {
    "Cache-Control": "private, max-age=900",
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def routes(
    store: Store,
    secret: bytes,
    now: Callable[[], datetime],
    on_received: OnReceived,
    *,
    segment_bytes: int = tus.SEGMENT_BYTES,
) -> list[BaseRoute]:
    """`/uploads/{key}` (tus) for every store and, for a folder, `/objects/{key}` (GET, PUT).

    Mount them where `signing.Links.base_url` says. `on_received(key, byte_size)` is awaited when
    an object is whole, once or more often, before the client is told so.
    """
    desk = Desk(store, secret, now, on_received, segment_bytes)
    uploads = resumable.routes(desk)
    if not isinstance(store, Folder):
        return uploads
    get, put = partial(_get, desk, store), partial(_put, desk)
    return [
        Route("/objects/{key:path}", answering(get), methods=["GET"]),
        Route("/objects/{key:path}", answering(put), methods=["PUT"]),
        *uploads,
    ]


async def _get(desk: Desk, folder: Folder, request: Request) -> Response:
    """The file, whole or in ranges, as something to save and never as a page."""
    key, grant = desk.admit(request, "GET")
    path = folder.path(key)
    if not path.is_file():
        raise ObjectNotFound(f"There is no object {key!r} in this storage.")
    shown = grant.content_type if grant.content_type in SHOWN_TYPES else None
    return FileResponse(path, media_type=shown or "application/octet-stream", headers=_HEADERS)


async def _put(desk: Desk, request: Request) -> Response:
    key, grant = desk.admit(request, "PUT")
    _check_headers(request, grant)
    received = _Counted(request.stream(), grant.byte_limit)
    await desk.store.put(key, received.chunks(), content_type=grant.content_type)
    await desk.on_received(key, received.byte_size)
    return Response(status_code=201)


def _check_headers(request: Request, grant: Grant) -> None:
    """Refuse before the first byte what is said to break the grant; the bytes are counted too."""
    content_type = request.headers.get("Content-Type", "").partition(";")[0].strip()
    if grant.content_type is not None and content_type != grant.content_type:
        raise Invalid(f"The Content-Type must be {grant.content_type}, as in the signed link.")
    byte_size = int(request.headers.get("Content-Length", 0))
    if grant.byte_limit is not None and byte_size > grant.byte_limit:
        raise ObjectTooLarge(f"The link allows {grant.byte_limit} bytes, not {byte_size}.")


class _Counted:
    """The body of a request, counted; ObjectTooLarge at the first byte over the limit."""

    def __init__(self, body: AsyncIterator[bytes], byte_limit: int | None) -> None:
        self.byte_size = 0
        self._body = body
        self._byte_limit = byte_limit

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._body:
            self.byte_size += len(chunk)
            if self._byte_limit is not None and self.byte_size > self._byte_limit:
                raise ObjectTooLarge(f"The link allows {self._byte_limit} bytes.")
            yield chunk
