"""Vectors from an uploaded file: a background job, its progress, its end, and what becomes of it on the way."""

import asyncio
import random
from collections.abc import Iterable
from typing import Any

import anyio
import orjson
import pytest

from app.core import ids
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.files.models import FileType, Folder
from app.uploads import embedding_lines
from app.worker import working
from tests.client import Api
from tests.schema.embedding import ADD_KEY, FROM_UPLOAD, JOB, ended, has, id_of, packed, whole
from tests.schema.test_killed_worker import worker_process
from tests.socket import Open
from tests.world import Person, World

UPLOAD = """
mutation ($input: CreateUploadsInput!) {
  createUploads(input: $input) { uploads { id putUrl headers { name value } } userErrors { code } }
}
"""
CANCEL = """
mutation ($id: ID!) {
  cancelBackgroundJob(input: {id: $id}) { job { state } userErrors { code message field } }
}
"""
PROGRESS = """
subscription ($id: ID!) {
  backgroundJobProgress(jobId: $id, minIntervalMs: 0) {
    cursor job { state doneCount totalCount revision writtenEmbeddings { writtenCount } }
  }
}
"""
JOBS = "{ backgroundJobs { nodes { id kind state } totalCount { value } } }"
CLIP = [0.5, -0.25, 2.0]


@pytest.fixture
async def person(api: Api) -> Person:
    assert api.person is not None
    return api.person


@pytest.fixture
async def folder(api: Api, world: World, person: Person) -> Folder:
    await api.change(ADD_KEY, key="clip", dimensions=3)
    return await world.folder(person)


async def sent(api: Api, folder: Folder, body: bytes) -> str:
    """The id of an uploaded document."""
    item = {"fileName": "vectors.ndjson", "contentType": "application/x-ndjson"}
    given = {"folderId": ids.encode(Kind.FOLDER, folder.id), "items": [item], "purpose": "DOCUMENT"}
    (upload,) = (await api.change(UPLOAD, input=given))["uploads"]
    headers = {one["name"]: one["value"] for one in upload["headers"]}
    address = upload["putUrl"].removeprefix("http://labelgraph.test")
    response = await api.http.put(address, content=body, headers=headers)
    assert response.is_success, response.text
    found: str = upload["id"]
    return found


def lines(said: Iterable[Any]) -> bytes:
    return b"".join(orjson.dumps(one) + b"\n" for one in said)


async def begun(api: Api, folder: Folder, body: bytes, key: str = "clip") -> dict[str, Any]:
    """A new job over these lines."""
    given = {"key": key, "uploadId": await sent(api, folder, body)}
    job: dict[str, Any] = (await api.change(FROM_UPLOAD, input=given))["job"]
    return job


