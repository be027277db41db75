"""Vectors of files and frames through the API: written, refused, read, removed, and brought by metadata."""

import math
from typing import Any

import pytest

from app.accounts.roles import EntityRole, OrganisationRole
from app.core import ids
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.files.models import FileType, Folder
from app.worker import working
from tests.client import Api
from tests.schema.embedding import (
    ADD_KEY,
    DELETE_KEY,
    KEYS,
    METADATA,
    REMOVE,
    RESTORE_KEY,
    SET,
    has,
    id_of,
    packed,
    put,
    whole,
)
from tests.schema.registering import Desk, image, units
from tests.statements import Statements
from tests.world import Person, World

CLIP = [0.5, -0.25, 2.0]


@pytest.fixture
async def person(api: Api) -> Person:
    assert api.person is not None
    return api.person


@pytest.fixture
async def folder(api: Api, world: World, person: Person) -> Folder:
    """A folder in an organisation that has the embedding `clip` of three dimensions."""
    await api.change(ADD_KEY, key="clip", dimensions=3)
    return await world.folder(person)


async def test_a_vector_is_read_as_it_was_written(
    api: Api, world: World, person: Person, folder: Folder
) -> None:
    first, second = [await world.file(person, folder) for _ in range(2)]
    results = await put(
        api,
        "clip",
        {"fileId": id_of(first), "vector": CLIP},
        {"fileId": id_of(second), "vector": packed(CLIP)},
    )
    assert [one["status"] for one in results] == ["UPDATED", "UPDATED"]
    assert [one["file"]["id"] for one in results] == [id_of(first), id_of(second)]
    assert await has(api, first) == await has(api, second) == {"clip": whole(CLIP)}
    assert await has(api, first, keys=["other"]) == {}


async def test_a_vector_takes_the_place_of_the_one_before(
    api: Api, world: World, person: Person, folder: Folder
) -> None:
    file = await world.file(person, folder)
    for vector in (CLIP, [1, 2, 3]):
        await put(api, "clip", {"fileId": id_of(file), "vector": vector})
    assert await has(api, file) == {"clip": whole([1, 2, 3])}


BAD: list[tuple[Any, str, list[str]]] = [
    ([0.5, 1.0], "INVALID", ["vector"]),
    ([0.5, 1.0, 2.0, 3.0], "INVALID", ["vector"]),
    ([], "INVALID", ["vector"]),
    ([0.5, None, 1.0], "INVALID", ["vector", "1"]),
    ([0.5, "1", 1.0], "INVALID", ["vector", "1"]),
    ([0.5, 1.0, True], "INVALID", ["vector", "2"]),
    ([0.5, [1.0], 1.0], "INVALID", ["vector", "1"]),
    ([0.0, 0.0, 0.0], "INVALID", ["vector"]),
    ([1e-9, 0.0, -1e-9], "INVALID", ["vector"]),
    ([0.5, 70_000, 1.0], "TOO_LARGE", ["vector", "1"]),
    ([0.5, 1.0, -65_505], "TOO_LARGE", ["vector", "2"]),
    ([10**18, 1.0, 1.0], "TOO_LARGE", ["vector", "0"]),
    ([0.5, 1.0, 1e300], "TOO_LARGE", ["vector", "2"]),
    (packed([math.nan, 1.0, 1.0]), "INVALID", ["vector", "0"]),
    (packed([0.5, math.inf, 1.0]), "INVALID", ["vector", "1"]),
    (packed([0.5, 1.0, -math.inf]), "INVALID", ["vector", "2"]),
    (packed([0.5, 1.0]), "INVALID", ["vector"]),
    (packed([0.0, 0.0, 0.0]), "INVALID", ["vector"]),
    (packed([0.5, 1.0, 70_000]), "TOO_LARGE", ["vector", "2"]),
    ("a text", "INVALID", ["vector"]),
    ("AAAA", "INVALID", ["vector"]),
    ("", "INVALID", ["vector"]),
]


