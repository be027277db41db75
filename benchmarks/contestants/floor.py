"""The floors: what a careful person would write by hand for exactly these questions, and nothing more.

POST /files     The page of files, with asyncpg and orjson: one statement for files and folders, under the same
                predicate as app/files/access.py, on a read-only connection of the application's role that
                stays set to its tenant, so that row security holds. It does not read the GraphQL document. Who
                bears the token was looked up within the last second, by one indexed statement: ours believes a
                token for as long, so a floor that asked each time would be no floor. (Ours also forgets it as
                soon as access is changed; a floor need not.)
POST /asked     The same with the look-up each time. For information.
POST /planned   The same as /files with the size in the text of its statement, so that PostgreSQL plans it once and
                not for each request: what nobody writes who has not measured it. For information.
POST /bare      Reads a body of JSON and answers with one: a handler, without framework and route.
POST /route     The same as a route of Starlette.
POST /say       Sends its body to every open WebSocket: the broadcast.
"""

import asyncio
import base64
import hashlib
import math
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.accounts import tokens
from app.core import db
from app.core import runtime as runtimes
from app.core.settings import Settings
from benchmarks import processes
from benchmarks.contestants import serving

_WHO = """
select t.organisation_id, t.user_id, t.digest, t.scopes, t.expires_at, t.revoked_at, u.is_disabled
from api_token t
join app_user u on u.id = t.user_id
join member m on m.organisation_id = t.organisation_id and m.user_id = t.user_id
where t.id = $1
"""

_PAGE = """
select f.id, f.name, f.description, f.type, f.storage_location as "storageLocation", f.url,
    f.byte_size as "byteSize", f.mime_type as "mimeType", f.width, f.height, f.fps,
    f.duration_seconds as "durationSeconds", f.frame_count as "frameCount", f.revision,
    f.created_at as "createdAt", f.updated_at as "updatedAt", d.id as folder, d.name as folder_name
from file f
join folder d on d.organisation_id = f.organisation_id and d.id = f.folder_id
where f.organisation_id = $1 and not f.is_component and f.id > $3 and f.folder_id in (
    select a.folder_id
    from folder_ancestor a
    join folder_grant g on g.organisation_id = a.organisation_id and g.folder_id = a.ancestor_id
    where a.organisation_id = $1 and g.organisation_id = $1 and (g.user_id = $2 or g.group_id in (
        select group_id from group_member where organisation_id = $1 and user_id = $2)))
order by f.id limit $4
"""

_ENTER = "select set_config('app.organisation_id', $1, false), set_config('app.user_id', $2, false)"
BELIEVED_SECONDS = 1.0
FIRST = UUID(int=0)


Who = tuple[UUID, UUID]
"""An organisation and a user."""


class Seats:
    """Connections that stay set to whom they read for; at most `size` at work."""

    def __init__(self, url: str, size: int) -> None:
        self._url = url
        self._free = asyncio.Semaphore(size)
        self._idle: list[tuple[Who | None, asyncpg.Connection[asyncpg.Record]]] = []

    async def page(
        self, who: Who, begin: UUID, size: int, *, is_planned_once: bool = False
    ) -> list[asyncpg.Record]:
        """Rows of the statement."""
        async with self._free:
            seated, connection = self._take(who)
            if connection is None:
                connection = await _connection(self._url, db.APP_ROLE)
            if seated != who:
                await connection.fetch(_ENTER, *map(str, who))
            asked = (_PAGE.replace("$4", str(size)), *who, begin)
            arguments = asked if is_planned_once else (_PAGE, *who, begin, size)
            rows: list[asyncpg.Record] = await connection.fetch(*arguments)
            self._idle.append((who, connection))
            return rows

    def _take(self, who: Who) -> tuple[Who | None, Any]:
        for position in range(len(self._idle) - 1, -1, -1):
            if self._idle[position][0] == who:
                return self._idle.pop(position)
        return self._idle.pop() if self._idle else (None, None)