async def test_lines_are_written_by_id_and_by_name_and_wrong_ones_are_told(
    api: Api, world: World, person: Person, folder: Folder, worker: None
) -> None:
    named = await world.file(person, folder, "named.png")
    twins = [await world.file(person, folder, "twin.png") for _ in range(2)]
    video = await world.file(person, folder, "v.mp4", type=FileType.VIDEO, frame_count=10)
    stranger = await world.organisation()
    elsewhere = await world.file(stranger, await world.folder(stranger), "x.png")
    body = lines(
        [
            {"name": "named.png", "vector": CLIP},
            {"fileId": id_of(twins[0]), "vector": packed(CLIP)},
            {"fileId": id_of(video), "frame": 4, "vector": CLIP},
            {"name": "twin.png", "vector": CLIP},
            {"name": "nobody.png", "vector": CLIP},
            {"fileId": id_of(elsewhere), "vector": CLIP},
            {"fileId": id_of(video), "frame": 10, "vector": CLIP},
            {"fileId": id_of(video), "frame": "4", "vector": CLIP},
            {"fileId": id_of(twins[1]), "vector": [1, 2]},
            {"fileId": id_of(twins[1])},
            {"fileId": id_of(twins[1]), "name": "twin.png", "vector": CLIP},
            {"fileId": "nonsense", "vector": CLIP},
            {"fileId": id_of(twins[1]), "vector": CLIP, "colour": "red"},
            [1, 2, 3],
        ]
    )
    body += b'{"fileId": "x", "vector": [NaN]}\n\n' + b'{"name": "' + b"x" * 2**21 + b'"}\n'
    body += orjson.dumps({"name": "named.png", "vector": [1, 2, 3]})  # again, and no end of line
    job = await ended(api, await begun(api, folder, body))
    assert (job["kind"], job["state"], job["createdBy"]) == (
        "SET_EMBEDDINGS",
        "DONE",
        {"email": person.email},
    )
    assert (job["doneCount"], job["totalCount"]) == (18, 18)
    written = job["writtenEmbeddings"]
    assert (written["writtenCount"], written["rejectedCount"]) == (4, 13)
    told = [(one["line"], one["error"]["code"], one["error"]["field"]) for one in written["errors"]]
    assert told == [
        (4, "INVALID", ["name"]),
        (5, "NOT_FOUND", ["name"]),
        (6, "NOT_FOUND", ["fileId"]),
        (7, "INVALID", ["frame"]),
        (8, "INVALID", ["frame"]),
        (9, "INVALID", ["vector"]),
        (10, "INVALID", ["vector"]),
        (11, "INVALID", ["fileId"]),
        (12, "NOT_FOUND", ["fileId"]),
        (13, "INVALID", ["colour"]),
        (14, "INVALID", None),
        (15, "INVALID", None),
        (17, "INVALID", None),
    ]
    assert await has(api, named) == {"clip": whole([1, 2, 3])}
    assert await has(api, twins[0]) == {"clip": whole(CLIP)}
    assert await has(api, twins[1]) == {}
    assert await has(api, video) == {"clip": {"vector": None, "frames": {4: CLIP}}}


async def test_only_the_first_hundred_errors_are_kept_and_all_are_counted(
    api: Api, folder: Folder, worker: None
) -> None:
    job = await ended(api, await begun(api, folder, b"x\n" * 1_500))
    written = job["writtenEmbeddings"]
    assert (written["rejectedCount"], len(written["errors"])) == (1_500, 100)


async def test_a_job_that_cannot_be_done_ends_with_an_error(
    api: Api, folder: Folder, worker: None
) -> None:
    item = {"fileName": "vectors.ndjson"}
    given = {"folderId": ids.encode(Kind.FOLDER, folder.id), "items": [item], "purpose": "DOCUMENT"}
    (upload,) = (await api.change(UPLOAD, input=given))["uploads"]
    asked = {"key": "clip", "uploadId": upload["id"]}
    job = await ended(api, (await api.change(FROM_UPLOAD, input=asked))["job"])
    assert job["state"] == "ERROR"
    assert "have not come" in job["message"]
    assert job["finishedAt"]


@pytest.mark.parametrize(("member", "value"), [("key", "clop"), ("uploadId", "up_" + "0" * 32)])
async def test_an_unknown_key_or_upload_begins_nothing(
    api: Api, folder: Folder, member: str, value: str
) -> None:
    given = {"key": "clip", "uploadId": await sent(api, folder, b""), member: value}
    refusal = await api.refusal(FROM_UPLOAD, input=given)
    assert refusal["field"] == [member]
    assert (await api(JOBS))["backgroundJobs"]["nodes"] == []


async def test_a_job_is_its_askers_and_the_administrators(
    api: Api, world: World, person: Person, folder: Folder
) -> None:
    job = await begun(api, folder, b"")
    member = api.as_(await world.member(person))
    assert (await member(JOBS))["backgroundJobs"]["nodes"] == []
    assert (await member(JOB, id=job["id"]))["node"] is None
    assert (await member.refusal(CANCEL, id=job["id"]))["code"] == "NOT_FOUND"
    assert (await api(JOBS))["backgroundJobs"]["nodes"] == [job]
    assert (await api.change(CANCEL, id=job["id"]))["job"]["state"] == "CANCELLED"
    assert (await api.change(CANCEL, id=job["id"]))["job"]["state"] == "CANCELLED"


