"""The caller and the organisations they belong to, through the API."""

from typing import Any

import pytest

from app.accounts.roles import OrganisationRole
from app.accounts.tokens import TokenScope
from app.core import ids
from app.core.ids import Kind
from tests.client import Api
from tests.statements import Statements
from tests.world import Person, World

CREATE = """
mutation ($input: CreateOrganisationInput!) {
  createOrganisation(input: $input) {
    organisation { id name isCurrent } replayed userErrors { code message field }
  }
}
"""
UPDATE = """
mutation ($input: UpdateOrganisationInput!) {
  updateOrganisation(input: $input) {
    organisation { name revision } userErrors { code message field }
  }
}
"""
UPDATE_ME = """
mutation ($input: UpdateMeInput!) {
  updateMe(input: $input) { me { name } userErrors { code message field } }
}
"""
ORGANISATIONS = "{ organisations { nodes { name isCurrent } totalCount { value } } }"
LISTS = """
{ organisation { name
    members { nodes { user { email } } totalCount { value isExact } }
    groups { nodes { name users { email } } }
    tags { nodes { name } } } }
"""


def person_of(api: Api) -> Person:
    assert api.person is not None
    return api.person


async def test_me_is_the_owner_of_the_token(api: Api) -> None:
    data = await api("{ me { email role scopes expiresAt organisation { name isCurrent } } }")
    assert data["me"].pop("expiresAt") is not None
    assert data["me"] == {
        "email": person_of(api).email,
        "role": "ADMIN",
        "scopes": ["ADMIN", "READ", "UPLOAD", "WRITE"],
        "organisation": {"name": "Acme", "isCurrent": True},
    }


async def test_a_token_for_less_says_so_and_does_no_more(api: Api, world: World) -> None:
    me = person_of(api)
    token = await world.token(me, TokenScope.UPLOAD)
    uploader = api.as_(Person(me.email, me.user_id, me.organisation_id, me.role, token))
    assert await uploader("{ me { scopes } }") == {"me": {"scopes": ["UPLOAD"]}}
    (error,) = await uploader.errors("{ organisation { name } }")
    assert error["extensions"]["code"] == "FORBIDDEN"
    refusal = await uploader.refusal(UPDATE_ME, input={"name": "Mallory"})
    assert refusal["code"] == "FORBIDDEN"


async def test_nobody_is_asked_to_sign_in(api: Api) -> None:
    (error,) = await api.as_(None).errors("{ me { email } }")
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert error["extensions"]["requestId"]


async def test_my_name_can_be_set_and_emptied(api: Api) -> None:
    assert (await api.change(UPDATE_ME, input={"name": "Ada"}))["me"] == {"name": "Ada"}
    assert (await api.change(UPDATE_ME, input={}))["me"] == {"name": "Ada"}
    assert (await api.change(UPDATE_ME, input={"name": ""}))["me"] == {"name": ""}


@pytest.mark.parametrize("name", ["n" * 256, "a\0b"])
async def test_a_name_that_cannot_be_kept_is_refused(api: Api, name: str) -> None:
    refusal = await api.refusal(UPDATE_ME, input={"name": name})
    assert (refusal["code"], refusal["field"]) == ("INVALID", ["name"])


async def test_who_founds_an_organisation_is_its_administrator_and_stays_where_they_are(
    api: Api, world: World
) -> None:
    member = api.as_(await world.member(person_of(api), OrganisationRole.TASKER))
    founded = await member.change(CREATE, input={"name": " Beta "})
    assert founded["organisation"]["name"] == "Beta"
    assert founded["organisation"]["isCurrent"] is False
    data = await member("{ me { memberships { nodes { role organisation { name } } } } }")
    assert data["me"]["memberships"]["nodes"] == [
        {"role": "TASKER", "organisation": {"name": "Acme"}},
        {"role": "ADMIN", "organisation": {"name": "Beta"}},
    ]


async def test_an_organisation_is_founded_once_for_a_key(api: Api) -> None:
    given = {"name": "Beta", "idempotencyKey": "k"}
    first = await api.change(CREATE, input=given)
    again = await api.change(CREATE, input=given)
    assert again["replayed"]
    assert first["organisation"] == again["organisation"]
    assert (await api(ORGANISATIONS))["organisations"] == {
        "nodes": [{"name": "Acme", "isCurrent": True}, {"name": "Beta", "isCurrent": False}],
        "totalCount": {"value": 2},
    }


async def test_an_organisation_needs_a_name(api: Api) -> None:
    refusal = await api.refusal(CREATE, input={"name": "  "})
    assert (refusal["code"], refusal["field"]) == ("INVALID", ["name"])


async def test_an_organisation_is_renamed(api: Api) -> None:
    assert await api.change(UPDATE, input={"name": "Apex", "expectedRevision": 1}) == {
        "organisation": {"name": "Apex", "revision": 2},
        "userErrors": [],
    }


async def test_a_rename_of_what_has_changed_is_refused_and_shows_what_is_there(api: Api) -> None:
    await api.change(UPDATE, input={"name": "Apex"})
    payload = await api.payload(UPDATE, input={"name": "Axis", "expectedRevision": 1})
    assert payload["userErrors"][0]["code"] == "REVISION_CONFLICT"
    assert payload["organisation"] == {"name": "Apex", "revision": 2}


async def test_another_organisation_of_mine_shows_no_lists(api: Api) -> None:
    founded = await api.change(CREATE, input={"name": "Beta"})
    document = """query ($id: ID!) { node(id: $id) { ... on Organisation {
        name members { nodes { id } } groups { nodes { id } } tags { nodes { id } } } } }"""
    assert (await api(document, id=founded["organisation"]["id"]))["node"] == {
        "name": "Beta",
        "members": None,
        "groups": None,
        "tags": None,
    }


async def test_the_organisation_of_others_looks_like_nothing(api: Api, world: World) -> None:
    other = await world.organisation("Other")
    foreign = ids.encode(Kind.ORGANISATION, other.organisation_id)
    assert await api("query ($id: ID!) { node(id: $id) { id } }", id=foreign) == {"node": None}
    assert len((await api(ORGANISATIONS))["organisations"]["nodes"]) == 1


async def test_an_organisation_with_all_its_lists_costs_a_few_statements(
    api: Api, world: World, statements: Statements
) -> None:
    people = [await world.member(person_of(api)) for _ in range(5)]
    for name in ("one", "two"):
        group = await _group(api, name)
        await api.change(
            "mutation ($input: AddGroupMembersInput!) { addGroupMembers(input: $input)"
            " { userErrors { code } } }",
            input={"groupId": group, "emails": [person.email for person in people]},
        )
    statements.clear()
    data = await api(LISTS)
    assert len(data["organisation"]["members"]["nodes"]) == 6
    assert [len(group["users"]) for group in data["organisation"]["groups"]["nodes"]] == [5, 5]
    # organisation, members, their users, their number, groups, their users, tags
    assert len(statements) == 7


async def test_memberships_cost_two_statements(api: Api, statements: Statements) -> None:
    for number in range(3):
        await api.change(CREATE, input={"name": f"Number {number}"})
    statements.clear()
    await api("{ organisations { nodes { name } } }")
    assert len(statements) == 1
    statements.clear()
    await api("{ me { memberships { nodes { organisation { name } } } } }")
    assert len(statements) == 3  # me, memberships, organisations


async def _group(api: Api, name: str) -> Any:
    made = await api.change(
        "mutation ($input: CreateGroupInput!) { createGroup(input: $input)"
        " { group { id } userErrors { code } } }",
        input={"name": name},
    )
    return made["group"]["id"]
