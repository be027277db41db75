"""How the storage endpoint answers what went wrong: a status and `{"code", "message"}`."""

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from app.core.errors import Conflict, Forbidden, NotFound, Refused, TooLarge, Unavailable

Handler = Callable[[Request], Awaitable[Response]]

_STATUS = ((NotFound, 404), (Forbidden, 403), (TooLarge, 413), (Conflict, 409), (Refused, 400))


def answering(handler: Handler) -> Handler:
    """The handler, with the errors that a client can mend turned into answers."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except Refused as error:
            status = next(status for kind, status in _STATUS if isinstance(error, kind))
            return problem(status, error.code, error.message)
        except HTTPException as error:
            return problem(error.status_code, "INVALID", error.detail, dict(error.headers or {}))
        except Unavailable as error:
            return problem(503, "UNAVAILABLE", str(error), {"Retry-After": "5"})
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is left to read it

    return answer


def problem(
    status: int, code: str, message: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    return JSONResponse({"code": code, "message": message}, status, headers)
