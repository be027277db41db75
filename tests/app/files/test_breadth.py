"""Whether somebody sees most of an organisation: a hint for plans, which changes nothing of what is found."""

import pytest

from app.core.runtime import Runtime
from app.files import breadth
from tests.client import Api
from tests.statements import Statements
from tests.world import World

FIND = """
query ($all: Boolean!) {
  files(filter: {name: {contains: "a"}}, includeOrganisationAccess: $all) { nodes { name } }
}
"""


async def test_who_has_a_role_on_half_of_the_folders_sees_most(
    runtime: Runtime, api: Api, world: World
) -> None:
    assert api.person is not None
    ann = await world.member(api.person)
    shared, _ = await world.folder(api.person, "shared"), await world.folder(api.person, "own")
    await world.share(shared, ann)
    assert await breadth.sees_most(runtime.reads, api.person.actor)
    assert await breadth.sees_most(runtime.reads, ann.actor)


async def test_who_has_a_role_on_few_does_not(
    runtime: Runtime, api: Api, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert api.person is not None
    ann = await world.member(api.person)
    folders = [await world.folder(api.person, f"{number}") for number in range(3)]
    assert not await breadth.sees_most(runtime.reads, ann.actor)
    for folder in folders[:2]:
        await world.share(folder, ann)
    assert not await breadth.sees_most(runtime.reads, ann.actor), "it is believed for a minute"
    monkeypatch.setattr(breadth, "BELIEVED_SECONDS", 0)
    assert await breadth.sees_most(runtime.reads, ann.actor)


@pytest.mark.parametrize("sees_most", [False, True])
async def test_the_same_files_are_found_with_either_hint(
    api: Api, world: World, monkeypatch: pytest.MonkeyPatch, sees_most: bool, statements: Statements
) -> None:
    async def told(*_: object) -> bool:
        return sees_most

    assert api.person is not None
    monkeypatch.setattr(breadth, "sees_most", told)
    ann = await world.member(api.person)
    shared, own = await world.folder(api.person, "shared"), await world.folder(api.person, "own")
    await world.share(shared, ann)
    for folder, name in ((shared, "a1"), (own, "a2"), (shared, "b")):
        await world.file(api.person, folder, name)
    statements.clear()
    found = await api.as_(ann)(FIND, all=False)
    assert [node["name"] for node in found["files"]["nodes"]] == ["a1"]
    assert any("coalesce(file.folder_id IN" in text for text in statements.texts) is sees_most
