"""Clients from npm that speak to the running server as a person with something to look at."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.client import Api
from tests.node.tool import Talk, Tool
from tests.schema.registering import Desk, image
from tests.world import World


@dataclass(frozen=True, slots=True)
class Clients:
    """The scripts of tests/node/clients, with a person's token."""

    tool: Tool
    given: dict[str, str]

    async def __call__(self, script: str, case: str, **more: str) -> Any:
        """What a case of a script tells."""
        return await self.tool.script(f"{script}.mjs", case=case, **self.given, **more)

    def talking(self, script: str, case: str, **more: str) -> AbstractAsyncContextManager[Talk]:
        """A case that tells something while it runs."""
        return self.tool.talking(f"{script}.mjs", case=case, **self.given, **more)


@pytest.fixture(scope="session")
def scripts() -> Tool:
    return Tool.installed("clients")


@pytest.fixture
def clients(scripts: Tool, server: str, api: Api) -> Clients:
    """Clients of the administrator of a fresh organisation."""
    assert api.person is not None
    return Clients(scripts, {"server": server, "token": api.person.token})


@pytest.fixture
async def desk(api: Api, world: World) -> Desk:
    """A folder of theirs with two files, and an integration."""
    assert api.person is not None
    found = await Desk.opened(api, world)
    for name in ("cat.png", "dog.png"):
        await world.file(api.person, found.folder, name, width=512, byte_size=1 << 40)
    return found


@pytest.fixture
async def job(desk: Desk) -> str:
    """The id of a job that nobody works at."""
    started = await desk.start({"json": {"images": [image("cat.png"), image("dog.png")]}})
    job_id: str = started["id"]
    return job_id


def statuses(events: list[dict[str, Any]]) -> list[str]:
    """The status of the job in each event of `uploadProgress`; the test fails if one has errors."""
    assert [event for event in events if event.get("errors") or event.get("error")] == []
    return [(event.get("data") or event)["uploadProgress"]["job"]["status"] for event in events]


def names(data: dict[str, Any]) -> list[str]:
    """The names of the files on the folder's page."""
    return sorted(file["name"] for file in data["folder"]["files"]["nodes"])
