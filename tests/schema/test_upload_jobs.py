"""Registration jobs through the API, worked on by a real worker (domain 3.2 to 3.8)."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.accounts.roles import EntityRole
from app.accounts.tokens import TokenScope
from app.core import ids
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.core.storage.integrations import AccessKey, AmazonS3
from app.media.samples import samples
from tests.client import Api
from tests.schema.registering import Desk, image, units, url
from tests.statements import Statements
from tests.world import World

pytestmark = pytest.mark.usefixtures("worker")

CANCEL = """
mutation ($id: ID!) {
  cancelUploadJob(input: {id: $id}) {
    job { status unitCount pendingCount doneCount errorCount cancelledCount }
    userErrors { code message }
  }
}
"""
RETRY = """
mutation ($id: ID!, $all: Boolean! = false) {
  retryUploadJob(input: {id: $id, includeCancelled: $all}) {
    job { id status } userErrors { code message }
  }
}
"""
FILES = """
query ($folder: ID!) {
  node(id: $folder) { ... on Folder { files(first: 1000) { nodes { id name type } } } }
}
"""


async def files(desk: Desk) -> list[dict[str, Any]]:
    data = await desk.api(FILES, folder=desk.folder_id)
    found: list[dict[str, Any]] = data["node"]["files"]["nodes"]
    return found


async def test_the_same_urls_without_the_flag_are_a_group_in_json_and_a_sequence_in_csv(
    api: Api, world: World
) -> None:
    """Trap 1: two formats, two opposite defaults of "create video"."""
    desk = await Desk.opened(api, world)
    frames = [s.path for s in samples() if s.group == "Motorcycle sequence"]
    element = {f"objectUrl_{n}": url(path) for n, path in enumerate(frames)}
    by_json = await desk.register({"json": {"image_groups": [{"title": "A", **element}]}})
    rows = ["ObjectURL,Image group title,Create video", *(f"{url(p)},A," for p in frames)]
    by_csv = await desk.register({"csv": "\n".join(rows)})
    assert [unit["file"]["type"] for unit in units(by_json)] == ["IMAGE_GROUP"]
    assert [unit["file"]["type"] for unit in units(by_csv)] == ["IMAGE_SEQUENCE"]


async def test_the_flag_before_or_after_the_lists_skips_what_the_folder_has(
    api: Api, world: World
) -> None:
    desk = await Desk.opened(api, world)
    await desk.register({"json": {"images": [image("1.png"), image("2.png")]}})
    again = {"images": [image("2.png"), image("3.png")], "skip_duplicate_urls": True}
    job = await desk.register({"json": again})
    assert [unit["result"] for unit in units(job)] == ["SKIPPED", "CREATED"]
    assert sorted(file["name"] for file in await files(desk)) == ["1.png", "2.png", "3.png"]


async def test_without_the_flag_duplicates_are_made(api: Api, world: World) -> None:
    desk = await Desk.opened(api, world)
    await desk.register({"json": {"images": [image("1.png"), image("1.png")]}})
    assert len(await files(desk)) == 2


async def test_two_jobs_at_once_with_the_flag_make_each_file_once(api: Api, world: World) -> None:
    """Trap 11: a unique constraint is no substitute for serialising a folder."""
    desk = await Desk.opened(api, world)
    document = {"images": [image(f"{n}.png") for n in range(300)], "skip_duplicate_urls": True}
    jobs = await asyncio.gather(*(desk.register({"json": document}) for _ in range(3)))
    results = [unit["result"] for job in jobs for unit in units(job)]
    assert (results.count("CREATED"), results.count("SKIPPED")) == (300, 600)
    assert len(await files(desk)) == 300


async def test_upsert_gives_the_skipped_file_the_new_metadata(api: Api, world: World) -> None:
    desk = await Desk.opened(api, world)
    await desk.register({"json": {"images": [image("1.png", clientMetadata={"a": 1, "b": 2})]}})
    again = {"images": [image("1.png", clientMetadata={"a": 3})], "skip_duplicate_urls": True}
    job = await desk.register({"json": {**again, "upsert_metadata": True}})
    (unit,) = units(job)
    assert unit["result"] == "UPDATED"
    assert unit["file"]["metadata"] == {"a": 3}


async def test_with_ignore_errors_the_end_is_done_even_if_every_unit_failed(
    api: Api, world: World
) -> None:
    desk = await Desk.opened(api, world)
    gone = [{"objectUrl": f"file:///nowhere/{n}.png"} for n in range(3)]
    job = await desk.register({"json": {"images": gone}})
    assert (job["status"], job["doneCount"], job["errorCount"]) == ("DONE", 0, 3)
    assert {unit["error"]["code"] for unit in units(job)} == {"OBJECT_NOT_FOUND"}


async def test_without_it_one_failure_stops_the_job_and_the_rest_is_cancelled(
    api: Api, world: World
) -> None:
    desk = await Desk.opened(api, world)
    gone = {"objectUrl": "file:///nowhere/gone.png"}
    document = {"images": [gone, *({"objectUrl": url(astronaut())} for _ in range(40))]}
    job = await desk.register({"json": document}, ignoreErrors=False)
    assert (job["status"], job["errorCount"], job["pendingCount"]) == ("ERROR", 1, 0)
    assert job["cancelledCount"] > 0
    assert job["doneCount"] == len(await files(desk))


def astronaut() -> Path:
    return next(s.path for s in samples() if s.path.name == "astronaut.png")


async def test_a_unit_that_is_broken_in_the_document_stops_the_job_before_anything_is_registered(
    api: Api, world: World
) -> None:
    desk = await Desk.opened(api, world)
    document = {"images": [image("1.png"), {"title": "no url"}]}
    job = await desk.register({"json": document}, ignoreErrors=False)
    assert (job["status"], job["doneCount"], job["errorCount"]) == ("ERROR", 0, 1)
    assert units(job)[1]["error"]["code"] == "MISSING_OBJECT_URL"
    assert await files(desk) == []


@pytest.mark.parametrize(
    ("document", "code"),
    [({"imges": []}, "UNKNOWN"), ({"images": {}}, ""), ({"skip_duplicate_urls": "yes"}, "")],
)
async def test_a_document_that_cannot_be_read_ends_the_job_and_says_where(
    api: Api, world: World, document: dict[str, Any], code: str
) -> None:
    desk = await Desk.opened(api, world)
    job = await desk.register({"json": document})
    assert job["status"] == "ERROR"
    (error,) = job["errors"]
    assert error["message"].endswith((".", "?"))
    assert code in error["code"]


async def test_good_files_arrive_while_broken_ones_are_reported_one_by_one(
    api: Api, world: World
) -> None:
    desk = await Desk.opened(api, world)
    good = [s.path for s in samples() if s.good and s.type == "IMAGE" and s.group is None][:5]
    bad = [s.path for s in samples() if not s.good and s.type == "IMAGE"]
    corrupt = Path(desk.api.http.headers.get("x-none", "/nowhere/none.png"))
    images = [{"objectUrl": url(path)} for path in [*good, *bad, corrupt]]
    job = await desk.register({"json": {"images": images}})
    states = [unit["state"] for unit in units(job)]
    assert states == ["DONE"] * len(good) + ["ERROR"] * (len(bad) + 1)
    assert all(unit["error"]["message"] for unit in units(job)[len(good) :])
    assert all(unit["file"]["width"] for unit in units(job)[: len(good)])


async def test_a_file_of_another_type_is_named_by_both_types(api: Api, world: World) -> None:
    desk = await Desk.opened(api, world)
    job = await desk.register({"csv": f"ObjectUrl\n{url(astronaut())}"})
    (unit,) = units(job)
    assert unit["error"] == {
        "code": "WRONG_MEDIA_TYPE",
        "message": "Expected a video, got a file of type image",
        "isRetryable": False,
    }


async def test_media_metadata_that_is_given_is_taken_without_a_look(api: Api, world: World) -> None:
    desk = await Desk.opened(api, world)
    metadata = {
        "fps": 25.0,
        "duration": 0.28,
        "width": 1920,
        "height": 1080,
        "file_size": 7,
        "mime_type": "video/mp4",
    }
    element = {"objectUrl": "file:///nowhere/v.mp4", "videoMetadata": metadata}
    job = await desk.register({"json": {"videos": [element]}})
    file = units(job)[0]["file"]
    assert (file["width"], file["fps"], file["frameCount"]) == (1920, 25.0, 7)


async def test_a_strict_integration_needs_media_metadata(api: Api, world: World) -> None:
    assert api.person is not None
    folder = await world.folder(api.person)
    strict = await world.local_integration(api.person, Path("/"), is_strict=True)
    desk = Desk(api, folder, strict)
    job = await desk.register({"json": {"images": [{"objectUrl": url(astronaut())}]}})
    assert units(job)[0]["error"]["code"] == "MEDIA_METADATA_REQUIRED"


async def test_without_an_integration_cloud_objects_are_refused(api: Api, world: World) -> None:
    desk = await Desk.opened(api, world, root=None)
    job = await desk.register({"json": {"images": [image("1.png")]}})
    assert units(job)[0]["error"]["code"] == "INTEGRATION_REQUIRED"


async def test_an_object_outside_of_the_integration_is_never_fetched(
    api: Api, world: World, tmp_path: Path
) -> None:
    desk = await Desk.opened(api, world, root=tmp_path)
    urls = [url(astronaut()), "http://127.0.0.1:1/x.png", "https://bucket.s3.amazonaws.com/x.png"]
    job = await desk.register({"json": {"images": [{"objectUrl": one} for one in urls]}})
    codes = {unit["error"]["code"] for unit in units(job)}
    assert codes <= {"OBJECT_URL_NOT_OF_INTEGRATION", "OBJECT_URL_INVALID"}


async def test_multi_region_access_points_are_registered_with_their_metadata(
    api: Api, world: World
) -> None:
    arn = "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap/site/cam1.png"
    job = await (await Desk.opened(api, world)).register(
        {"json": {"images": [{**image("x"), "objectUrl": arn}]}}
    )
    # of the integration's own kind only: a local folder reaches no access point
    assert units(job)[0]["error"]["code"] == "OBJECT_URL_NOT_OF_INTEGRATION"
    assert units(job)[0]["objectUrls"] == [arn]


async def test_a_cancelled_job_keeps_what_is_done_and_its_counts_add_up(
    api: Api, world: World
) -> None:
    desk = await Desk.opened(api, world)
    many = {"images": [{"objectUrl": url(astronaut())} for _ in range(200)]}
    job = await desk.start({"json": many})
    await desk.moving(job)
    stopped = (await api.change(CANCEL, id=job["id"]))["job"]
    assert stopped["status"] == "CANCELLED"
    assert stopped["pendingCount"] == 0
    assert stopped["doneCount"] + stopped["cancelledCount"] == stopped["unitCount"] == 200
    await asyncio.sleep(0.5)
    assert len(await files(desk)) == stopped["doneCount"]
    assert (await desk.look(job))["status"] == "CANCELLED"


async def test_an_ended_job_cannot_be_cancelled(api: Api, world: World) -> None:
    desk = await Desk.opened(api, world)
    job = await desk.register({"json": {"images": [image("1.png")]}})
    assert (await api.refusal(CANCEL, id=job["id"]))["code"] == "CONFLICT"


async def test_a_retry_touches_only_what_failed(api: Api, world: World, tmp_path: Path) -> None:
    desk = await Desk.opened(api, world)
    late = tmp_path / "late.png"
    broken: dict[str, Any] = {"title": "no url"}
    document = {"images": [image("1.png"), {"objectUrl": url(late)}, broken]}
    job = await desk.register({"json": document})
    assert [unit["state"] for unit in units(job)] == ["DONE", "ERROR", "ERROR"]
    late.write_bytes(astronaut().read_bytes())
    await api.change(RETRY, id=job["id"])
    again = await desk.ended(job)
    assert [unit["state"] for unit in units(again)] == ["DONE", "DONE", "ERROR"]
    assert units(again)[0]["file"] == units(job)[0]["file"]
    assert len(await files(desk)) == 2


async def test_a_retry_with_nothing_to_mend_is_refused(api: Api, world: World) -> None:
    desk = await Desk.opened(api, world)
    job = await desk.register({"json": {"images": [image("1.png")]}})
    assert (await api.refusal(RETRY, id=job["id"]))["code"] == "CONFLICT"


async def test_a_stopped_job_can_go_on_from_where_it_stopped(
    api: Api, world: World, tmp_path: Path
) -> None:
    desk = await Desk.opened(api, world)
    late = tmp_path / "late.png"
    document = {"images": [{"objectUrl": url(late)}, *(image(f"{n}.png") for n in range(3))]}
    job = await desk.register({"json": document}, ignoreErrors=False)
    assert job["status"] == "ERROR"
    late.write_bytes(astronaut().read_bytes())
    await api.change(RETRY, id=job["id"], all=True)
    again = await desk.ended(job)
    assert (again["status"], again["doneCount"]) == ("DONE", 4)


async def test_typed_items_are_registered_like_a_document(api: Api, world: World) -> None:
    desk = await Desk.opened(api, world)
    media = {"image": {"width": 4, "height": 3, "fileSize": 99, "mimeType": "image/png"}}
    item = {
        "type": "IMAGE",
        "objectUrls": ["file:///nowhere/1.png"],
        "title": "One",
        "clientMetadata": {"site": "A1"},
        "media": media,
    }
    job = await desk.register({"items": [item, item]}, skipDuplicateUrls=True)
    assert [unit["result"] for unit in units(job)] == ["CREATED", "SKIPPED"]
    file = units(job)[0]["file"]
    assert (file["name"], file["width"], file["metadata"]) == ("One", 4, {"site": "A1"})


async def test_the_same_key_starts_one_job(api: Api, world: World) -> None:
    desk = await Desk.opened(api, world)
    source = {"json": {"images": [image("1.png")]}}
    first = await desk.start(source, idempotencyKey="k")
    assert (await desk.start(source, idempotencyKey="k"))["id"] == first["id"]
    await desk.ended(first)
    assert len(await files(desk)) == 1


async def test_type_errors_of_metadata_do_not_stop_a_file(api: Api, world: World) -> None:
    await api(
        'mutation { addMetadataScalar(input: {key: "price", type: NUMBER}) {'
        " userErrors { message } } }"
    )
    desk = await Desk.opened(api, world)
    documents = [{"price": 3}, {"price": "n/a"}]
    images = [image(f"{n}.png", clientMetadata=one) for n, one in enumerate(documents)]
    job = await desk.register({"json": {"images": images}})
    assert [unit["state"] for unit in units(job)] == ["DONE", "DONE"]
    assert units(job)[1]["file"]["metadata"] == {"price": "n/a"}


async def test_who_may_only_use_a_folder_cannot_register_into_it(api: Api, world: World) -> None:
    assert api.person is not None
    desk = await Desk.opened(api, world)
    user = await world.member(api.person)
    await world.share(desk.folder, user, EntityRole.USER)
    theirs = Desk(api.as_(user), desk.folder)
    error = await theirs.api.refusal(
        "mutation ($i: RegisterFilesInput!) { registerFiles(input: $i) { userErrors {"
        " code field } } }",
        i=theirs.given({"json": {}}),
    )
    assert error == {"code": "FORBIDDEN", "field": ["folderId"]}


async def test_a_token_for_uploads_starts_jobs_and_reads_nothing_else(
    api: Api, world: World
) -> None:
    assert api.person is not None
    desk = await Desk.opened(api, world)
    token = await world.token(api.person, TokenScope.UPLOAD)
    narrow = api.as_(world.with_token(api.person, token))
    job = await Desk(narrow, desk.folder, desk.integration).start({"json": {}})
    assert job["status"]
    (error,) = await narrow.errors("{ uploadJobs { nodes { id } } }")
    assert error["extensions"]["code"] == "FORBIDDEN"


async def test_jobs_of_others_look_like_none(api: Api, world: World) -> None:
    desk = await Desk.opened(api, world)
    job = await desk.register({"json": {"images": [image("1.png")]}})
    stranger = api.as_(await world.organisation("Other"))
    look = "query ($id: ID!) { uploadJob(id: $id) { id } node(id: $id) { id } }"
    assert await stranger(look, id=job["id"]) == {"uploadJob": None, "node": None}
    assert (await stranger.refusal(CANCEL, id=job["id"]))["code"] == "NOT_FOUND"


UPKEEP = ("procrastinate", "pg_class", "pg_inherits", "pg_opclass", "select from file")
"""What stands in statements of the worker, which looks after indexes at the same time."""


def asked(statements: Statements) -> list[str]:
    """The statements of requests."""
    return [one for one in statements.texts if not any(mark in one for mark in UPKEEP)]


async def test_a_page_of_jobs_costs_three_statements(
    api: Api, world: World, statements: Statements
) -> None:
    desk = await Desk.opened(api, world)
    for _ in range(3):
        await desk.register({"json": {"images": [image("1.png")]}})
    statements.clear()
    data = await api(
        "query ($f: ID!) { uploadJobs(filter: {folderId: $f}) { totalCount { value }"
        " nodes { id status folder { name } } } }",
        f=desk.folder_id,
    )
    assert data["uploadJobs"]["totalCount"]["value"] == 3
    own = [one for one in asked(statements) if "upload_job" in one or "folder" in one]
    assert len(own) == 3


async def test_a_page_of_units_with_their_files_costs_four_statements(
    api: Api, world: World, statements: Statements
) -> None:
    desk = await Desk.opened(api, world)
    job = await desk.register({"json": {"images": [image(f"{n}.png") for n in range(20)]}})
    statements.clear()
    data = await api(
        "query ($id: ID!) { uploadJob(id: $id) { units(states: [DONE]) { totalCount { value }"
        " nodes { index file { name } } } } }",
        id=job["id"],
    )
    assert data["uploadJob"]["units"]["totalCount"]["value"] == 20
    own = [one for one in asked(statements) if "upload_" in one or "file" in one]
    assert len(own) == 4


async def test_a_large_document_goes_by_upload(api: Api, world: World, runtime: Runtime) -> None:
    desk = await Desk.opened(api, world)
    document = orjson.dumps({"images": [image(f"{n}.png") for n in range(2_500)]})
    made = await api.change(
        "mutation ($f: ID!) { createUploads(input: {folderId: $f, purpose: DOCUMENT,"
        ' items: [{fileName: "d.json"}]}) { uploads { id } userErrors { message } } }',
        f=desk.folder_id,
    )
    upload_id = made["uploads"][0]["id"]
    key = ids.decode(Kind.UPLOAD, upload_id)
    stored = f"uploads/{desk.folder.organisation_id.hex}/{key.hex}"
    await runtime.storage.put(stored, document)
    job = await desk.register({"jsonUploadId": upload_id}, fileName="d.json")
    assert (job["status"], job["doneCount"], job["fileName"]) == ("DONE", 2_500, "d.json")


async def test_an_access_point_is_registered_through_an_integration_of_its_kind(
    api: Api, world: World
) -> None:
    assert api.person is not None
    arn = "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap/site/cam1.png"
    folder = await world.folder(api.person)
    store = AmazonS3("eu-central-1", AccessKey("id", "secret"))
    desk = Desk(api, folder, await world.bucket(api.person, store=store))
    job = await desk.register({"json": {"images": [{**image("x"), "objectUrl": arn}]}})
    (unit,) = units(job)
    assert (unit["state"], unit["file"]["name"], unit["file"]["width"]) == ("DONE", "cam1.png", 4)


async def test_frames_of_a_video_keep_their_metadata_and_their_vectors_are_checked(
    api: Api, world: World
) -> None:
    await api(
        'mutation { addMetadataEmbedding(input: {key: "clip", dimensions: 3}) {'
        " userErrors { message } } }"
    )
    desk = await Desk.opened(api, world)
    frames = {"13": {}, "149": {"scene": "night", "clip": [0.1, 0.2, 0.3]}, "7": {"clip": [1]}}
    metadata = {"camera": "gate", "$encord": {"config": {"sampling_rate": 0}, "frames": frames}}
    video = next(one.path for one in samples() if one.path.name == "bikes.mp4")
    element = {"objectUrl": url(video), "clientMetadata": metadata}
    job = await desk.register({"json": {"videos": [element]}})
    (unit,) = units(job)
    assert unit["state"] == "DONE", unit["error"]
    look = (
        "query ($id: ID!) { file(id: $id) { metadata"
        " keyFrames { frame metadata } typeErrors { key frame found } } }"
    )
    file = (await api(look, id=unit["file"]["id"]))["file"]
    assert file["metadata"] == metadata
    assert [(one["frame"], one["metadata"]) for one in file["keyFrames"]] == [
        (7, {"clip": [1]}),
        (13, {}),
        (149, {"scene": "night", "clip": [0.1, 0.2, 0.3]}),
    ]
    assert [(one["key"], one["frame"]) for one in file["typeErrors"]] == [("clip", 7)]


ODD = "a\0b\ufffe"


@pytest.mark.parametrize(
    "document",
    [
        {"csv": f"{ODD},x\n1,2"},
        {"csv": f"ObjectUrl,{ODD}\n{ODD},2"},
        {"json": {ODD: []}},
        {"json": {"images": [{"objectUrl": ODD, "title": ODD}]}},
        {"json": {"images": [{ODD: ODD, "objectUrl": "https://example.org/a.png"}]}},
        {
            "json": {
                "images": [{"objectUrl": "https://example.org/a.png", "clientMetadata": {ODD: 1}}]
            }
        },
        {"json": {"images": [{"objectUrl": "https://example.org/a.png", "clientMetadata": ODD}]}},
    ],
)
async def test_characters_that_cannot_be_stored_are_told_of_and_hold_no_job_up(
    api: Api, world: World, document: dict[str, Any]
) -> None:
    desk = await Desk.opened(api, world)
    job = await desk.register(document)
    assert job["status"] in {"DONE", "ERROR"}
    told = [*job["errors"], *(unit["error"] for unit in units(job))]
    assert told
    assert all(error["message"] and error["code"] != "INTERNAL" for error in told), told
    assert await files(desk) == []
