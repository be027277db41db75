"""A real S3 server of the moto project, a real folder, and a clock that stands still."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import httpx2
import pytest
from moto.server import ThreadedMotoServer

from app.core.storage import guard, opening
from app.core.storage.folder import Folder
from app.core.storage.integrations import AccessKey, Allowances, S3Compatible
from app.core.storage.signing import Links
from app.core.storage.store import Store

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECRET = b"a secret of the tests"


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def bucket(s3_url: str) -> str:
    """The name of an empty bucket."""
    httpx2.post(f"{s3_url}/moto-api/reset", timeout=60)
    assert httpx2.put(f"{s3_url}/media", timeout=60).status_code == 200
    return "media"


@pytest.fixture
def s3(s3_url: str) -> S3Compatible:
    return S3Compatible(s3_url, "us-east-1", AccessKey("id", "secret"))


@pytest.fixture
async def allowances() -> AsyncIterator[Allowances]:
    """Of an operator who allows this machine, with the guard running."""
    hosts = frozenset({"127.0.0.1", "localhost"})
    async with guard.running(hosts) as proxy_url:
        yield Allowances(hosts, proxy_url=proxy_url)


@pytest.fixture
async def s3_store(s3: S3Compatible, bucket: str, allowances: Allowances) -> Store:
    return await opening.open_store(s3, bucket, allowances)


@pytest.fixture
def links() -> Links:
    return Links("https://here.example/storage", SECRET, lambda: NOW)


@pytest.fixture
def folder(tmp_path, links: Links) -> Folder:
    root = tmp_path / "own"
    root.mkdir()
    return Folder(root, links)


@pytest.fixture(params=["folder", "s3_store"])
def store(request: pytest.FixtureRequest) -> Store:
    """Each kind of store in turn."""
    return request.getfixturevalue(request.param)
