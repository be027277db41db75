"""Client metadata of files, through the API."""

from typing import Any

import pytest
from sqlalchemy import text

from app.core.db import Scope
from app.core.runtime import Runtime
from app.files.metadata import SEARCHED_BYTES
from app.files.models import File, FileType, Folder
from tests.client import Api
from tests.schema.public_ids import public
from tests.statements import Statements
from tests.world import World

ERRORS = "userErrors { code message field }"
RESULTS = (
    f"results {{ status file {{ metadata revision }} typeErrors {{ key found frame }} {ERRORS} }}"
)
SET = f"""
mutation ($input: SetFileMetadataInput!) {{ setFileMetadata(input: $input) {{ {RESULTS} {ERRORS} }} }}
"""
MERGE = SET.replace("SetFile", "MergeFile").replace("setFile", "mergeFile")
ADD_SCALAR = f"""
mutation ($input: AddMetadataScalarInput!) {{ addMetadataScalar(input: $input) {{ {ERRORS} }} }}
"""
READ = """
query ($id: ID!, $keys: [String!]) { file(id: $id) {
  metadata(keys: $keys) keyFrames { frame metadata } typeErrors { key found frame }
} }
"""


@pytest.fixture
async def folder(api: Api, world: World) -> Folder:
    """A folder of the administrator's."""
    assert api.person is not None
    return await world.folder(api.person)


async def put(api: Api, document: str, file: File, metadata: object, **more: Any) -> dict[str, Any]:
    """Write metadata of one file; what became of it."""
    items = [{"fileId": public(file), "metadata": metadata}]
    payload = await api.change(document, input={"items": items, "mode": "PARTIAL", **more})
    found: dict[str, Any] = payload["results"][0]
    return found


async def read(api: Api, file: File, **variables: Any) -> dict[str, Any]:
    """What is stored."""
    found: dict[str, Any] = (await api(READ, id=public(file), **variables))["file"]
    return found


async def stored_attrs(runtime: Runtime, file: File) -> dict[str, Any]:
    """The typed values of a file."""
    async with runtime.db.read(Scope(file.organisation_id)) as session:
        found = await session.execute(
            text("select attrs from file where id = :id"), {"id": file.id}
        )
        attrs: dict[str, Any] = found.scalar_one()
        return attrs


async def test_set_replaces_the_whole_document(api: Api, world: World, folder: Folder) -> None:
    file = await world.file(api.person, folder, metadata={"a": 1, "b": {"c": 2}})
    result = await put(api, SET, file, {"b": {"d": 3}, "e": None})
    assert result["status"] == "UPDATED"
    assert result["file"]["metadata"] == {"b": {"d": 3}, "e": None}


async def test_merge_is_shallow_and_null_removes(api: Api, world: World, folder: Folder) -> None:
    file = await world.file(api.person, folder, metadata={"a": 1, "b": {"c": 2}, "d": 4})
    result = await put(api, MERGE, file, {"b": {"e": 5}, "a": None, "f": 6, "g": None})
    assert result["file"]["metadata"] == {"b": {"e": 5}, "d": 4, "f": 6}


async def test_merge_into_nothing_keeps_what_is_given(
    api: Api, world: World, folder: Folder
) -> None:
    result = await put(api, MERGE, await world.file(api.person, folder), {"a": 1, "b": None})
    assert result["file"]["metadata"] == {"a": 1}


async def test_numbers_sent_as_text_keep_their_digits(
    api: Api, world: World, folder: Folder
) -> None:
    file = await world.file(api.person, folder)
    await put(api, SET, file, '{"a": 1.10, "b": 12345678901234567890.12345, "a2": 1e2, "b": 2.50}')
    await put(api, MERGE, file, {"c": 1})
    response = await api.http.post(
        "/graphql",
        json={"query": READ, "variables": {"id": public(file)}},
        headers={"Authorization": f"Bearer {api.person.token}"},
    )
    assert '"metadata":{"a":1.10,"b":2.50,"c":1,"a2":100}' in response.text.replace(
        ": ", ":"
    ).replace(", ", ",")


