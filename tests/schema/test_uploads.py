"""Local uploads: announced, sent by signed PUT or resumably, registered (domain 4)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlmodel import col, update

from app.core import ids
from app.core.clock import now
from app.core.db import Scope
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.core.storage.errors import ObjectNotFound
from app.media.samples import Sample, samples
from app.uploads import upkeep
from app.uploads.models import Upload
from tests.client import Api
from tests.schema.registering import Desk, units
from tests.world import World

pytestmark = pytest.mark.usefixtures("worker")

ANNOUNCE = """
mutation ($input: CreateUploadsInput!) {
  createUploads(input: $input) {
    uploads { id state byteSize putUrl resumableUrl headers { name value } }
    userErrors { code message field }
  }
}
"""
STATE = "query ($id: ID!) { upload(id: $id) { state receivedByteSize byteSize } }"


def path_of(url: str) -> str:
    """The signed address without the public host, for the client inside the process."""
    return url.removeprefix("http://labelgraph.test")


async def announce(desk: Desk, *items: dict[str, Any]) -> list[dict[str, Any]]:
    payload = await desk.api.change(
        ANNOUNCE, input={"folderId": desk.folder_id, "items": list(items)}
    )
    uploads: list[dict[str, Any]] = payload["uploads"]
    return uploads


async def put(api: Api, upload: dict[str, Any], body: bytes) -> httpx2.Response:
    headers = {header["name"]: header["value"] for header in upload["headers"]}
    return await api.http.put(path_of(upload["putUrl"]), content=body, headers=headers)


async def sent(desk: Desk, kind: str, *paths: Path) -> list[str]:
    """Ids of uploads that have arrived."""
    items = [{"fileName": p.name, "type": kind, "byteSize": p.stat().st_size} for p in paths]
    uploads = await announce(desk, *items)
    for upload, path in zip(uploads, paths, strict=True):
        response = await put(desk.api, upload, path.read_bytes())
        assert response.is_success, response.text
    return [upload["id"] for upload in uploads]


def sample(name: str) -> Sample:
    return next(one for one in samples() if one.path.name == name)


async def test_a_file_is_announced_sent_and_registered(api: Api, world: World) -> None:
    desk = await Desk.opened(api, world, root=None)
    (upload,) = await sent(desk, "VIDEO", sample("carphone_pristine.mp4").path)
    assert (await api(STATE, id=upload))["upload"]["state"] == "RECEIVED"
    job = await desk.register({"items": [{"type": "VIDEO", "uploadIds": [upload]}]})
    file = units(job)[0]["file"]
    assert file["name"] == "carphone_pristine.mp4"
    assert (file["width"], file["height"], file["frameCount"]) == (176, 144, 120)
    assert (await api(STATE, id=upload))["upload"]["state"] == "REGISTERED"


async def test_an_upload_becomes_a_file_once(api: Api, world: World) -> None:
    desk = await Desk.opened(api, world, root=None)
    (upload,) = await sent(desk, "IMAGE", sample("coins.png").path)
    source = {"items": [{"type": "IMAGE", "uploadIds": [upload]}]}
    await desk.register(source)
    again = await desk.register(source)
    assert units(again)[0]["error"]["code"] == "UPLOAD_NOT_FOUND"


async def test_bytes_that_have_not_come_are_a_unit_error_that_a_retry_mends(
    api: Api, world: World
) -> None:
    desk = await Desk.opened(api, world, root=None)
    path = sample("coins.png").path
    (upload,) = await announce(desk, {"fileName": "coins.png", "type": "IMAGE"})
    source = {"items": [{"type": "IMAGE", "uploadIds": [upload["id"]]}]}
    job = await desk.register(source)
    assert units(job)[0]["error"]["code"] == "UPLOAD_INCOMPLETE"
    await put(api, upload, path.read_bytes())
    await api.change(
        "mutation ($id: ID!) { retryUploadJob(input: {id: $id}) { userErrors { message } } }",
        id=job["id"],
    )
    assert units(await desk.ended(job))[0]["state"] == "DONE"


async def test_a_large_file_is_sent_in_pieces_and_goes_on_where_it_stopped(
    api: Api, world: World
) -> None:
    desk = await Desk.opened(api, world, root=None)
    path = sample("bikes.mp4").path
    body = path.read_bytes()
    item = {"fileName": "bikes.mp4", "type": "VIDEO", "byteSize": len(body)}
    (upload,) = await announce(desk, item)
    address = path_of(upload["resumableUrl"])
    tus = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
    half = len(body) // 2
    first = await api.http.patch(
        address, content=body[:half], headers={**tus, "Upload-Offset": "0"}
    )
    assert first.status_code == 204
    stale = await api.http.patch(address, content=b"x", headers={**tus, "Upload-Offset": "0"})
    assert stale.status_code == 409
    offset = (await api.http.head(address, headers=tus)).headers["Upload-Offset"]
    assert offset == str(half)
    rest = await api.http.patch(
        address, content=body[half:], headers={**tus, "Upload-Offset": offset}
    )
    assert rest.headers["Upload-Offset"] == str(len(body))
    job = await desk.register({"items": [{"type": "VIDEO", "uploadIds": [upload["id"]]}]})
    file = units(job)[0]["file"]
    assert (file["byteSize"], file["width"], file["frameCount"]) == (len(body), 640, 250)


async def test_more_bytes_than_announced_are_refused_and_leave_nothing(
    api: Api, world: World
) -> None:
    desk = await Desk.opened(api, world, root=None)
    (upload,) = await announce(desk, {"fileName": "x.png", "type": "IMAGE", "byteSize": 10})
    assert (await put(api, upload, b"x" * 11)).status_code == 413
    assert (await api(STATE, id=upload["id"]))["upload"]["receivedByteSize"] == 0


async def test_a_link_for_one_upload_opens_no_other(api: Api, world: World) -> None:
    desk = await Desk.opened(api, world, root=None)
    item = {"fileName": "x.png", "type": "IMAGE"}
    one, other = await announce(desk, item, item)
    token = one["putUrl"].partition("?")[2]
    forged = f"{path_of(other['putUrl']).partition('?')[0]}?{token}"
    assert (await api.http.put(forged, content=b"x")).status_code == 403


async def test_frames_become_a_group_without_a_title_and_a_sequence_becomes_a_video(
    api: Api, world: World
) -> None:
    desk = await Desk.opened(api, world, root=None)
    frames = [one.path for one in samples() if one.group == "Motorcycle sequence"]
    group = {"type": "IMAGE_GROUP", "uploadIds": await sent(desk, "IMAGE", *frames)}
    sequence = {"type": "IMAGE_SEQUENCE", "title": "Ride"}
    sequence["uploadIds"] = await sent(desk, "IMAGE", *frames)
    made = units(await desk.register({"items": [group, sequence]}))
    by_type = {unit["file"]["type"]: unit["file"] for unit in made}
    assert by_type["IMAGE_GROUP"]["name"]
    assert "." not in by_type["IMAGE_GROUP"]["name"]
    assert by_type["IMAGE_GROUP"]["width"] is None
    video = by_type["IMAGE_SEQUENCE"]
    assert (video["name"], video["mimeType"]) == ("Ride", "video/mp4")
    assert video["frameCount"] == len(frames)
    members = video["members"]["nodes"]
    assert [one["position"] for one in members] == list(range(len(frames)))
    assert [one["file"]["name"] for one in members] == [path.name for path in frames]


async def test_a_series_of_dicom_files_is_one_item_and_its_files_are_hidden(
    api: Api, world: World
) -> None:
    desk = await Desk.opened(api, world, root=None)
    group = min(one.group for one in samples() if one.type == "DICOM_FILE" and one.group)
    paths = [one.path for one in samples() if one.group == group]
    series = {"type": "DICOM_SERIES", "uploadIds": await sent(desk, "DICOM_FILE", *paths)}
    (unit,) = units(await desk.register({"items": [series]}))
    assert len(unit["file"]["members"]["nodes"]) == len(paths)
    listed = await api(
        "query ($f: ID!) { node(id: $f) { ... on Folder { files { nodes { type } } } } }",
        f=desk.folder_id,
    )
    assert [file["type"] for file in listed["node"]["files"]["nodes"]] == ["DICOM_SERIES"]


async def test_a_dicom_file_without_a_required_tag_is_named_with_the_tag(
    api: Api, world: World, tmp_path: Path
) -> None:
    import pydicom  # noqa: PLC0415  heavy, and only here

    desk = await Desk.opened(api, world, root=None)
    good = next(one for one in samples() if one.type == "DICOM_FILE" and one.good)
    dataset = pydicom.dcmread(good.path)
    del dataset.PatientID
    broken = tmp_path / "scan.dcm"
    dataset.save_as(broken)
    series = {"type": "DICOM_SERIES", "uploadIds": await sent(desk, "DICOM_FILE", broken)}
    (unit,) = units(await desk.register({"items": [series]}))
    assert unit["error"]["code"] == "DICOM_TAG_MISSING"
    assert "scan.dcm" in unit["error"]["message"]
    assert "PatientID (0010,0020)" in unit["error"]["message"]


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"fileName": "", "type": "IMAGE"}, ["items", "0", "fileName"]),
        ({"fileName": "x" * 301, "type": "IMAGE"}, ["items", "0", "fileName"]),
        ({"fileName": "a\u0000b", "type": "IMAGE"}, ["items", "0", "fileName"]),
        ({"fileName": "x"}, ["items", "0", "type"]),
        ({"fileName": "x", "type": "IMAGE_GROUP"}, ["items", "0", "type"]),
        ({"fileName": "x", "type": "IMAGE", "byteSize": -1}, ["items", "0", "byteSize"]),
        (
            {"fileName": "x", "type": "PLAIN_TEXT", "contentType": "image/png"},
            ["items", "0", "contentType"],
        ),
    ],
)
async def test_what_cannot_be_announced_names_its_place(
    api: Api, world: World, item: dict[str, Any], field: list[str]
) -> None:
    desk = await Desk.opened(api, world, root=None)
    given = {"folderId": desk.folder_id, "items": [item]}
    assert (await api.refusal(ANNOUNCE, input=given))["field"] == field


async def test_uploads_of_another_folder_cannot_be_registered_here(api: Api, world: World) -> None:
    there, here = [await Desk.opened(api, world, root=None) for _ in range(2)]
    (upload,) = await sent(there, "IMAGE", sample("coins.png").path)
    job = await here.register({"items": [{"type": "IMAGE", "uploadIds": [upload]}]})
    assert units(job)[0]["error"]["code"] == "UPLOAD_NOT_FOUND"


async def test_an_upload_that_nobody_registers_is_forgotten_with_its_bytes_after_a_week(
    api: Api, world: World, runtime: Runtime
) -> None:
    desk = await Desk.opened(api, world, root=None)
    old, new = await sent(desk, "IMAGE", *[sample("coins.png").path] * 2)
    key = f"uploads/{desk.folder.organisation_id.hex}/{ids.decode(Kind.UPLOAD, old).hex}"
    async with runtime.db.transaction(Scope(desk.folder.organisation_id)) as tx:
        week_ago = update(Upload).where(col(Upload.object_key) == key)
        await tx.exec(week_ago.values(created_at=now() - upkeep.KEPT - timedelta(hours=1)))
    assert await upkeep.forget_abandoned(runtime) == 1
    assert (await api(STATE, id=old))["upload"] is None
    assert (await api(STATE, id=new))["upload"]["state"] == "RECEIVED"
    with pytest.raises(ObjectNotFound):
        await runtime.storage.head(key)
