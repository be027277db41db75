"""Tags, and with them what every mutation does for its idempotency key."""

import asyncio
import base64
from typing import Any

import orjson
import pytest

from app.accounts.roles import OrganisationRole
from tests.client import Api
from tests.world import World

CREATE = """
mutation ($input: CreateTagInput!) {
  createTag(input: $input) {
    tag { id name description createdAt } replayed userErrors { code message field }
  }
}
"""
DELETE = """
mutation ($input: DeleteTagInput!) {
  deleteTag(input: $input) { deletedTagId replayed userErrors { code message field } }
}
"""
TAGS = "{ organisation { tags { nodes { name } } } }"


async def names(api: Api) -> list[str]:
    return [tag["name"] for tag in (await api(TAGS))["organisation"]["tags"]["nodes"]]


async def test_a_key_sent_again_gives_the_first_answer_and_changes_nothing(api: Api) -> None:
    given = {"name": "night", "idempotencyKey": "k1"}
    first = await api.change(CREATE, input=given)
    again = await api.change(CREATE, input=given)
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first["tag"] == again["tag"]


async def test_a_key_sent_with_other_input_is_refused(api: Api) -> None:
    await api.change(CREATE, input={"name": "night", "idempotencyKey": "k1"})
    error = await api.refusal(CREATE, input={"name": "day", "idempotencyKey": "k1"})
    assert error["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert error["field"] == ["idempotencyKey"]


async def test_tags_are_listed_by_name(api: Api) -> None:
    for name in ("b", "a", "c"):
        await api.change(CREATE, input={"name": name})
    assert await names(api) == ["a", "b", "c"]


async def test_a_tag_of_the_same_name_is_named(api: Api) -> None:
    tag = (await api.change(CREATE, input={"name": "night"}))["tag"]
    payload = await api.payload(CREATE, input={"name": "night", "description": "other"})
    assert payload["userErrors"][0]["code"] == "ALREADY_EXISTS"
    assert payload["tag"] == tag


async def test_names_differ_by_case(api: Api) -> None:
    await api.change(CREATE, input={"name": "night"})
    assert (await api.change(CREATE, input={"name": "Night"}))["tag"]["name"] == "Night"


async def test_two_requests_at_once_make_one_tag(api: Api) -> None:
    payloads = await asyncio.gather(
        *(api.payload(CREATE, input={"name": "night"}) for _ in range(4))
    )
    codes = sorted(error["code"] for payload in payloads for error in payload["userErrors"])
    assert codes == ["ALREADY_EXISTS"] * 3
    assert len({payload["tag"]["id"] for payload in payloads}) == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "\u2003"}, "name"),
        ({"name": "n" * 256}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "a", "description": "d" * 4_097}, "description"),
        ({"name": "a", "idempotencyKey": "k" * 256}, "idempotencyKey"),
        ({"name": "a", "idempotencyKey": "a\0b"}, "idempotencyKey"),
    ],
)
async def test_what_cannot_be_kept_is_refused(api: Api, given: dict[str, str], field: str) -> None:
    refusal = await api.refusal(CREATE, input=given)
    assert (refusal["code"], refusal["field"]) == ("INVALID", [field])


@pytest.mark.parametrize(
    "value", ["\0", 1, None, ["a"], {"a": 1}, {"u": "zz"}, {"t": "2026-01-01"}]
)
async def test_a_forged_cursor_is_refused(api: Api, value: Any) -> None:
    document = """query ($after: String) {
      organisation { tags(after: $after) { pageInfo { endCursor } } } }"""
    await api.change(CREATE, input={"name": "night"})
    page = (await api(document))["organisation"]["tags"]["pageInfo"]
    mark, _, last = orjson.loads(base64.urlsafe_b64decode(page["endCursor"] + "=="))
    forged = base64.urlsafe_b64encode(orjson.dumps([mark, value, last])).decode()
    (error,) = await api.errors(document, after=forged)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_deleted_tag_is_gone(api: Api) -> None:
    tag = (await api.change(CREATE, input={"name": "night"}))["tag"]
    given = {"tagId": tag["id"], "idempotencyKey": "k"}
    assert (await api.change(DELETE, input=given))["deletedTagId"] == tag["id"]
    assert (await api.change(DELETE, input=given))["replayed"]
    assert await names(api) == []
    assert (await api.refusal(DELETE, input={"tagId": tag["id"]}))["code"] == "NOT_FOUND"


async def test_only_administrators_make_and_delete_tags(api: Api, world: World) -> None:
    assert api.person is not None
    tag = (await api.change(CREATE, input={"name": "night"}))["tag"]
    member = api.as_(await world.member(api.person, OrganisationRole.MEMBER))
    assert (await member.refusal(CREATE, input={"name": "day"}))["code"] == "FORBIDDEN"
    assert (await member.refusal(DELETE, input={"tagId": tag["id"]}))["code"] == "FORBIDDEN"
    assert await names(member) == ["night"]


async def test_a_tag_of_others_looks_like_nothing(api: Api, world: World) -> None:
    tag = (await api.change(CREATE, input={"name": "night"}))["tag"]
    other = api.as_(await world.organisation())
    assert await names(other) == []
    assert (await other.refusal(DELETE, input={"tagId": tag["id"]}))["code"] == "NOT_FOUND"
    assert (await other.change(CREATE, input={"name": "night"}))["tag"]["id"] != tag["id"]
