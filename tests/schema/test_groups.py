"""Groups, through the API."""

from typing import Any

import pytest

from app.accounts.roles import OrganisationRole
from app.core import ids
from app.core.clock import new_id
from app.core.ids import Kind
from tests.client import Api
from tests.statements import Statements
from tests.world import Person, World

GROUP = "{ id name description revision users { email } }"
CREATE = f"""
mutation ($input: CreateGroupInput!) {{
  createGroup(input: $input) {{ group {GROUP} replayed userErrors {{ code message field }} }}
}}
"""
UPDATE = f"""
mutation ($input: UpdateGroupInput!) {{
  updateGroup(input: $input) {{ group {GROUP} userErrors {{ code message field }} }}
}}
"""
ADD = f"""
mutation ($input: AddGroupMembersInput!) {{
  addGroupMembers(input: $input) {{ group {GROUP} userErrors {{ code message field }} }}
}}
"""
TAKE_OUT = f"""
mutation ($input: RemoveGroupMembersInput!) {{
  removeGroupMembers(input: $input) {{ group {GROUP} userErrors {{ code message field }} }}
}}
"""
DELETE = f"""
mutation ($input: DeleteGroupInput!) {{
  deleteGroup(input: $input) {{
    deletedGroupId group {GROUP} userErrors {{ code message field }}
  }}
}}
"""
GROUPS = f"{{ organisation {{ groups {{ nodes {GROUP} }} }} }}"


def me(api: Api) -> Person:
    assert api.person is not None
    return api.person


async def create(api: Api, name: str = "night") -> str:
    made = await api.change(CREATE, input={"name": name})
    group_id: str = made["group"]["id"]
    return group_id


async def groups(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api(GROUPS))["organisation"]["groups"]["nodes"]
    return found


def emails(group: dict[str, Any]) -> list[str]:
    return [user["email"] for user in group["users"]]


async def test_a_new_group_is_empty(api: Api) -> None:
    made = await api.change(CREATE, input={"name": "night", "description": "who works late"})
    made["group"].pop("id")
    assert made["group"] == {
        "name": "night",
        "description": "who works late",
        "revision": 1,
        "users": [],
    }


async def test_groups_are_listed_by_name_and_may_share_one(api: Api) -> None:
    for name in ("b", "a", "a"):
        await create(api, name)
    assert [group["name"] for group in await groups(api)] == ["a", "a", "b"]


async def test_what_is_left_out_of_a_change_stays(api: Api) -> None:
    group_id = await create(api)
    await api.change(UPDATE, input={"groupId": group_id, "description": "late"})
    changed = await api.change(UPDATE, input={"groupId": group_id, "name": "day"})
    group = changed["group"]
    assert (group["name"], group["description"], group["revision"]) == ("day", "late", 3)


async def test_null_is_no_name(api: Api) -> None:
    group_id = await create(api)
    (error,) = await api.errors(UPDATE, input={"groupId": group_id, "name": None})
    assert error["extensions"]["code"] in {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize("document", [UPDATE, DELETE])
async def test_what_has_changed_is_shown_and_not_touched(api: Api, document: str) -> None:
    group_id = await create(api)
    await api.change(UPDATE, input={"groupId": group_id, "name": "day"})
    payload = await api.payload(document, input={"groupId": group_id, "expectedRevision": 1})
    assert payload["userErrors"][0]["code"] == "REVISION_CONFLICT"
    assert (payload["group"]["name"], payload["group"]["revision"]) == ("day", 2)
    assert len(await groups(api)) == 1


async def test_members_of_the_organisation_are_put_in_and_others_passed_over(
    api: Api, world: World
) -> None:
    group_id = await create(api)
    person, foreign = await world.member(me(api)), await world.organisation()
    given = [person.email.upper(), f" {me(api).email} ", foreign.email, "nobody@example.org", "\0"]
    added = await api.change(ADD, input={"groupId": group_id, "emails": given})
    assert emails(added["group"]) == sorted([me(api).email, person.email])
    again = await api.change(ADD, input={"groupId": group_id, "emails": [person.email]})
    assert emails(again["group"]) == emails(added["group"])


async def test_users_are_taken_out_and_others_passed_over(api: Api, world: World) -> None:
    group_id = await create(api)
    person = await world.member(me(api))
    both = [person.email, me(api).email]
    await api.change(ADD, input={"groupId": group_id, "emails": both})
    given = {"groupId": group_id, "emails": [person.email.upper(), "nobody@example.org"]}
    assert emails((await api.change(TAKE_OUT, input=given))["group"]) == [me(api).email]
    assert emails((await api.change(TAKE_OUT, input=given))["group"]) == [me(api).email]


@pytest.mark.parametrize("document", [ADD, TAKE_OUT])
async def test_no_e_mails_change_nothing_and_too_many_are_refused(api: Api, document: str) -> None:
    group_id = await create(api)
    await api.change(document, input={"groupId": group_id, "emails": []})
    given = {"groupId": group_id, "emails": ["a@b.c"] * 1_001}
    refusal = await api.refusal(document, input=given)
    assert (refusal["code"], refusal["field"]) == ("TOO_LARGE", ["emails"])


async def test_deleting_a_group_leaves_its_users(api: Api, world: World) -> None:
    group_id = await create(api)
    await api.change(ADD, input={"groupId": group_id, "emails": [me(api).email]})
    assert (await api.change(DELETE, input={"groupId": group_id}))["deletedGroupId"] == group_id
    assert await groups(api) == []
    assert (await api("{ me { email } }"))["me"]["email"] == me(api).email


@pytest.mark.parametrize(
    ("document", "given"),
    [(UPDATE, {}), (DELETE, {}), (ADD, {"emails": []}), (TAKE_OUT, {"emails": []})],
)
async def test_a_group_of_others_looks_like_nothing(
    api: Api, world: World, document: str, given: dict[str, Any]
) -> None:
    foreign = await create(api.as_(await world.organisation()))
    refusal = await api.refusal(document, input={"groupId": foreign, **given})
    assert refusal["code"] == "NOT_FOUND"
    unknown = ids.encode(Kind.GROUP, new_id())
    other = await api.refusal(document, input={"groupId": unknown, **given})
    assert other["message"].replace(unknown, foreign) == refusal["message"]


async def test_workforce_managers_manage_groups_and_members_only_see_them(
    api: Api, world: World
) -> None:
    manager = api.as_(await world.member(me(api), OrganisationRole.WORKFORCE_MANAGER))
    member = api.as_(await world.member(me(api), OrganisationRole.MEMBER))
    group_id = await create(manager)
    assert [group["id"] for group in await groups(member)] == [group_id]
    given = {"groupId": group_id, "emails": [me(member).email]}
    assert (await member.refusal(ADD, input=given))["code"] == "FORBIDDEN"
    assert (await member.refusal(CREATE, input={"name": "a"}))["code"] == "FORBIDDEN"


async def test_groups_with_their_users_cost_three_statements(
    api: Api, world: World, statements: Statements
) -> None:
    for name in ("a", "b", "c"):
        group_id = await create(api, name)
        await api.change(ADD, input={"groupId": group_id, "emails": [me(api).email]})
    statements.clear()
    assert [len(group["users"]) for group in await groups(api)] == [1, 1, 1]
    assert len(statements) == 3  # organisation, groups, their users
