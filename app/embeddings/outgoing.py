"""Requests to encoders that users have named: checked, bounded, and made to the very address that was checked.

Neither redirects nor proxies of the environment are followed, and no connection is used twice: each is to an
address that its own host's name led to just now.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import httpx2
import orjson

from app.core.errors import Path, RateLimited, Unavailable
from app.core.runtime import Runtime
from app.core.storage import network
from app.core.storage.errors import EndpointRefused
from app.core.storage.network import Endpoint
from app.embeddings.encoder_errors import EncoderAway, EncoderRefuses, EncoderWrong

CONNECT_SECONDS = 3.0
MOST_ANSWER_BYTES = 2**20
"""A vector of 4,096 numbers takes about a tenth."""
TRIES = 2
LONGEST_WAIT_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Call:
    """One POST of JSON below an endpoint."""

    endpoint: Endpoint
    path: str
    body: Any
    bearer: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """With the host's name, since the address takes its place in the URL."""
        authorization = {} if self.bearer is None else {"Authorization": f"Bearer {self.bearer}"}
        return authorization | {
            "Host": self.endpoint.authority,
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }


def parsed(url: str, field: Path) -> Endpoint:
    """The endpoint that a user named. Raises EndpointRefused."""
    try:
        return network.parse_endpoint(url)
    except EndpointRefused as refused:
        refused.field = field
        raise


async def check(runtime: Runtime, endpoint: Endpoint, field: Path) -> None:
    """Raises EndpointRefused unless it is https and public, or the operator allowed its host."""
    try:
        await network.check_endpoint(endpoint, _allowed(runtime), network.system_resolver)
    except EndpointRefused as refused:
        refused.field = field
        raise


async def post(runtime: Runtime, call: Call) -> Any:
    """The JSON that the endpoint answers. It is asked twice if it is away; then EncoderAway is raised."""
    for attempt in range(1, TRIES + 1):
        try:
            with anyio.fail_after(runtime.settings.encoder_seconds):
                return await _post(runtime, call)
        except (Unavailable, TimeoutError, httpx2.HTTPError, OSError) as error:
            if attempt == TRIES:
                name = call.endpoint.authority
                raise EncoderAway(f"The encoder at {name} gives no proper answer.") from error
    raise AssertionError("the last attempt returns or raises")


async def _post(runtime: Runtime, call: Call) -> Any:
    endpoint, allowed = call.endpoint, _allowed(runtime)
    if endpoint.scheme != "https" and endpoint.host not in allowed:
        raise EndpointRefused("An encoder's address must begin with https://.")
    client = await runtime.held.get("encoders", _client)
    found = await network.addresses(endpoint.host, endpoint.port, allowed)
    failure: Exception = OSError("no address")
    for address in found:
        try:
            return await _sent(client, call, address)
        except httpx2.ConnectError as error:
            failure = error
    raise failure


async def _sent(client: httpx2.AsyncClient, call: Call, address: str) -> Any:
    host = f"[{address}]" if ":" in address else address
    url = f"{call.endpoint.scheme}://{host}:{call.endpoint.port}{call.endpoint.path}{call.path}"
    async with client.stream(
        "POST",
        url,
        content=orjson.dumps(call.body),
        headers=call.headers,
        extensions={"sni_hostname": call.endpoint.host},  # the certificate must be for the name
    ) as response:
        _check_status(response, call.endpoint.authority)
        return await _json(response)


def _check_status(response: httpx2.Response, name: str) -> None:
    status = response.status_code
    if status == 429:
        raise RateLimited(f"The encoder at {name} is asked too often.", _wait_seconds(response))
    if status >= 500:
        raise EncoderAway(f"The encoder at {name} answered {status}.")
    if status in {401, 403}:
        raise EncoderRefuses(f"The encoder at {name} refuses the credentials ({status}).")
    if status != 200:
        raise EncoderRefuses(
            f"The encoder at {name} answered {status}; check its address, its paths and its model."
        )


def _wait_seconds(response: httpx2.Response) -> int:
    """What it says in seconds; at least one, at most an hour."""
    told = response.headers.get("Retry-After", "")[:9]
    return max(1, min(int(told), LONGEST_WAIT_SECONDS)) if told.isdecimal() else 1


async def _json(response: httpx2.Response) -> Any:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise EncoderWrong("The encoder's answer is compressed, which it was asked not to be.")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MOST_ANSWER_BYTES:
            raise EncoderWrong(f"The encoder's answer has more than {MOST_ANSWER_BYTES:,} bytes.")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise EncoderWrong("The encoder's answer is no JSON.") from error


def _allowed(runtime: Runtime) -> frozenset[str]:
    return frozenset(host.lower() for host in runtime.settings.allowed_encoders)


@asynccontextmanager
async def _client() -> AsyncGenerator[httpx2.AsyncClient]:
    """One for all: making it reads the certificates of the authorities."""
    timeout = httpx2.Timeout(None, connect=CONNECT_SECONDS)  # the whole is timed by `post`
    limits = httpx2.Limits(max_connections=20, max_keepalive_connections=0)
    async with httpx2.AsyncClient(
        trust_env=False, follow_redirects=False, timeout=timeout, limits=limits
    ) as client:
        yield client