async def test_a_bad_vector_is_refused_by_itself_and_the_good_ones_are_written(
    api: Api, world: World, person: Person, folder: Folder
) -> None:
    files = [await world.file(person, folder) for _ in range(len(BAD) + 2)]
    vectors = [CLIP, *(bad for bad, _, _ in BAD), CLIP]
    items = [
        {"fileId": id_of(f), "vector": vector} for f, vector in zip(files, vectors, strict=True)
    ]
    results = await put(api, "clip", *items)
    told = [(e["code"], e["field"]) for one in results for e in one["userErrors"]]
    assert told == [(code, field) for _, code, field in BAD]
    statuses = [one["status"] for one in results]
    assert statuses == ["UPDATED", *["REJECTED"] * len(BAD), "UPDATED"]
    found = [await has(api, file) for file in files]
    assert found == [{"clip": whole(CLIP)}, *[{}] * len(BAD), {"clip": whole(CLIP)}]


async def test_atomic_writes_nothing_if_one_is_bad(
    api: Api, world: World, person: Person, folder: Folder
) -> None:
    file = await world.file(person, folder)
    good = {"fileId": id_of(file), "vector": CLIP}
    bad = {"fileId": id_of(file), "frame": 0, "vector": CLIP}
    payload = await api.payload(SET, input={"key": "clip", "items": [good, bad], "mode": "ATOMIC"})
    assert payload["userErrors"][0]["code"] == "CONFLICT"
    assert [one["status"] for one in payload["results"]] == ["UNCHANGED", "REJECTED"]
    assert await has(api, file) == {}


@pytest.mark.parametrize("vector", [7, True, {"a": 1}, None])
async def test_what_is_no_vector_at_all_is_a_fault_of_the_request(
    api: Api, world: World, person: Person, folder: Folder, vector: Any
) -> None:
    file = await world.file(person, folder)
    items = [{"fileId": id_of(file), "vector": vector}]
    (error,) = await api.errors(SET, input={"key": "clip", "items": items})
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_4096_dimensions_are_kept(
    api: Api, world: World, person: Person, folder: Folder
) -> None:
    await api.change(ADD_KEY, key="long", dimensions=4096)
    file = await world.file(person, folder)
    vector = [(n % 2_000) / 2_048 - 0.5 for n in range(4_096)]
    await put(api, "long", {"fileId": id_of(file), "vector": vector})
    assert await has(api, file) == {"long": whole(list(vector))}


async def test_an_unknown_key_is_refused_and_the_message_lists_what_there_is(
    api: Api, world: World, person: Person, folder: Folder
) -> None:
    file = await world.file(person, folder)
    items = [{"fileId": id_of(file), "vector": CLIP}]
    refusal = await api.refusal(SET, input={"key": "clop", "items": items})
    assert (refusal["code"], refusal["field"]) == ("INVALID", ["key"])
    assert "`clip`" in refusal["message"]


async def test_frames_have_vectors_of_their_own(
    api: Api, world: World, person: Person, folder: Folder
) -> None:
    video = await world.file(person, folder, "v.mp4", type=FileType.VIDEO, frame_count=10)
    places: list[dict[str, Any]] = [{"frame": 9}, {"frame": 0}, {}, {"frame": 10}, {"frame": -1}]
    items = [{"fileId": id_of(video), "vector": CLIP, **place} for place in places]
    results = await put(api, "clip", *items, {**items[0], "vector": [1, 1, 1]})
    told = [(e["code"], e["field"]) for one in results for e in one["userErrors"]]
    assert told == [("INVALID", ["frame"]), ("INVALID", ["frame"]), ("INVALID", ["fileId"])]
    assert await has(api, video) == {"clip": {"vector": CLIP, "frames": {0: CLIP, 9: CLIP}}}
    page = await has(api, video, first=1, after=0)
    assert page["clip"]["frames"] == {9: CLIP}


async def test_an_image_has_no_frames(
    api: Api, world: World, person: Person, folder: Folder
) -> None:
    file = await world.file(person, folder)
    (result,) = await put(api, "clip", {"fileId": id_of(file), "frame": 0, "vector": CLIP})
    assert result["userErrors"][0]["field"] == ["frame"]


async def test_who_may_look_but_not_edit_writes_no_vectors(
    api: Api, world: World, person: Person, folder: Folder
) -> None:
    file = await world.file(person, folder)
    user = await world.member(person, OrganisationRole.MEMBER)
    await world.share(folder, user, EntityRole.USER)
    (result,) = await put(api.as_(user), "clip", {"fileId": id_of(file), "vector": CLIP})
    assert result["userErrors"][0]["code"] == "FORBIDDEN"
    assert await has(api.as_(user), file) == {}


