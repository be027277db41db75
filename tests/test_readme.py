"""What the README shows can be done as it stands."""

import re
from pathlib import Path

import pytest

from app.core import ids
from app.core.ids import Kind
from app.core.settings import Settings
from tests.client import Api
from tests.schema.embedding import ADD_KEY, SET
from tests.schema.registering import Desk
from tests.socket import Open
from tests.world import World

README = (Path(__file__).parents[1] / "README.md").read_text()
ENUMERATION = """
mutation {
  addMetadataEnum(input: {key: "weather", options: ["fog", "rain", "sun"]}) { userErrors { code message } }
}
"""
QUERY = r'"query": "(.*?)"}'


def test_every_setting_is_told_to_operators() -> None:
    told = (Path(__file__).parents[1] / "docs" / "operating.md").read_text()
    names = [
        field.validation_alias or f"LABELGRAPH_{name.upper()}"
        for name, field in Settings.model_fields.items()
    ]
    assert [name for name in names if f"`{name}`" not in told] == []


def documents() -> list[str]:
    return re.findall(r"```graphql\n(.*?)```", README, re.DOTALL)


def with_ids(document: str, **known: str) -> str:
    """The document with our ids in the place of the README's."""
    for prefix, value in known.items():
        document = re.sub(rf'"{prefix}_[0-9a-f…]+"', f'"{value}"', document)
    return document


def test_its_first_commands_are_those_of_the_makefile() -> None:
    makefile = (Path(__file__).parents[1] / "Makefile").read_text()
    assert all(f"\n{name}:" in makefile for name in ("run", "test"))
    assert README.index("make run") < README.index("make test")


async def test_its_first_query_answers(api: Api, world: World) -> None:
    assert api.person is not None
    folder = await world.folder(api.person, "Pictures")
    await world.file(api.person, folder, "astronaut.png", width=512, height=512)
    found = re.search(QUERY, README)
    assert found is not None
    data = await api(found[1])
    (shown,) = data["folders"]["nodes"]
    assert (shown["name"], shown["files"]["totalCount"]) == ("Pictures", {"value": 1})
    assert shown["files"]["nodes"][0]["width"] == 512


@pytest.mark.usefixtures("worker")
async def test_its_registration_subscription_and_report_work_one_after_the_other(
    api: Api, world: World, open_socket: Open
) -> None:
    register, subscription, report, _ = documents()
    desk = await Desk.opened(api, world)
    assert desk.integration is not None
    known = {
        "fold": desk.folder_id,
        "intg": ids.encode(Kind.INTEGRATION, desk.integration.id),
    }
    job = (await api.change(with_ids(register, **known)))["job"]["id"]
    async with open_socket(api.person) as socket:
        stream = await socket.subscribe(with_ids(subscription, job=job))
        events = [event["uploadProgress"]["job"] async for event in stream]
    assert events[-1]["status"] == "DONE"
    assert events[-1]["unitCount"] == 2
    nodes = (await api(with_ids(report, job=job)))["uploadJob"]["units"]["nodes"]
    assert {node["error"]["code"] for node in nodes} == {"OBJECT_URL_NOT_OF_INTEGRATION"}


async def test_its_search_finds_what_is_alike(api: Api, world: World) -> None:
    assert api.person is not None
    await api.change(ENUMERATION)
    await api.change(ADD_KEY, key="look", dimensions=2)
    folder = await world.folder(api.person)
    files = [
        await world.file(api.person, folder, f"{n}.png", width=640 * n, metadata={"weather": "fog"})
        for n in range(4)
    ]
    names = [ids.encode(Kind.FILE, one.id) for one in files]
    items = [{"fileId": name, "vector": [1.0, n]} for n, name in enumerate(names)]
    await api.change(SET, input={"key": "look", "items": items})
    search = documents()[-1]
    found = (await api(with_ids(search, file=names[0])))["files"]
    assert [edge["node"]["name"] for edge in found["edges"]] == ["1.png", "2.png", "3.png"]
    assert found["similarity"]["plan"] == "EXACT"
    assert found["facets"]["items"][0]["values"] == [{"value": "fog", "count": 3}]
