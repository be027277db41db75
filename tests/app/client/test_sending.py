"""Sending local files: what goes out, what is spared, what is tried again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from app.client import sending
from app.client.graphql import Api, ApiError
from app.client.sending import LocalFile

URL = "http://labelgraph.test"


class Store:
    """A server of uploads: keeps the bytes it is sent, and fails the first requests if told to."""

    def __init__(self, *, state: str = "PENDING", failures: int = 0) -> None:
        self.state = state
        self.failures = failures
        self.kept = b""
        self.keys: list[str] = []
        self.requests: list[str] = []

    async def answer(self, request: httpx2.Request) -> httpx2.Response:
        """To the API, and to the signed addresses."""
        if request.url.path == "/graphql":
            return self._api(orjson.loads(request.content))
        self.requests.append(request.method)
        body = await request.aread()
        if request.method != "HEAD" and self.failures:
            self.failures -= 1
            self.kept += body[: len(body) // 2] if request.method == "PATCH" else b""
            return httpx2.Response(503, text="busy")
        if request.method == "PUT":
            self.kept = body
        elif request.method == "PATCH":
            assert int(request.headers["Upload-Offset"]) == len(self.kept)
            self.kept += body
        return httpx2.Response(200, headers={"Upload-Offset": str(len(self.kept))})

    def _api(self, asked: dict[str, Any]) -> httpx2.Response:
        place = {
            "id": "up_1",
            "state": self.state,
            "putUrl": f"{URL}/put",
            "resumableUrl": f"{URL}/tus",
            "headers": [{"name": "Content-Type", "value": "text/plain"}],
        }
        if "createUploads" not in asked["query"]:
            return httpx2.Response(200, json={"data": {"upload": place}})
        self.keys.append(asked["variables"]["input"]["idempotencyKey"])
        payload = {"userErrors": [], "uploads": [place]}
        return httpx2.Response(200, json={"data": {"createUploads": payload}})


@pytest.fixture
def send(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Send one file of these bytes to a store; how many bytes the progress bar was told of."""
    monkeypatch.setattr(sending, "LARGE_BYTES", 10)
    monkeypatch.setattr(sending, "PAUSE_SECONDS", 0.0)
    path = tmp_path / "file.txt"

    async def sent(store: Store, content: bytes, salt: str = "") -> int:
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
        told: list[int] = []
        transport = httpx2.MockTransport(store.answer)
        async with httpx2.AsyncClient(transport=transport) as http:
            api = Api(http, URL, "lg_token")
            file = LocalFile(path, "PLAIN_TEXT", "text/plain")
            found = await sending.send(api, "fold_1", [file], advance=told.append, salt=salt)
        assert found == ["up_1"]
        return sum(told)

    return sent


async def test_a_small_file_goes_in_one_request(send):
    store = Store()
    assert await send(store, b"1234567890") == 10
    assert (store.requests, store.kept) == (["PUT"], b"1234567890")


async def test_a_large_file_goes_in_pieces(send):
    store = Store()
    assert await send(store, b"1234567890abcde") == 15
    assert (store.requests, store.kept) == (["HEAD", "PATCH", "PATCH"], b"1234567890abcde")


async def test_a_large_file_goes_on_where_it_broke_off(send):
    store = Store()
    store.kept = b"123456"
    assert await send(store, b"1234567890abcde") == 15
    assert (store.requests, store.kept) == (["HEAD", "PATCH"], b"1234567890abcde")


@pytest.mark.parametrize("content", [b"1234567890", b"1234567890abcde"])
async def test_a_request_that_fails_is_sent_again_and_counted_once(send, content):
    store = Store(failures=2)
    assert await send(store, content) == len(content)
    assert store.kept == content


async def test_a_server_that_keeps_failing_is_told_about(send):
    with pytest.RaisesGroup(ApiError) as failed:
        await send(Store(failures=100), b"1")
    assert "503 busy" in str(failed.value.exceptions[0])


@pytest.mark.parametrize("state", ["RECEIVED", "REGISTERED"])
async def test_a_file_that_has_arrived_is_not_sent_again(send, state):
    store = Store(state=state)
    assert await send(store, b"1234") == 4
    assert store.requests == []


async def test_the_same_file_asks_for_the_same_place_and_another_one_does_not(send):
    store = Store()
    await send(store, b"one")
    await send(store, b"one")
    await send(store, b"one", salt="again")
    await send(store, b"three")
    first, second, again, other = store.keys
    assert first == second
    assert len({first, again, other}) == 3