@dataclass(slots=True)
class Floor:
    """The handlers, and what they need."""

    pepper: bytes
    system: "asyncpg.Pool[asyncpg.Record]"
    """As the role that may look up tokens."""
    seats: Seats
    route: Starlette
    believed: dict[bytes, tuple[float, Who]] = field(default_factory=dict)
    """Who sent which header, and when that was looked up."""
    sockets: set[Send] = field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one socket."""
        if scope["type"] == "websocket":
            await self._listen(receive, send)
            return
        match scope["path"]:
            case "/files":
                asked, who = await _body(receive), await self._believe(_authorization(scope))
                await _answer(send, await self._page(who, asked))
            case "/planned":
                asked, who = await _body(receive), await self._believe(_authorization(scope))
                await _answer(send, await self._page(who, asked, is_planned_once=True))
            case "/asked":
                asked, who = await _body(receive), await self._sign_in(_authorization(scope))
                await _answer(send, await self._page(who, asked))
            case "/bare":
                await _body(receive)
                await _answer(send, orjson.dumps({"data": {"__typename": "Query"}}))
            case "/say":
                await self._say(await _raw(receive), send)
            case _:
                await self.route(scope, receive, send)

    async def _sign_in(self, authorization: bytes) -> Who:
        presented = tokens.parse(authorization.decode()[7:], pepper=self.pepper)
        row = await self.system.fetchrow(_WHO, presented.token_id)
        if row is None or not tokens.matches(row["digest"], presented.digest):
            raise PermissionError("no such token")
        is_over = row["expires_at"] is not None and row["expires_at"] <= datetime.now(UTC)
        if is_over or row["revoked_at"] is not None or row["is_disabled"]:
            raise PermissionError("this token has ended")
        if "READ" not in row["scopes"]:
            raise PermissionError("this token may not read")
        return row["organisation_id"], row["user_id"]

    async def _believe(self, authorization: bytes) -> Who:
        now, key = time.monotonic(), hashlib.sha256(authorization).digest()
        since, who = self.believed.get(key, (-math.inf, None))
        if who is None or now - since > BELIEVED_SECONDS:
            who = await self._sign_in(authorization)
            self.believed[key] = now, who
        return who

    async def _page(
        self, who: Who, asked: dict[str, Any], *, is_planned_once: bool = False
    ) -> bytes:
        variables = asked["variables"]
        size, after = variables["first"], variables.get("after")
        if not 0 <= size <= 1_000:
            raise ValueError("first is 0 to 1,000")
        begin = UUID(bytes=base64.urlsafe_b64decode(after)) if after else FIRST
        rows = await self.seats.page(who, begin, size + 1, is_planned_once=is_planned_once)
        return _page(rows[:size], has_more=len(rows) > size)

    async def _listen(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept", "subprotocol": "graphql-transport-ws"})
        self.sockets.add(send)
        while (await receive())["type"] != "websocket.disconnect":
            pass
        self.sockets.discard(send)

    async def _say(self, body: bytes, send: Send) -> None:
        message = {"type": "websocket.send", "text": body.decode()}
        for each in self.sockets:
            await each(message)
        await _answer(send, b"{}")


def _page(rows: list[Any], *, has_more: bool) -> bytes:
    edges = [_edge(row) for row in rows]
    end = edges[-1]["cursor"] if edges else None
    page_info = {"hasNextPage": has_more, "endCursor": end}
    files = {"edges": edges, "pageInfo": page_info}
    return orjson.dumps({"data": {"files": files}}, option=orjson.OPT_UTC_Z)


def _edge(row: Any) -> dict[str, Any]:
    node = dict(row.items())
    key: UUID = node["id"]
    node["id"] = f"file_{key.hex}"
    node["folder"] = {"id": f"fold_{node['folder'].hex}", "name": node.pop("folder_name")}
    return {"cursor": base64.urlsafe_b64encode(key.bytes).decode(), "node": node}


def _authorization(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"authorization":
            found: bytes = value
            return found
    raise PermissionError("sign in first")


async def _raw(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message["body"])
        if not message.get("more_body"):
            return b"".join(parts)


async def _body(receive: Receive) -> Any:
    return orjson.loads(await _raw(receive))


async def _answer(send: Send, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _routed(request: Request) -> Response:
    orjson.loads(await request.body())
    answer = orjson.dumps({"data": {"__typename": "Query"}})
    return Response(answer, media_type="application/json")


async def _connection(url: str, role: str) -> "asyncpg.Connection[asyncpg.Record]":
    told = {
        "role": role,
        "jit": "off",
        "statement_timeout": "8s",
        "default_transaction_read_only": "on",
    }
    return await asyncpg.connect(url, server_settings=told)


async def main() -> None:
    """Open what it needs, and serve."""
    settings = Settings()
    assert settings.database_url is not None
    url = settings.database_url
    system = await asyncpg.create_pool(
        url, min_size=1, max_size=4, server_settings={"role": db.RELAY_ROLE}, reset=_unchanged
    )
    route = Starlette(routes=[Route("/route", _routed, methods=["POST"])])
    seats = Seats(url, settings.pool_size)
    await serving.serve(Floor(runtimes.secret(settings), system, seats, route))


async def _unchanged(_: Any) -> None:
    """Connections for look-ups go back as they are: nothing is ever set on them."""


if __name__ == "__main__":
    processes.limit_memory()
    with serving.runner() as loop:
        loop.run(main())
