"""The saved operations of GraphiQL run as they stand."""

import re
from functools import reduce
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import OperationDefinitionNode, OperationType, parse

from app.demo import data, shelves, sight
from app.embeddings.local_models import MODELS
from tests.client import Api
from tests.schema.registering import Desk, image
from tests.socket import Open
from tests.world import World

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "web" / "examples"
EXAMPLES = sorted(FOLDER.glob("*.graphql"))
IMAGES = "{ files(filter: { type: { eq: IMAGE } }) { nodes { id } } }"
LOOKUPS: dict[str, Any] = orjson.loads((FOLDER / "lookups.json").read_bytes())


def document(example: Path) -> str:
    """What the page puts into the editor."""
    return example.read_text()


def operation(example: Path) -> OperationDefinitionNode:
    """The only one of the document."""
    (found,) = parse(document(example)).definitions
    assert isinstance(found, OperationDefinitionNode)
    return found


async def variables(api: Api, example: Path) -> dict[str, Any]:
    """What the page puts in for the variables of the example."""
    found = {}
    for definition in operation(example).variable_definitions or ():
        if (name := definition.variable.name.value) in LOOKUPS:
            answer = await api(LOOKUPS[name]["query"])
            values = (reduce(step, path, answer) for path in LOOKUPS[name]["paths"])
            found[name] = next(value for value in values if value is not None)
    return found


def step(value: Any, key: str | int) -> Any:
    try:
        return value[key]
    except (KeyError, IndexError, TypeError):
        return None


@pytest.fixture
async def stocked(api: Api, world: World, worker: None) -> Api:
    """An organisation with a bit of everything that the demo has."""
    person = api.person
    assert person is not None
    desk = await Desk.opened(api, world)
    broken = {"objectUrl": "https://elsewhere.example/1.png"}
    schema = {"document": shelves.METADATA_SCHEMA, "expectedRevision": 0}
    await api.change(data.IMPORT, input=schema)
    await desk.register({"json": {"images": [image("cherry.png"), broken]}})
    group = await world.file(person, desk.folder, "a group", type="IMAGE_GROUP")
    frame = await world.file(person, desk.folder, "frame.png", metadata={"entropy": 7})
    await world.member_of(group, frame)
    await sight_for(api)
    return api


async def sight_for(api: Api) -> None:
    """Vectors of every image, and the encoder of texts that the demo has."""
    images = (await api(IMAGES))["files"]["nodes"]
    for key, model in sight.KEYS.items():
        await api.change(sight.SET, input={"key": key, "encoder": {"local": {"model": model}}})
        vector = [1.0] * MODELS[model].dimensions
        items = [{"fileId": one["id"], "vector": vector} for one in images]
        await api.change(sight.WRITE, input={"key": key, "items": items})


def leaves(value: Any) -> list[Any]:
    """Every value of an answer that is no list or object."""
    if isinstance(value, dict):
        value = list(value.values())
    return [leaf for one in value for leaf in leaves(one)] if isinstance(value, list) else [value]


def test_there_are_a_few_and_each_has_a_title() -> None:
    titles = [document(example).partition("\n")[0] for example in EXAMPLES]
    assert 5 <= len(titles) == len(set(titles))
    assert all(re.fullmatch(r"# \S.{5,60}", title) for title in titles)


def test_every_variable_has_a_default_or_is_looked_up() -> None:
    for example in EXAMPLES:
        for definition in operation(example).variable_definitions or ():
            name = definition.variable.name.value
            assert definition.default_value or name in LOOKUPS or name == "after", example.name


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
async def test_an_example_answers(stocked: Api, open_socket: Open, example: Path) -> None:
    values = await variables(stocked, example)
    if operation(example).operation is OperationType.SUBSCRIPTION:
        async with open_socket(stocked.person) as socket:
            answer = await anext(await socket.subscribe(document(example), **values))
    else:
        answer = await stocked(document(example), **values)
    assert any(leaves(answer)), answer
    assert [one for one in answer.values() if one is None or one.get("userErrors")] == []


def test_what_npm_installs_is_pinned_by_digest_and_named_without_a_host() -> None:
    text = (ROOT / "web" / "package-lock.json").read_text()
    packages = orjson.loads(text)["packages"]
    assert "://" not in text
    assert [name for name, one in packages.items() if name and "integrity" not in one] == []
