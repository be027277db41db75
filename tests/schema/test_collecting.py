"""Collections filled and emptied by preset, through the API and a worker at work."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import text

from app.accounts.roles import EntityRole
from app.core import ids
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.files.models import Folder
from app.presets import collecting
from app.worker import TASKS
from tests.client import Api
from tests.schema.public_ids import public
from tests.world import Person, World

JOB = """
fragment Job on BackgroundJob {
  id kind state doneCount totalCount message
  collected { matchedFileCount addedFileCount removedFileCount collection { name fileCount } }
}
"""
ADD = (
    """
mutation ($input: AddFilesToCollectionByPresetInput!) {
  addFilesToCollectionByPreset(input: $input) {
    job { ...Job } replayed userErrors { code message field }
  }
}
"""
    + JOB
)
REMOVE = ADD.replace("AddFilesTo", "RemoveFilesFrom").replace("addFilesTo", "removeFilesFrom")
LOOK = "query ($id: ID!) { node(id: $id) { ...Job } }" + JOB
MAKE = """
mutation ($collection: CreateCollectionInput!, $preset: CreateFilterPresetInput!) {
  createCollection(input: $collection) { collection { id } userErrors { code } }
  createFilterPreset(input: $preset) { preset { id } userErrors { code } }
}
"""
CANCEL = "mutation ($id: ID!) { cancelBackgroundJob(input: {id: $id}) { userErrors { code } } }"
ROOT = Path(__file__).parents[2]
WORK = (
    "import asyncio; from app import worker; from app.core.settings import Settings;"
    " from app.presets import collecting; collecting.BATCH = 5;"
    " asyncio.run(worker.run(Settings()))"
)
_FILL = text(
    "insert into file (organisation_id, id, folder_id, type, name, description, storage_location,"
    " is_component, is_tombstone, created_at, updated_at)"
    " select :organisation, gen_random_uuid(), :folder, 'IMAGE', 'cat ' || n, '', 'OWN',"
    " false, false, now(), now() from generate_series(1, :count) n"
)
Given = dict[str, Any]


@pytest.fixture
async def folder(api: Api, world: World) -> Folder:
    """A folder with two images of cats and one of a dog."""
    assert api.person is not None
    found = await world.folder(api.person, "Top")
    for name in ("cat 1", "cat 2", "dog"):
        await world.file(api.person, found, name)
    return found


async def made(api: Api, folder: Folder, tree: Given | None = None) -> Given:
    """A collection and a preset: what the two mutations are told."""
    collection = {"name": "Cats", "folderId": public(folder)}
    preset = {"name": "Cats", "filter": tree or {"name": {"startsWith": "cat"}}}
    found = await api(MAKE, collection=collection, preset=preset)
    return {
        "collectionId": found["createCollection"]["collection"]["id"],
        "presetId": found["createFilterPreset"]["preset"]["id"],
    }


async def ended(api: Api, job: Given, seconds: float = 60) -> Given:
    """The job once it has ended."""
    with anyio.fail_after(seconds):
        while (found := await look(api, job))["state"] in {"QUEUED", "RUNNING"}:  # noqa: ASYNC110
            await anyio.sleep(0.05)
    return found


async def look(api: Api, job: Given) -> Given:
    """The job as it is now."""
    found: Given = (await api(LOOK, id=job["id"]))["node"]
    return found


async def collected(api: Api, document: str, given: Given) -> Given:
    """The end of the job that a mutation starts."""
    return await ended(api, (await api.change(document, input=given))["job"])


async def test_what_a_preset_finds_goes_in_and_comes_out_again(
    api: Api, world: World, folder: Folder, worker: None
) -> None:
    assert api.person is not None
    await world.file(api.person, await world.folder(api.person), "cat elsewhere")
    given = await made(api, folder)
    job = await collected(api, ADD, given)
    assert (job["kind"], job["state"], job["doneCount"], job["totalCount"]) == (
        "COLLECT",
        "DONE",
        2,
        2,
    )
    figures = {"matchedFileCount": 2, "addedFileCount": 2, "removedFileCount": 0}
    assert job["collected"] == {**figures, "collection": {"name": "Cats", "fileCount": 2}}
    again = await collected(api, ADD, given)
    assert again["collected"]["addedFileCount"] == 0
    removed = (await collected(api, REMOVE, given))["collected"]
    assert (removed["removedFileCount"], removed["collection"]["fileCount"]) == (2, 0)


async def test_nothing_found_is_done_as_well(api: Api, folder: Folder, worker: None) -> None:
    given = await made(api, folder, {"name": {"eq": "none"}})
    job = await collected(api, ADD, given)
    assert (job["state"], job["collected"]["matchedFileCount"]) == ("DONE", 0)


async def test_files_that_one_may_not_see_are_neither_put_in_nor_taken_out(
    api: Api, world: World, folder: Folder, worker: None
) -> None:
    assert api.person is not None
    ann = await world.member(api.person)
    await world.share(folder, ann, EntityRole.ADMIN)
    given = await made(api.as_(ann), folder)
    assert (await collected(api.as_(ann), ADD, given))["collected"]["addedFileCount"] == 2
    hidden = await world.folder(api.person, "Hidden")
    move = text("update file set folder_id = :to where folder_id = :folder and name = 'cat 1'")
    async with world.runtime.db.transaction(api.person.actor.scope) as tx:
        await tx.execute(move, {"to": hidden.id, "folder": folder.id})
    job = await collected(api.as_(ann), REMOVE, given)
    assert (job["collected"]["removedFileCount"], job["totalCount"]) == (1, 1)
    assert job["collected"]["collection"]["fileCount"] == 1


async def test_an_administrator_without_a_role_may_fill_a_collection(
    api: Api, world: World, runtime: Runtime
) -> None:
    assert api.person is not None
    ann = await world.member(api.person)
    hers = await world.folder(ann)
    await world.file(ann, hers, "cat")
    job = (await api.change(ADD, input=await made(api, hers)))["job"]
    await _run(api, runtime, job)
    assert (await look(api, job))["collected"]["addedFileCount"] == 1


async def test_it_is_the_preset_of_the_moment_that_counts(
    api: Api, folder: Folder, runtime: Runtime
) -> None:
    given = await made(api, folder)
    job = (await api.change(ADD, input=given))["job"]
    forget = (
        "mutation ($id: ID!) { deleteFilterPreset(input: {presetId: $id}) { userErrors { code } } }"
    )
    await api.change(forget, id=given["presetId"])
    await _run(api, runtime, job)
    assert (await look(api, job))["collected"]["addedFileCount"] == 2


async def test_a_preset_that_no_longer_fits_begins_no_job_and_ends_one(
    api: Api, folder: Folder, runtime: Runtime
) -> None:
    key = 'mutation { addMetadataScalar(input: {key: "score", type: NUMBER}) { userErrors { code } } }'
    await api.change(key)
    given = await made(api, folder, {"metadata": [{"key": "score", "is": {"exists": False}}]})
    job = (await api.change(ADD, input=given))["job"]
    await api.change(
        'mutation { deleteMetadataKey(input: {key: "score"}) { userErrors { code } } }'
    )
    refused = await api.refusal(ADD, input=given)
    assert (refused["code"], refused["field"]) == ("INVALID", ["presetId"])
    await _run(api, runtime, job)
    found = await look(api, job)
    assert found["state"] == "ERROR"
    assert "`score` is deleted" in found["message"]


async def test_who_loses_the_role_meanwhile_is_stopped(
    api: Api, world: World, folder: Folder, runtime: Runtime
) -> None:
    assert api.person is not None
    ann = await world.member(api.person)
    await world.share(folder, ann, EntityRole.ADMIN)
    given = await made(api.as_(ann), folder)
    job = (await api.as_(ann).change(ADD, input=given))["job"]
    await world.unshare(folder, ann)
    await world.share(folder, ann, EntityRole.USER)
    await _run(api.as_(ann), runtime, job)
    found = await look(api, job)
    assert (found["state"], found["collected"]) == ("ERROR", None)
    assert "does not allow to edit" in found["message"]


async def test_a_cancelled_job_keeps_what_it_has_done_and_does_no_more(
    api: Api, folder: Folder, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "BATCH", 1)
    given = await made(api, folder)
    job = (await api.change(ADD, input=given))["job"]
    look_up = collecting._look
    calls = []

    async def looked(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2:
            await api.change(CANCEL, id=job["id"])
        return await look_up(*arguments)

    monkeypatch.setattr(collecting, "_look", looked)
    await _run(api, runtime, job)
    found = await look(api, job)
    assert (found["state"], found["collected"]["addedFileCount"]) == ("CANCELLED", 1)
    await _run(api, runtime, job)
    assert (await look(api, job))["collected"]["collection"]["fileCount"] == 1


async def test_what_another_worker_did_meanwhile_is_not_counted_again(
    api: Api, folder: Folder, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "BATCH", 7)
    await _fill(api, runtime, folder, 48)
    job = (await api.change(ADD, input=await made(api, folder)))["job"]
    look_up = collecting._look
    calls = []

    async def looked(*arguments: Any) -> Any:
        calls.append(arguments)
        turn = len(calls)
        found = await look_up(*arguments)
        if turn == 1:  # before the first one writes, another does the same batch, and dies
            with pytest.raises(asyncio.CancelledError):
                await _run(api, runtime, job)
        if turn == 3:
            raise asyncio.CancelledError
        return found

    monkeypatch.setattr(collecting, "_look", looked)
    await _run(api, runtime, job)
    found = (await look(api, job))["collected"]
    assert (found["matchedFileCount"], found["addedFileCount"]) == (50, 50)
    assert found["collection"]["fileCount"] == 50


async def test_what_a_killed_worker_leaves_is_gone_on_with(
    api: Api, folder: Folder, runtime: Runtime
) -> None:
    await _fill(api, runtime, folder, 1_000)
    given = await made(api, folder)
    job = (await api.change(ADD, input=given))["job"]
    child = await _worker_process(runtime)
    with anyio.fail_after(60):
        while not (await look(api, job))["doneCount"]:  # noqa: ASYNC110
            await anyio.sleep(0.01)
    child.kill()
    await child.wait()
    left = await look(api, job)
    assert (left["state"], left["totalCount"]) == ("RUNNING", 1_002)
    assert 0 < left["doneCount"] < 1_002
    await _run(api, runtime, job)
    found = await look(api, job)
    assert (found["state"], found["doneCount"]) == ("DONE", 1_002)
    figures = found["collected"]
    assert (figures["matchedFileCount"], figures["addedFileCount"]) == (1_002, 1_002)
    assert figures["collection"]["fileCount"] == 1_002


async def test_the_same_key_starts_one_job(api: Api, folder: Folder) -> None:
    given = {**await made(api, folder), "idempotencyKey": "once"}
    first, again = await api.change(ADD, input=given), await api.change(ADD, input=given)
    assert (again["job"]["id"], again["replayed"]) == (first["job"]["id"], True)


async def _run(api: Api, runtime: Runtime, job: Given) -> None:
    """Do the job here and now, as a worker does."""
    person: Person | None = api.person
    assert person is not None
    await TASKS[collecting.COLLECT](
        runtime,
        organisation_id=person.organisation_id.hex,
        job_id=ids.decode(Kind.BACKGROUND_JOB, job["id"]).hex,
        user_id=person.user_id.hex,
    )


async def _fill(api: Api, runtime: Runtime, folder: Folder, count: int) -> None:
    assert api.person is not None
    given = {"organisation": folder.organisation_id, "folder": folder.id, "count": count}
    async with runtime.db.transaction(api.person.actor.scope) as tx:
        await tx.execute(_FILL, given)


async def _worker_process(runtime: Runtime) -> asyncio.subprocess.Process:
    given = {
        "DATABASE_URL": runtime.settings.database_url or "",
        "REDIS_URL": runtime.settings.redis_url or "",
        "LABELGRAPH_HOME": str(runtime.settings.home),
        "LABELGRAPH_SECRET": runtime.secret.decode(),
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORK, cwd=ROOT, env={**os.environ, **given}
    )
