"""The same roads on an S3 server: an integration of a user's, and our own store."""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from moto.server import ThreadedMotoServer
from starlette.applications import Starlette

from app.core.runtime import Runtime
from app.core.settings import Settings
from app.main import serve
from app.media.samples import samples
from app.worker import working
from tests.client import Api
from tests.conftest import opened
from tests.schema.registering import REGISTER, Desk, units
from tests.world import World

CREATE = """
mutation ($input: CreateIntegrationInput!) {
  createIntegration(input: $input) { integration { id } userErrors { code message field } }
}
"""
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A server of the moto project, with the buckets `media` and `own`."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    httpx2.post(
        f"{address}/moto-api/reset", timeout=60
    )  # the servers of a process share what they hold
    for bucket in ("media", "own"):
        assert httpx2.put(f"{address}/{bucket}", timeout=60).is_success
    yield address
    server.stop()


@pytest.fixture
async def cloud(
    s3: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Runtime]:
    """A server whose own store is a bucket, and whose operator allows this machine's S3."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    changes = {
        "storage_url": f"s3://own/uploads?endpoint={s3}&region=us-east-1",
        "allowed_endpoints": ["127.0.0.1"],
    }
    async with opened(settings.model_copy(update=changes)) as runtime, working(runtime):
        yield runtime


@pytest.fixture
async def api(cloud: Runtime) -> AsyncGenerator[Api]:
    application = Starlette()
    serve(application, cloud)
    async with Api.connect(application, await World(cloud).organisation()) as client:
        yield client


def photo() -> Path:
    return next(one.path for one in samples() if one.path.name == "coins.png")


async def test_a_bucket_is_connected_and_its_objects_are_read_through_it(
    api: Api, cloud: Runtime, s3: str
) -> None:
    assert api.person is not None
    assert httpx2.put(f"{s3}/media/site/coins.png", content=photo().read_bytes()).is_success
    key = {"accessKeyId": "id", "secretAccessKey": "secret"}
    store = {"s3Compatible": {"endpoint": s3, "bucket": "media", "key": key}}
    made = await api.change(CREATE, input={"title": "Bucket", "store": store})
    folder = await World(cloud).folder(api.person)
    desk = Desk(api, folder)
    given = desk.given(
        {"json": {"images": [{"objectUrl": f"{s3}/media/{n}"} for n in ("site/coins.png", "gone")]}}
    )
    given["integrationId"] = made["integration"]["id"]
    job = await desk.ended((await api.change(REGISTER, input=given))["job"])
    good, bad = units(job)
    assert (good["file"]["width"], good["file"]["height"]) == (384, 303)
    assert (bad["error"]["code"], bad["error"]["isRetryable"]) == ("OBJECT_NOT_FOUND", False)
    link = await api("query ($id: ID!) { file(id: $id) { downloadUrl } }", id=good["file"]["id"])
    assert httpx2.get(link["file"]["downloadUrl"]).content == photo().read_bytes()


async def test_uploads_go_straight_to_the_bucket_by_a_signed_put(api: Api, cloud: Runtime) -> None:
    assert api.person is not None
    desk = Desk(api, await World(cloud).folder(api.person))
    item = {"fileName": "coins.png", "type": "IMAGE", "byteSize": photo().stat().st_size}
    made = await api.change(
        "mutation ($input: CreateUploadsInput!) { createUploads(input: $input) {"
        " uploads { id putUrl resumableUrl headers { name value } } userErrors { message } } }",
        input={"folderId": desk.folder_id, "items": [item, item]},
    )
    by_put, by_pieces = made["uploads"]
    headers = {header["name"]: header["value"] for header in by_put["headers"]}
    assert httpx2.put(by_put["putUrl"], content=photo().read_bytes(), headers=headers).is_success
    await send_in_pieces(api, by_pieces["resumableUrl"], photo().read_bytes())
    items = [{"type": "IMAGE", "uploadIds": [one["id"]]} for one in made["uploads"]]
    job = await desk.register({"items": items})
    assert [unit["file"]["width"] for unit in units(job)] == [384, 384]


async def send_in_pieces(api: Api, url: str, body: bytes) -> None:
    """By tus, through our own endpoint: the bucket has no such protocol."""
    address = url.removeprefix("http://labelgraph.test")
    tus = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
    half = len(body) // 2
    for start, piece in ((0, body[:half]), (half, body[half:])):
        headers = {**tus, "Upload-Offset": str(start)}
        assert (await api.http.patch(address, content=piece, headers=headers)).status_code == 204


async def test_an_endpoint_in_a_private_network_needs_the_operators_leave(api: Api) -> None:
    key = {"accessKeyId": "id", "secretAccessKey": "secret"}
    for endpoint in ("http://10.0.0.1:9000", "https://169.254.169.254", "https://localhost:1"):
        store: dict[str, Any] = {"s3Compatible": {"endpoint": endpoint, "key": key}}
        error = await api.refusal(CREATE, input={"title": "Bucket", "store": store})
        assert error["code"] == "INVALID"