async def test_only_the_keys_asked_for_are_read(api: Api, world: World, folder: Folder) -> None:
    file = await world.file(api.person, folder, metadata={"a": 1, "b": 2, "c": None})
    assert (await read(api, file, keys=["a", "c", "z", "\0"]))["metadata"] == {"a": 1, "c": None}
    assert (await read(api, file, keys=[]))["metadata"] == {}
    empty = await world.file(api.person, folder)
    assert (await read(api, empty, keys=["a"]))["metadata"] == {}
    assert (await read(api, empty))["metadata"] == {}


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ([], "INVALID"),
        ("[]", "INVALID"),
        ("{", "INVALID"),
        (None, "INVALID"),
        (1, "INVALID"),
        ({"a": "\0"}, "INVALID"),
        ('{"a": "\\u0000"}', "INVALID"),
        ('{"a": NaN}', "INVALID"),
        ({"$own": 1}, "INVALID"),
        ({"$encord": {}}, "INVALID"),
        ({"keyframes": [1]}, "INVALID"),
        ({"a": "x" * (10 * 1024 * 1024)}, "TOO_LARGE"),
    ],
)
@pytest.mark.parametrize("document", [SET, MERGE])
async def test_what_cannot_be_kept_is_refused(
    api: Api, world: World, folder: Folder, document: str, metadata: object, code: str
) -> None:
    file = await world.file(api.person, folder, metadata={"old": 1})
    if metadata is None:
        errors = await api.errors(
            document, input={"items": [{"fileId": public(file), "metadata": None}]}
        )
        assert errors
        return
    result = await put(api, document, file, metadata)
    assert result["status"] == "REJECTED"
    assert [error["code"] for error in result["userErrors"]] == [code]
    assert result["file"]["metadata"] == {"old": 1}


async def test_the_largest_document_is_kept(api: Api, world: World, folder: Folder) -> None:
    file = await world.file(api.person, folder)
    size = 10 * 1024 * 1024 - len(b'{"a":""}')
    assert (await put(api, SET, file, {"a": "x" * size}))["status"] == "UPDATED"
    assert (await put(api, SET, file, {"a": "x" * (size + 1)}))["status"] == "REJECTED"


async def test_values_that_do_not_fit_are_kept_and_told(
    api: Api, world: World, folder: Folder, runtime: Runtime
) -> None:
    for key, kind in (("price", "NUMBER"), ("site", "VARCHAR"), ("note", "TEXT")):
        await api.change(ADD_SCALAR, input={"key": key, "type": kind})
    file = await world.file(api.person, folder)
    said = {"price": "n/a", "site": "A1", "note": "a rainy day", "other": 1}
    result = await put(api, SET, file, said)
    assert result["status"] == "UPDATED"
    assert result["file"]["metadata"] == said
    assert [error["key"] for error in result["typeErrors"]] == ["price"]
    assert (await read(api, file))["typeErrors"] == result["typeErrors"]
    assert list((await stored_attrs(runtime, file)).values()) == ["A1"]
    mended = await put(api, MERGE, file, {"price": 3})
    assert mended["typeErrors"] == []
    assert (await read(api, file))["typeErrors"] == []
    assert sorted((await stored_attrs(runtime, file)).values(), key=str) == [3.0, "A1"]


async def test_words_of_a_text_can_be_searched_as_far_as_the_database_can(
    api: Api, world: World, folder: Folder, runtime: Runtime
) -> None:
    await api.change(ADD_SCALAR, input={"key": "note", "type": "TEXT"})
    file = await world.file(api.person, folder)
    words = " ".join(f"w{number:x}" for number in range(400_000))
    assert len(words) > SEARCHED_BYTES
    assert (await put(api, SET, file, {"note": words}))["status"] == "UPDATED"
    async with runtime.db.read(Scope(file.organisation_id)) as session:
        statement = "select document @@ 'w1a'::tsquery from file_text where file_id = :id"
        assert (await session.execute(text(statement), {"id": file.id})).scalar_one() is True
    await put(api, SET, file, {})
    async with runtime.db.read(Scope(file.organisation_id)) as session:
        statement = "select count(*) from file_text where file_id = :id"
        assert (await session.execute(text(statement), {"id": file.id})).scalar_one() == 0


