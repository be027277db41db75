"""Who belongs to an organisation, through the API."""

import asyncio
from typing import Any

import pytest
from sqlmodel import col, select

from app.accounts.models import ApiToken, BrowserSession, GroupMember, Member, User
from app.accounts.roles import EntityRole, OrganisationRole
from app.core import ids
from app.core.clock import new_id
from app.core.db import Scope
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.files.models import FolderGrant
from tests.client import Api
from tests.statements import Statements
from tests.world import Person, World

MEMBERS = """
query ($filter: MemberFilter, $first: Int, $after: String) {
  organisation { members(filter: $filter, first: $first, after: $after) {
    nodes { id role memberType revision user { email } }
    pageInfo { hasNextPage endCursor } totalCount { value } } }
}
"""
ADD = """
mutation ($input: AddMemberInput!) {
  addMember(input: $input) {
    member { id role memberType revision user { email } } userErrors { code message field }
  }
}
"""
UPDATE = """
mutation ($input: UpdateMemberInput!) {
  updateMember(input: $input) {
    member { id role memberType revision } userErrors { code message field }
  }
}
"""
REMOVE = """
mutation ($input: RemoveMemberInput!) {
  removeMember(input: $input) { removedMemberId userErrors { code message field } }
}
"""


def me(api: Api) -> Person:
    assert api.person is not None
    return api.person


def fresh() -> str:
    return f"new-{new_id().hex[-12:]}@example.org"


def by(person: Person) -> dict[str, Any]:
    return {"member": {"email": person.email}}


async def members(api: Api, **variables: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api(MEMBERS, **variables))["organisation"]["members"][
        "nodes"
    ]
    return found


async def test_an_unknown_e_mail_makes_an_account_and_a_member(api: Api) -> None:
    email = fresh()
    added = await api.change(ADD, input={"email": f" {email.upper()} "})
    added["member"].pop("id")
    assert added["member"] == {
        "role": "MEMBER",
        "memberType": "INTERNAL",
        "revision": 1,
        "user": {"email": email},
    }


async def test_an_account_of_another_organisation_becomes_a_member_here_too(
    api: Api, world: World
) -> None:
    other = await world.organisation("Other")
    added = await api.change(ADD, input={"email": other.email, "role": "TASKER"})
    assert added["member"]["role"] == "TASKER"
    data = await api.as_(other)(
        "{ me { role organisation { name } memberships { nodes { role } } } }"
    )
    assert data["me"]["organisation"] == {"name": "Other"}
    assert [one["role"] for one in data["me"]["memberships"]["nodes"]] == ["ADMIN", "TASKER"]


async def test_an_existing_member_is_named_and_not_changed(api: Api, world: World) -> None:
    person = await world.member(me(api))
    payload = await api.payload(ADD, input={"email": person.email, "role": "ADMIN"})
    assert payload["userErrors"][0]["code"] == "ALREADY_EXISTS"
    assert payload["member"]["user"]["email"] == person.email
    assert payload["member"]["role"] == "MEMBER"


async def test_one_e_mail_added_at_once_is_one_member(api: Api) -> None:
    given = {"email": fresh()}
    payloads = await asyncio.gather(*(api.payload(ADD, input=given) for _ in range(4)))
    codes = [error["code"] for payload in payloads for error in payload["userErrors"]]
    assert codes == ["ALREADY_EXISTS"] * 3
    assert len({payload["member"]["id"] for payload in payloads}) == 1


async def test_one_new_e_mail_added_by_two_organisations_at_once_is_one_account(
    api: Api, world: World
) -> None:
    others = [api.as_(await world.organisation()) for _ in range(3)]
    email = fresh()
    added = await asyncio.gather(*(one.change(ADD, input={"email": email}) for one in others))
    assert {one["member"]["user"]["email"] for one in added} == {email}


@pytest.mark.parametrize(
    "email", ["", "a", "a@b", "@b.c", "a b@c.d", "a@b.c\0", "a" * 320 + "@b.c", "a@.b."]
)
async def test_what_is_no_e_mail_is_refused(api: Api, email: str) -> None:
    refusal = await api.refusal(ADD, input={"email": email})
    assert (refusal["code"], refusal["field"]) == ("INVALID", ["email"])