async def test_another_organisation_has_neither_the_file_nor_the_key(
    api: Api, world: World, person: Person, folder: Folder
) -> None:
    file = await world.file(person, folder)
    await put(api, "clip", {"fileId": id_of(file), "vector": CLIP})
    other = api.as_(await world.organisation())
    items = [{"fileId": id_of(file), "vector": [1, 1, 1]}]
    refusal = await other.refusal(SET, input={"key": "clip", "items": items})
    assert refusal["code"] == "INVALID"
    assert (await other(KEYS))["embeddings"] == []
    await other.change(ADD_KEY, key="clip", dimensions=3)
    (result,) = await put(other, "clip", *items)
    assert result["userErrors"][0]["code"] == "NOT_FOUND"
    assert await has(api, file) == {"clip": whole(CLIP)}


async def test_vectors_go_where_they_are_removed(
    api: Api, world: World, person: Person, folder: Folder
) -> None:
    video = await world.file(person, folder, "v.mp4", type=FileType.VIDEO, frame_count=10)
    named = {"fileId": id_of(video)}
    for frame in ({}, {"frame": 1}, {"frame": 2}):
        await put(api, "clip", {**named, **frame, "vector": CLIP})
    spots = [{**named, "frame": 1}, {**named, "frame": 5}]
    answer = await api.change(REMOVE, input={"key": "clip", "items": spots})
    assert [one["status"] for one in answer["results"]] == ["UPDATED", "UNCHANGED"]
    assert await has(api, video) == {"clip": {"vector": CLIP, "frames": {2: CLIP}}}
    await api.change(REMOVE, input={"key": "clip", "items": [named]})
    assert await has(api, video) == {}


async def test_vectors_go_with_their_files(
    api: Api, world: World, person: Person, folder: Folder, runtime: Runtime
) -> None:
    other = await world.folder(person)
    first, second = await world.file(person, folder), await world.file(person, folder)
    third = await world.file(person, other)
    items = [{"fileId": id_of(one), "vector": CLIP} for one in (first, second, third)]
    await put(api, "clip", *items)
    name = await table_name(runtime, person)

    async def left() -> int:
        rows = await runtime.reads.fetch(person.actor.scope, f"select count(*) as n from {name}")
        count: int = rows[0]["n"]
        return count

    folder_id = ids.encode(Kind.FOLDER, folder.id)
    await api.change(
        "mutation ($files: [ID!]!, $folder: ID!) {"
        " deleteFiles(input: {fileIds: $files, folderId: $folder}) { userErrors { message } } }",
        files=[id_of(first)],
        folder=folder_id,
    )
    assert await left() == 2
    await api.change(
        "mutation ($folder: ID!) { deleteFolder(input: {folderId: $folder})"
        " { userErrors { message } } }",
        folder=folder_id,
    )
    assert await left() == 1


async def test_the_same_idempotency_key_writes_once(
    api: Api, world: World, person: Person, folder: Folder
) -> None:
    file = await world.file(person, folder)
    asked = {"key": "clip", "items": [{"fileId": id_of(file), "vector": packed(CLIP)}]}
    first = await api.change(SET, input={**asked, "idempotencyKey": "a"})
    again = await api.change(SET, input={**asked, "idempotencyKey": "a"})
    assert (first["replayed"], again["replayed"]) == (False, True)
    other = [{"fileId": id_of(file), "vector": packed([1, 1, 1])}]
    refusal = await api.refusal(SET, input={"key": "clip", "items": other, "idempotencyKey": "a"})
    assert refusal["code"] == "IDEMPOTENCY_KEY_REUSED"


async def say(api: Api, file: Any, metadata: dict[str, Any]) -> None:
    payload = await api.change(METADATA, id=id_of(file), metadata=metadata)
    assert payload["results"][0]["userErrors"] == []


async def test_metadata_brings_vectors_and_takes_away_those_it_brought(
    api: Api, world: World, person: Person, folder: Folder
) -> None:
    video = await world.file(person, folder, "v.mp4", type=FileType.VIDEO, frame_count=300)
    frames = {"149": {"clip": CLIP}, "7": {"clip": [1, 2]}, "8": {}}
    await say(api, video, {"clip": [1, 1, 1], "$encord": {"frames": frames}})
    assert await has(api, video) == {"clip": {"vector": [1, 1, 1], "frames": {149: CLIP}}}
    await put(api, "clip", {"fileId": id_of(video), "frame": 3, "vector": CLIP})
    await say(api, video, {"$encord": {"frames": {"150": {"clip": CLIP}}}})
    assert await has(api, video) == {"clip": {"vector": None, "frames": {3: CLIP, 150: CLIP}}}


