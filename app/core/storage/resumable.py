"""The HTTP side of tus 1.0.0: OPTIONS, HEAD and PATCH on a signed address."""

from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.core.storage import tus
from app.core.storage.answers import answering
from app.core.storage.desk import Desk
from app.core.storage.errors import ObjectTooLarge
from app.core.storage.signing import BadToken

VERSION = "1.0.0"


def routes(desk: Desk) -> list[BaseRoute]:
    """One route; POST is for clients that cannot PATCH and override the method."""
    handler = answering(partial(_handle, desk))

    async def answer(request: Request) -> Response:
        response = await handler(request)
        response.headers["Tus-Resumable"] = VERSION
        return response

    return [Route("/uploads/{key:path}", answer, methods=["OPTIONS", "HEAD", "PATCH", "POST"])]


async def _handle(desk: Desk, request: Request) -> Response:
    method = request.headers.get("X-HTTP-Method-Override", request.method).upper()
    if method == "OPTIONS":
        return Response(status_code=204, headers={"Tus-Version": VERSION})
    if request.headers.get("Tus-Resumable") != VERSION:
        raise HTTPException(412, f"Tus-Resumable must be {VERSION}.", {"Tus-Version": VERSION})
    if method == "HEAD":
        return await _head(desk, request)
    if method == "PATCH":
        return await _patch(desk, request)
    raise HTTPException(405, "An upload knows OPTIONS, HEAD and PATCH.")


async def _head(desk: Desk, request: Request) -> Response:
    upload = _admit(desk, request)
    offset = await tus.settle(upload)
    await _tell(desk, upload, offset)
    headers = {
        "Cache-Control": "no-store",
        "Upload-Length": str(upload.byte_size),
        "Upload-Offset": str(offset),
    }
    return Response(status_code=200, headers=headers)


async def _patch(desk: Desk, request: Request) -> Response:
    upload = _admit(desk, request)
    if request.headers.get("Content-Type") != "application/offset+octet-stream":
        raise HTTPException(415, "The Content-Type must be application/offset+octet-stream.")
    offset = _number(request, "Upload-Offset")
    current = await tus.settle(upload)
    if offset != current:
        raise tus.OffsetConflict(f"The upload is at offset {current}, not at {offset}.")
    if "Content-Length" in request.headers:
        _check_end(upload, offset + _number(request, "Content-Length"))
    offset = await tus.receive(upload, offset, request.stream())
    if offset == upload.byte_size:
        await tus.settle(upload)
    await _tell(desk, upload, offset)
    return Response(status_code=204, headers={"Upload-Offset": str(offset)})


def _admit(desk: Desk, request: Request) -> tus.Upload:
    key, grant = desk.admit(request, "PATCH")
    if grant.byte_limit is None:
        raise BadToken("The link does not say how many bytes are to come.")
    return tus.Upload(desk.store, key, grant.byte_limit, desk.segment_bytes)


async def _tell(desk: Desk, upload: tus.Upload, offset: int) -> None:
    if offset == upload.byte_size:
        await desk.on_received(upload.key, upload.byte_size)


def _check_end(upload: tus.Upload, end: int) -> None:
    if end > upload.byte_size:
        raise ObjectTooLarge(
            f"The request would reach {end} bytes; the upload has {upload.byte_size}."
        )


def _number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise HTTPException(400, f"{header} must be a whole number of bytes.")
    return int(text)