async def test_an_external_member_cannot_be_an_administrator(api: Api, world: World) -> None:
    given = {"email": fresh(), "role": "ADMIN", "memberType": "EXTERNAL"}
    assert (await api.refusal(ADD, input=given))["field"] == ["role"]
    person = await world.member(me(api))
    await api.change(UPDATE, input={**by(person), "memberType": "EXTERNAL"})
    refusal = await api.refusal(UPDATE, input={**by(person), "role": "ADMIN"})
    assert (refusal["code"], refusal["field"]) == ("INVALID", ["role"])


async def test_a_member_is_changed_by_id_or_by_e_mail(api: Api, world: World) -> None:
    person = await world.member(me(api))
    changed = await api.change(UPDATE, input={**by(person), "role": "WORKFORCE_MANAGER"})
    member = changed["member"]
    assert (member["role"], member["revision"]) == ("WORKFORCE_MANAGER", 2)
    given = {"member": {"id": member["id"]}, "memberType": "EXTERNAL", "expectedRevision": 2}
    changed = await api.change(UPDATE, input=given)
    assert (changed["member"]["role"], changed["member"]["memberType"]) == (
        "WORKFORCE_MANAGER",
        "EXTERNAL",
    )


async def test_a_change_of_what_has_changed_is_refused_and_shows_the_member(
    api: Api, world: World
) -> None:
    person = await world.member(me(api))
    await api.change(UPDATE, input={**by(person), "role": "TASKER"})
    given = {**by(person), "role": "ADMIN", "expectedRevision": 1}
    payload = await api.payload(UPDATE, input=given)
    assert payload["userErrors"][0]["code"] == "REVISION_CONFLICT"
    assert (payload["member"]["role"], payload["member"]["revision"]) == ("TASKER", 2)


async def test_a_new_role_counts_at_the_next_request(api: Api, world: World) -> None:
    person = await world.member(me(api))
    member = api.as_(person)
    assert (await member.refusal(ADD, input={"email": fresh()}))["code"] == "FORBIDDEN"
    await api.change(UPDATE, input={**by(person), "role": "ADMIN"})
    await member.change(ADD, input={"email": fresh()})


async def test_the_only_administrator_stays_one(api: Api) -> None:
    given = {**by(me(api)), "role": "MEMBER"}
    assert (await api.refusal(UPDATE, input=given))["code"] == "CONFLICT"
    assert (await api.refusal(REMOVE, input=by(me(api))))["code"] == "CONFLICT"
    await api.change(UPDATE, input={**by(me(api)), "role": "ADMIN"})


async def test_two_administrators_cannot_remove_each_other_at_once(api: Api, world: World) -> None:
    for _ in range(5):
        first = await world.organisation()
        second = await world.member(first, OrganisationRole.ADMIN)
        await asyncio.gather(
            api.as_(first).raw(REMOVE, input=by(second)),
            api.as_(second).raw(REMOVE, input=by(first)),
        )
        async with world.runtime.db.read(Scope(first.organisation_id)) as session:
            left = await session.exec(select(Member).where(Member.role == OrganisationRole.ADMIN))
            assert len(left.all()) == 1