async def test_key_frames_are_read_in_order(api: Api, world: World, folder: Folder) -> None:
    file = await world.file(api.person, folder, type=FileType.VIDEO, fps=25.0)
    frames = {"149": {"scene": "night"}, "13": {}}
    said = {"camera": "gate", "$encord": {"frames": frames}, "keyframes": [7, 13]}
    await put(api, SET, file, said)
    found = await read(api, file)
    assert found["keyFrames"] == [
        {"frame": 7, "metadata": {}},
        {"frame": 13, "metadata": {}},
        {"frame": 149, "metadata": {"scene": "night"}},
    ]


async def test_key_frames_in_seconds_follow_the_rate(
    api: Api, world: World, folder: Folder
) -> None:
    file = await world.file(api.person, folder, type=FileType.VIDEO, fps=25.0)
    config = {"keyframe_mode": "seconds"}
    await put(api, SET, file, {"$encord": {"config": config, "frames": {"2.5": {}}}})
    assert (await read(api, file))["keyFrames"] == [{"frame": 62, "metadata": {}}]


async def test_a_stale_revision_is_refused(api: Api, world: World, folder: Folder) -> None:
    file = await world.file(api.person, folder)
    items = [{"fileId": public(file), "metadata": {"a": 1}, "expectedRevision": 1}]
    given = {"items": items, "mode": "PARTIAL"}
    first = await api.change(SET, input=given)
    again = await api.change(SET, input=given)
    assert first["results"][0]["file"]["revision"] == 2
    assert again["results"][0]["userErrors"][0]["code"] == "REVISION_CONFLICT"


async def test_in_an_atomic_write_one_bad_document_stops_all(
    api: Api, world: World, folder: Folder
) -> None:
    good, bad = await world.file(api.person, folder), await world.file(api.person, folder)
    items = [
        {"fileId": public(good), "metadata": {"a": 1}},
        {"fileId": public(bad), "metadata": {"$a": 1}},
    ]
    payload = await api.payload(SET, input={"items": items})
    assert payload["userErrors"][0]["code"] == "CONFLICT"
    assert [one["status"] for one in payload["results"]] == ["UNCHANGED", "REJECTED"]
    assert (await read(api, good))["metadata"] == {}


async def test_a_key_sent_again_tells_the_same_warnings(
    api: Api, world: World, folder: Folder
) -> None:
    await api.change(ADD_SCALAR, input={"key": "price", "type": "NUMBER"})
    file = await world.file(api.person, folder)
    answers = [await put(api, SET, file, {"price": "n/a"}, idempotencyKey="k") for _ in range(2)]
    assert answers[0]["typeErrors"] == answers[1]["typeErrors"] != []


async def test_many_documents_cost_as_many_statements_as_one(
    api: Api, world: World, folder: Folder, statements: Statements
) -> None:
    await api.change(ADD_SCALAR, input={"key": "price", "type": "NUMBER"})
    counts = []
    for count in (1, 30):
        files = [await world.file(api.person, folder) for _ in range(count)]
        items = [{"fileId": public(file), "metadata": {"price": "n/a"}} for file in files]
        statements.clear()
        await api.change(MERGE, input={"items": items})
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_another_organisations_file_takes_no_metadata(api: Api, world: World) -> None:
    other = await world.organisation("Other")
    file = await world.file(other, await world.folder(other))
    result = await put(api, SET, file, {"a": 1})
    assert (result["status"], result["file"]) == ("REJECTED", None)
    assert result["userErrors"][0]["code"] == "NOT_FOUND"