async def test_the_last_writer_has_the_say(
    api: Api, world: World, person: Person, folder: Folder
) -> None:
    file = await world.file(person, folder)
    await say(api, file, {"clip": [1, 1, 1]})
    await put(api, "clip", {"fileId": id_of(file), "vector": CLIP})
    await say(api, file, {"a": 1})
    assert await has(api, file) == {"clip": whole(CLIP)}  # it is not metadata's any more
    await say(api, file, {"clip": [2, 2, 2]})
    assert await has(api, file) == {"clip": whole([2, 2, 2])}


async def test_registration_brings_vectors_of_files_and_frames(
    api: Api, world: World, worker: None
) -> None:
    await api.change(ADD_KEY, key="clip", dimensions=3)
    desk = await Desk.opened(api, world)
    video = {
        "objectUrl": "file:///nowhere/v.mp4",
        "videoMetadata": {
            "fps": 10,
            "duration": 30,
            "width": 4,
            "height": 3,
            "file_size": 9,
            "mime_type": "video/mp4",
        },
        "clientMetadata": {
            "$encord": {
                "config": {"keyframe_mode": "seconds"},
                "frames": {"1.5": {"clip": CLIP}, "2": {}},
            }
        },
    }
    images = [image(f"{n}.png", clientMetadata={"clip": [n, 1, 1]}) for n in range(3)]
    job = await desk.register({"json": {"images": images, "videos": [video]}})
    found = {unit["name"]: await has(api, unit["file"]["id"]) for unit in units(job)}
    assert found == {
        **{f"{n}.png": {"clip": whole([n, 1, 1])} for n in range(3)},
        "v.mp4": {"clip": {"vector": None, "frames": {15: CLIP}}},
    }


async def test_many_vectors_cost_as_many_statements_as_one(
    api: Api, world: World, person: Person, folder: Folder, statements: Statements
) -> None:
    files = [await world.file(person, folder) for _ in range(20)]
    await put(api, "clip", {"fileId": id_of(files[0]), "vector": CLIP})
    counts = []
    for some in (files[:1], files):
        statements.clear()
        await put(api, "clip", *({"fileId": id_of(one), "vector": CLIP} for one in some))
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_a_key_that_is_declared_later_reads_what_documents_hold(
    api: Api, world: World, person: Person, worker: None
) -> None:
    folder = await world.folder(person)
    file = await world.file(person, folder, metadata={"late": CLIP})
    await api.change(ADD_KEY, key="late", dimensions=3)
    await settled(api)
    assert await has(api, file) == {"late": whole(CLIP)}


async def test_a_restored_key_has_its_vectors_again_and_one_deleted_for_good_has_not(
    api: Api, world: World, person: Person, folder: Folder, runtime: Runtime
) -> None:
    said, written = [await world.file(person, folder) for _ in range(2)]
    await say(api, said, {"clip": [1, 1, 1]})
    await put(api, "clip", {"fileId": id_of(written), "vector": CLIP})
    async with working(runtime, grace_seconds=1):
        await api.change(DELETE_KEY, key="clip")
        await settled(api)
        assert await has(api, written) == {}
        await api.change(RESTORE_KEY, key="clip")
        await settled(api)
        assert await has(api, written) == {"clip": whole(CLIP)}
        assert await has(api, said) == {"clip": whole([1, 1, 1])}
        await put(api, "clip", {"fileId": id_of(written), "vector": [1, 2, 3]})
        name = await table_name(runtime, person)
        await api.change(DELETE_KEY, key="clip", hard=True)
        await settled(api)
        while await is_there(runtime, person, name):  # the test's time is limited
            pass
    assert (await api(KEYS))["embeddings"] == []


async def settled(api: Api) -> None:
    """Wait until every key's values were read again."""
    states = "{ metadataSchema { keys(includeDeleted: true) { state } } }"
    while "INDEXING" in str(await api(states)):
        pass


async def table_name(runtime: Runtime, person: Person) -> str:
    rows = await runtime.reads.fetch(person.actor.scope, "select name from vector_table")
    (row,) = rows
    name: str = row["name"]
    return name


async def is_there(runtime: Runtime, person: Person, name: str) -> bool:
    rows = await runtime.reads.fetch(
        person.actor.scope, "select to_regclass($1) is not null as found", [name]
    )
    found: bool = rows[0]["found"]
    return found