async def test_a_removed_member_loses_everything_here_at_once(
    api: Api, world: World, runtime: Runtime
) -> None:
    person = await world.member(me(api))
    group = await api.change(
        "mutation ($input: CreateGroupInput!) { createGroup(input: $input)"
        " { group { id } userErrors { code } } }",
        input={"name": "night"},
    )
    await api.change(
        "mutation ($input: AddGroupMembersInput!) { addGroupMembers(input: $input)"
        " { userErrors { code } } }",
        input={"groupId": group["group"]["id"], "emails": [person.email]},
    )
    folder = await world.folder(me(api))
    await world.share(folder, person, EntityRole.USER)
    await world.session(person)
    removed = await api.change(REMOVE, input=by(person))
    assert removed["removedMemberId"].startswith("mem_")
    async with runtime.db.read(Scope(person.organisation_id, person.user_id)) as session:
        for table in (ApiToken, BrowserSession, GroupMember, FolderGrant):
            rows = await session.exec(select(table).where(col(table.user_id) == person.user_id))
            assert rows.all() == []
    answer = await api.as_(person).raw("{ me { email } }")
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_account_of_a_removed_member_stays_and_its_epoch_is_raised(
    api: Api, world: World, runtime: Runtime
) -> None:
    person = await world.member(me(api))
    await api.change(REMOVE, input=by(person))
    async with runtime.system.read(Scope()) as session:
        epoch = await session.exec(select(User.auth_epoch).where(User.id == person.user_id))
        assert epoch.one() == 1
    added = await api.change(ADD, input={"email": person.email})
    assert added["member"]["role"] == "MEMBER"


async def test_what_a_removed_member_has_elsewhere_stays(api: Api, world: World) -> None:
    other = await world.organisation("Other")
    await api.change(ADD, input={"email": other.email})
    await api.change(REMOVE, input=by(other))
    assert (await api.as_(other)("{ me { role } }"))["me"] == {"role": "ADMIN"}


async def test_an_e_mail_without_account_or_membership_is_not_found(api: Api, world: World) -> None:
    unknown = await api.refusal(REMOVE, input={"member": {"email": fresh()}})
    foreign = await api.refusal(REMOVE, input=by(await world.organisation()))
    assert unknown == foreign
    assert unknown["code"] == "NOT_FOUND"


async def test_a_member_of_others_looks_like_nothing(api: Api, world: World) -> None:
    other = api.as_(await world.organisation())
    (foreign,) = await members(other)
    unknown = ids.encode(Kind.MEMBER, new_id())
    for document, given in ((UPDATE, {"role": "TASKER"}), (REMOVE, {})):
        answers = [
            await api.refusal(document, input={"member": {"id": one}, **given})
            for one in (foreign["id"], unknown)
        ]
        assert answers[0] == answers[1]
        assert answers[0]["code"] == "NOT_FOUND"


async def test_exactly_one_way_to_name_a_member_is_given(api: Api, world: World) -> None:
    both = {"email": me(api).email, "id": ids.encode(Kind.MEMBER, new_id())}
    for reference in ({}, both, {"email": None}):
        (error,) = await api.errors(REMOVE, input={"member": reference})
        assert error["extensions"]["code"] in {"GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"}


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({}, 4),
        ({"emailContains": "TASKER-"}, 2),
        ({"emailContains": "%"}, 0),
        ({"roles": ["ADMIN"]}, 1),
        ({"roles": ["ADMIN", "MEMBER"]}, 2),
        ({"roles": []}, 0),
        ({"roles": ["TASKER"], "emailContains": "nobody"}, 0),
    ],
)
async def test_members_are_filtered(
    api: Api, world: World, given: dict[str, Any], count: int
) -> None:
    for role in (OrganisationRole.MEMBER, OrganisationRole.TASKER, OrganisationRole.TASKER):
        await world.member(me(api), role)
    page = (await api(MEMBERS, filter=given))["organisation"]["members"]
    assert len(page["nodes"]) == page["totalCount"]["value"] == count


async def test_a_filter_that_no_e_mail_can_hold_is_refused(api: Api) -> None:
    (error,) = await api.errors(MEMBERS, filter={"emailContains": "a\0b"})
    assert error["extensions"]["field"] == ["filter", "emailContains"]


async def test_members_are_read_page_by_page(api: Api, world: World) -> None:
    people = [me(api)] + [await world.member(me(api)) for _ in range(4)]
    emails, after = [], None
    while True:
        page = (await api(MEMBERS, first=2, after=after))["organisation"]["members"]
        emails += [node["user"]["email"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert emails == [person.email for person in people]


async def test_members_with_their_users_cost_four_statements(
    api: Api, world: World, statements: Statements
) -> None:
    for _ in range(5):
        await world.member(me(api))
    statements.clear()
    await members(api)
    assert len(statements) == 4  # organisation, members, users, their number