async def test_a_cancelled_job_is_not_begun_and_one_that_ended_is_not_cancelled(
    api: Api, world: World, person: Person, folder: Folder, runtime: Runtime
) -> None:
    file = await world.file(person, folder)
    body = lines([{"fileId": id_of(file), "vector": CLIP}])
    cancelled, other = [await begun(api, folder, body) for _ in range(2)]
    await api.change(CANCEL, id=cancelled["id"])
    async with working(runtime, grace_seconds=1):
        await ended(api, other)
        assert (await ended(api, cancelled))["doneCount"] == 0
    assert (await api.refusal(CANCEL, id=other["id"]))["code"] == "CONFLICT"


async def test_progress_is_told_from_the_first_state_to_the_last(
    api: Api,
    world: World,
    person: Person,
    folder: Folder,
    runtime: Runtime,
    open_socket: Open,
) -> None:
    file = await world.file(person, folder)
    body = lines({"fileId": id_of(file), "vector": [n % 999, 1, 1]} for n in range(3_500))
    job = await begun(api, folder, body)
    async with open_socket(person) as socket:
        stream = await socket.subscribe(PROGRESS, id=job["id"])
        first = (await anext(stream))["backgroundJobProgress"]["job"]
        assert (first["state"], first["doneCount"]) == ("QUEUED", 0)
        async with working(runtime, grace_seconds=1), asyncio.timeout(60):
            told = [first, *[event["backgroundJobProgress"]["job"] async for event in stream]]
    assert [one["doneCount"] for one in told] == sorted(one["doneCount"] for one in told)
    assert told[-1]["state"] == "DONE"
    assert told[-1]["writtenEmbeddings"]["writtenCount"] == 3_500
    assert await has(api, file) == {"clip": whole([3_499 % 999, 1, 1])}


@pytest.mark.timeout(90)
async def test_a_job_whose_worker_is_killed_goes_on(
    api: Api, world: World, person: Person, folder: Folder, runtime: Runtime
) -> None:
    """Each line is counted once, however often the worker dies."""
    seed = random.Random(4)
    video = await world.file(person, folder, "v.mp4", type=FileType.VIDEO)
    count = 10_000
    body = b"".join(
        b'{"fileId":"%s","frame":%d,"vector":[%d,1,1]}\n' % (id_of(video).encode(), n, n % 1_000)
        for n in range(count)
    )
    job = await begun(api, folder, body + b"x\n")
    deaths = 0
    while deaths < 1:
        async with worker_process(runtime):
            await moving(api, job)
            await asyncio.sleep(seed.uniform(0.0, 0.2))
        found = (await api(JOB, id=job["id"]))["node"]
        if found["state"] == "DONE":
            break
        deaths += 1
    assert deaths >= 1
    async with worker_process(runtime):
        last = await ended(api, job)
    assert (last["state"], last["doneCount"]) == ("DONE", count + 1)
    written = last["writtenEmbeddings"]
    assert (written["writtenCount"], written["rejectedCount"]) == (count, 1)
    data = await api(
        "query ($id: ID!) { file(id: $id) { embeddings { frameCount } } }", id=id_of(video)
    )
    assert data["file"]["embeddings"] == [{"frameCount": count}]


async def moving(api: Api, job: dict[str, Any]) -> None:
    """Wait until some more lines were written."""
    before = (await api(JOB, id=job["id"]))["node"]["doneCount"]
    with anyio.fail_after(60):
        while (await api(JOB, id=job["id"]))["node"]["doneCount"] == before:  # noqa: ASYNC110
            await anyio.sleep(0.01)


def test_however_long_lines_are_little_of_them_is_read_at_once(tmp_path: Any) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"[" + b"1," * 3_000_000 + b"1]\n" + b'{"vector": [1]}\n' * 5)
    with path.open("rb") as document:
        assert embedding_lines.count_lines(document) == 6
        first = embedding_lines.read_lines(document, 0)
        assert [line.number for line in first] == [1, 2, 3, 4, 5, 6]
        assert first[0].refused is not None
        assert "1,048,576 bytes" in first[0].refused.message
        assert embedding_lines.read_lines(document, 6) == []
