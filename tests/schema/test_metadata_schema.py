"""The metadata schema, through the API."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from app.accounts.roles import OrganisationRole
from app.accounts.tokens import TokenScope
from app.core.runtime import Runtime
from app.metadata import queries, service
from tests.client import Api
from tests.world import World

KEY = "key { id name type deletedType isDeleted isHardDeleted options dimensions isUsableForProjects state }"
ANSWER = f"{KEY} metadataSchema {{ revision }} replayed userErrors {{ code message field }}"


def mutation(name: str, answer: str = ANSWER) -> str:
    kind = name[0].upper() + name[1:]
    return f"mutation ($input: {kind}Input!) {{ {name}(input: $input) {{ {answer} }} }}"


SCALAR = mutation("addMetadataScalar")
ENUM = mutation("addMetadataEnum")
OPTIONS = mutation("addMetadataEnumOptions")
EMBEDDING = mutation("addMetadataEmbedding")
GEOSPATIAL = mutation("addMetadataGeospatial")
DELETE = mutation("deleteMetadataKey")
RESTORE = mutation("restoreMetadataKey")
IMPORT = mutation(
    "importMetadataSchema",
    "metadataSchema { revision document } userErrors { code message field }",
)
SCHEMA = "{ metadataSchema { revision document keys { name type } } }"


async def schema(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = (await api(SCHEMA))["metadataSchema"]
    return found


async def test_an_organisation_begins_with_an_empty_schema(api: Api) -> None:
    assert await schema(api) == {"revision": 0, "document": {}, "keys": []}


@pytest.mark.parametrize(
    ("given", "reported"),
    [
        ("BOOLEAN", "BOOLEAN"),
        ("DATETIME", "DATETIME"),
        ("NUMBER", "NUMBER"),
        ("UUID", "UUID"),
        ("VARCHAR", "VARCHAR"),
        ("TEXT", "TEXT"),
        ("STRING", "VARCHAR"),
        ("LONG_STRING", "TEXT"),
    ],
)
async def test_a_scalar_is_declared_and_aliases_are_not_kept(
    api: Api, given: str, reported: str
) -> None:
    payload = await api.change(SCALAR, input={"key": "video.description", "type": given})
    assert payload["key"]["type"] == reported
    assert payload["key"]["state"] == "READY"
    found = await schema(api)
    assert found["document"] == {"video.description": {"ty": "variant", "hint": reported.lower()}}


async def test_every_kind_shows_what_it_has(api: Api) -> None:
    added = await api.change(ENUM, input={"key": "weather", "options": ["sunny", "rain", "sunny"]})
    assert added["key"]["options"] == ["rain", "sunny"]
    grown = await api.change(OPTIONS, input={"key": "weather", "options": ["fog"]})
    assert grown["key"]["options"] == ["fog", "rain", "sunny"]
    small = await api.change(EMBEDDING, input={"key": "clip", "dimensions": 2000})
    large = await api.change(EMBEDDING, input={"key": "dino", "dimensions": 4096})
    assert [one["key"]["dimensions"] for one in (small, large)] == [2000, 4096]
    assert [one["key"]["isUsableForProjects"] for one in (small, large)] == [True, False]
    place = await api.change(GEOSPATIAL, input={"key": "place"})
    assert place["key"]["type"] == "GEOSPATIAL"
    assert place["key"]["isUsableForProjects"] is None
    assert (await schema(api))["revision"] == 5


async def test_a_deleted_key_is_hidden_and_keeps_its_name(api: Api) -> None:
    await api.change(SCALAR, input={"key": "site", "type": "NUMBER"})
    deleted = (await api.change(DELETE, input={"key": "site"}))["key"]
    assert (deleted["type"], deleted["deletedType"]) == (None, "NUMBER")
    assert (deleted["isDeleted"], deleted["isHardDeleted"]) == (True, False)
    assert (await schema(api))["keys"] == []
    listed = await api("{ metadataSchema { keys(includeDeleted: true) { name } } }")
    assert listed["metadataSchema"]["keys"] == [{"name": "site"}]
    assert (await api.refusal(ENUM, input={"key": "site", "options": ["a"]}))["code"] == (
        "ALREADY_EXISTS"
    )
    restored = (await api.change(RESTORE, input={"key": "site"}))["key"]
    assert (restored["id"], restored["type"]) == (deleted["id"], "NUMBER")


async def test_a_key_deleted_for_good_never_comes_back(api: Api) -> None:
    await api.change(SCALAR, input={"key": "site", "type": "NUMBER"})
    deleted = (await api.change(DELETE, input={"key": "site", "hard": True}))["key"]
    assert (deleted["deletedType"], deleted["isHardDeleted"]) == (None, True)
    for document, given in ((RESTORE, {}), (SCALAR, {"type": "NUMBER"})):
        assert (await api.refusal(document, input={"key": "site", **given}))["code"] == "CONFLICT"


@pytest.mark.parametrize(
    ("document", "given", "code", "field"),
    [
        (SCALAR, {"key": "key-frames", "type": "NUMBER"}, "INVALID", ["key"]),
        (SCALAR, {"key": "é", "type": "NUMBER"}, "INVALID", ["key"]),
        (SCALAR, {"key": "a\0b", "type": "NUMBER"}, "INVALID", ["key"]),
        (SCALAR, {"key": "k" * 257, "type": "NUMBER"}, "INVALID", ["key"]),
        (SCALAR, {"key": "weather", "type": "NUMBER"}, "ALREADY_EXISTS", ["key"]),
        (ENUM, {"key": "new", "options": []}, "INVALID", ["options"]),
        (ENUM, {"key": "new", "options": ["a", "\0"]}, "INVALID", ["options", "1"]),
        (ENUM, {"key": "new", "options": [str(n) for n in range(257)]}, "TOO_LARGE", ["options"]),
        (ENUM, {"key": "weather", "options": ["a"]}, "ALREADY_EXISTS", ["key"]),
        (OPTIONS, {"key": "missing", "options": ["a"]}, "NOT_FOUND", ["key"]),
        (OPTIONS, {"key": "site", "options": ["a"]}, "CONFLICT", ["key"]),
        (OPTIONS, {"key": "weather", "options": [""]}, "INVALID", ["options", "0"]),
        (EMBEDDING, {"key": "new", "dimensions": 0}, "INVALID", ["dimensions"]),
        (EMBEDDING, {"key": "new", "dimensions": 4097}, "INVALID", ["dimensions"]),
        (GEOSPATIAL, {"key": "site"}, "ALREADY_EXISTS", ["key"]),
        (DELETE, {"key": "missing"}, "NOT_FOUND", ["key"]),
        (RESTORE, {"key": "site"}, "CONFLICT", ["key"]),
        (RESTORE, {"key": "missing"}, "NOT_FOUND", ["key"]),
    ],
)
async def test_what_breaks_a_rule_is_refused_and_changes_nothing(
    api: Api, document: str, given: dict[str, Any], code: str, field: list[str]
) -> None:
    await api.change(ENUM, input={"key": "weather", "options": ["rain"]})
    await api.change(SCALAR, input={"key": "site", "type": "NUMBER"})
    before = await schema(api)
    refusal = await api.refusal(document, input=given)
    assert (refusal["code"], refusal["field"]) == (code, field)
    assert await schema(api) == before


async def test_what_changes_nothing_is_no_revision(api: Api) -> None:
    await api.change(SCALAR, input={"key": "site", "type": "NUMBER"})
    again = await api.change(SCALAR, input={"key": "site", "type": "NUMBER"})
    assert again["metadataSchema"]["revision"] == 1


async def test_a_stale_revision_is_refused_and_the_stored_schema_shown(api: Api) -> None:
    await api.change(SCALAR, input={"key": "site", "type": "NUMBER", "expectedRevision": 0})
    payload = await api.payload(SCALAR, input={"key": "b", "type": "NUMBER", "expectedRevision": 0})
    assert payload["userErrors"][0]["code"] == "REVISION_CONFLICT"
    assert payload["userErrors"][0]["field"] == ["expectedRevision"]
    assert payload["metadataSchema"]["revision"] == 1
    assert payload["key"] is None


async def test_a_replayed_change_is_done_once(api: Api) -> None:
    given = {"key": "site", "type": "NUMBER", "idempotencyKey": "k"}
    first = await api.change(SCALAR, input=given)
    again = await api.change(SCALAR, input=given)
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first["key"] == again["key"]


async def test_a_whole_schema_is_imported_as_it_was_exported(api: Api) -> None:
    document = {
        "site_location": {"ty": "variant", "hint": "varchar"},
        "weather": {"ty": "enum", "values": ["rain", "sunny"]},
        "clip": {"ty": "embedding", "size": 512, "api": None},
        "old_key": {"ty": "tombstone", "deleted_ty": {"ty": "variant", "hint": "number"}},
        "gone": {"ty": "tombstone", "deleted_ty": None},
    }
    payload = await api.change(IMPORT, input={"document": document, "expectedRevision": 0})
    assert payload["metadataSchema"] == {"revision": 1, "document": document}


async def test_an_import_corrects_types_and_deletes_softly_what_it_leaves_out(api: Api) -> None:
    await api.change(ENUM, input={"key": "weather", "options": ["rain"]})
    await api.change(SCALAR, input={"key": "site", "type": "NUMBER"})
    given = {"weather": {"ty": "variant", "hint": "text"}}
    payload = await api.change(IMPORT, input={"document": given, "expectedRevision": 2})
    assert payload["metadataSchema"]["document"] == {
        **given,
        "site": {"ty": "tombstone", "deleted_ty": {"ty": "variant", "hint": "number"}},
    }


@pytest.mark.parametrize(
    ("document", "code", "words"),
    [
        ([], "INVALID", "JSON object"),
        (None, "INVALID", "JSON object"),
        ("{}", "INVALID", "JSON object"),
        ({"my_key": {"ty": "user"}}, "INVALID", "At `/my_key/ty`"),
        ({"my_key": 7}, "INVALID", "At `/my_key`"),
        ({"a/b": {"ty": "text"}}, "INVALID", "At `/a~1b`"),
        ({"\0": {"ty": "text"}}, "INVALID", "At `/\\x00`"),
        ({"e": {"ty": "enum", "values": ["a", "\0"]}}, "INVALID", "At `/e/values/1`"),
        ({"e": {"ty": "embedding", "size": 10**18}}, "INVALID", "At `/e/size`"),
        ({"e": {"ty": "embedding", "size": 1.5}}, "INVALID", "At `/e/size`"),
    ],
)
async def test_an_import_says_where_the_fault_is_and_changes_nothing(
    api: Api, document: Any, code: str, words: str
) -> None:
    given = {"document": document, "expectedRevision": 0}
    if document is None:
        (error,) = await api.errors(IMPORT, input=given)
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        return
    refusal = await api.refusal(IMPORT, input=given)
    assert (refusal["code"], refusal["field"]) == (code, ["document"])
    assert words in refusal["message"]
    assert (await schema(api))["revision"] == 0


async def test_there_is_a_limit_to_keys(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_KEYS", 1)
    await api.change(SCALAR, input={"key": "a", "type": "NUMBER"})
    assert (await api.refusal(SCALAR, input={"key": "b", "type": "NUMBER"}))["code"] == "TOO_LARGE"


async def test_writers_at_once_lose_nothing(api: Api) -> None:
    names = [f"key {number}" for number in range(12)]
    await asyncio.gather(
        *(api.change(SCALAR, input={"key": name, "type": "NUMBER"}) for name in names)
    )
    found = await schema(api)
    assert found["revision"] == 12
    assert [key["name"] for key in found["keys"]] == sorted(names)


async def test_a_change_waits_for_those_who_write_values(api: Api, runtime: Runtime) -> None:
    assert api.person is not None
    async with runtime.db.transaction(api.person.actor.scope) as tx:
        await queries.pin(tx, api.person.organisation_id)
        waiting = asyncio.create_task(api.change(SCALAR, input={"key": "a", "type": "NUMBER"}))
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done
    await waiting


@pytest.mark.parametrize(
    ("document", "given"),
    [
        (SCALAR, {"key": "a", "type": "NUMBER"}),
        (ENUM, {"key": "a", "options": ["b"]}),
        (OPTIONS, {"key": "a", "options": ["b"]}),
        (EMBEDDING, {"key": "a", "dimensions": 3}),
        (GEOSPATIAL, {"key": "a"}),
        (DELETE, {"key": "a"}),
        (RESTORE, {"key": "a"}),
        (IMPORT, {"document": {}, "expectedRevision": 0}),
    ],
)
async def test_a_tasker_may_read_the_schema_but_not_change_it(
    api: Api, world: World, document: str, given: dict[str, Any]
) -> None:
    assert api.person is not None
    tasker = api.as_(await world.member(api.person, OrganisationRole.TASKER))
    assert (await tasker.refusal(document, input=given))["code"] == "FORBIDDEN"
    assert (await schema(tasker))["revision"] == 0


async def test_a_token_for_uploads_does_not_show_the_schema(api: Api, world: World) -> None:
    assert api.person is not None
    token = await world.token(api.person, TokenScope.UPLOAD)
    uploader = api.as_(replace(api.person, token=token))
    for document, given in ((SCHEMA, {}), (GEOSPATIAL, {"input": {"key": "a"}})):
        errors = await uploader.errors(document, **given)
        assert errors[0]["extensions"]["code"] == "FORBIDDEN"


async def test_what_another_organisation_has_looks_like_nothing(api: Api, world: World) -> None:
    key = (await api.change(SCALAR, input={"key": "site", "type": "NUMBER"}))["key"]
    other = api.as_(await world.organisation())
    assert await schema(other) == {"revision": 0, "document": {}, "keys": []}
    node = "query ($id: ID!) { node(id: $id) { id ... on MetadataKey { name } } }"
    assert await other(node, id=key["id"]) == {"node": None}
    assert await api(node, id=key["id"]) == {"node": {"id": key["id"], "name": "site"}}
    assert (await other.refusal(DELETE, input={"key": "site"}))["code"] == "NOT_FOUND"
