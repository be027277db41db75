"""Signing in and out by password, and the session cookie, through the API."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import col, update

from app.accounts import members
from app.accounts.models import BrowserSession
from app.accounts.roles import MemberType, OrganisationRole
from app.accounts.sessions import Sessions, set_password
from app.core import clock, ids
from app.core.clock import new_id
from app.core.db import Scope
from app.core.ids import Kind
from app.core.runtime import Runtime
from tests.browser import ME, PASSWORD, SIGN_IN, Browser
from tests.client import Api
from tests.socket import Open
from tests.world import Person, World

SIGN_OUT = """
mutation ($input: SignOutInput!) { signOut(input: $input) { userErrors { code } } }
"""
SWITCH = """
mutation ($input: SwitchOrganisationInput!) {
  switchOrganisation(input: $input) {
    organisation { id name } userErrors { code message field }
  }
}
"""


async def test_signing_in_sets_a_cookie_that_scripts_cannot_read(
    browser: Browser, person: Person
) -> None:
    body = {
        "query": SIGN_IN.replace("replayed", "query { me { email } }"),
        "variables": {"input": {"email": person.email.upper(), "password": PASSWORD}},
    }
    response = await browser.http.post("/graphql", json=body)
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly; SameSite=Lax" in cookie
    signed_in = response.json()["data"]["signIn"]
    assert signed_in["userErrors"] == []
    assert signed_in["me"] == signed_in["query"]["me"] == {"email": person.email}
    assert await browser.email() == person.email


async def test_the_cookie_is_only_good_for_pages_of_ours(browser: Browser, person: Person) -> None:
    await browser.sign_in(person)
    for headers in (
        {"X-Labelgraph-Csrf": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        answer = await browser.raw(ME, headers)
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    answer = await browser.raw(ME, {"Origin": "http://labelgraph.test"})
    assert answer["data"]["me"]["email"] == person.email


@pytest.mark.parametrize("password", ["", "short", PASSWORD + "!", "p" * 5_000, "a\0" * 10])
async def test_a_wrong_password_and_an_unknown_e_mail_are_told_alike(
    browser: Browser, person: Person, password: str
) -> None:
    wrong = await browser.sign_in(person, password)
    nobody = f"{new_id().hex}@example.org"
    unknown = await browser.sign_in(replace(person, email=nobody), password)
    assert wrong == unknown
    assert wrong["me"] is None
    assert (wrong["userErrors"][0]["code"], wrong["userErrors"][0]["field"]) == (
        "INVALID",
        ["password"],
    )
    assert not browser.http.cookies


async def test_an_account_without_a_password_cannot_sign_in(browser: Browser, world: World) -> None:
    nobody = await world.organisation()
    assert (await browser.sign_in(nobody))["userErrors"][0]["code"] == "INVALID"


async def test_signing_out_ends_the_session_itself(browser: Browser, person: Person) -> None:
    await browser.sign_in(person)
    cookies = dict(browser.http.cookies)
    await browser(SIGN_OUT, input={})
    assert not browser.http.cookies
    browser.http.cookies.update(cookies)
    assert await browser.email() is None


async def test_signing_out_everywhere_ends_the_others_too(
    browser: Browser, other_browser: Browser, person: Person
) -> None:
    await browser.sign_in(person)
    await other_browser.sign_in(person)
    await browser(SIGN_OUT, input={})
    assert await other_browser.email() == person.email
    await browser.sign_in(person)
    await browser(SIGN_OUT, input={"everywhere": True})
    assert await other_browser.email() is None


async def test_nobody_may_sign_out(browser: Browser) -> None:
    assert (await browser(SIGN_OUT, input={}))["signOut"]["userErrors"] == []


async def test_an_ended_session_does_not_hinder_signing_in_again(
    browser: Browser, person: Person, runtime: Runtime
) -> None:
    await browser.sign_in(person)
    async with runtime.db.transaction(person.actor.scope) as tx:
        past = clock.now() - timedelta(seconds=1)
        mine = update(BrowserSession).where(col(BrowserSession.user_id) == person.user_id)
        await tx.exec(mine.values(expires_at=past))
    assert await browser.email() is None
    assert (await browser.sign_in(person))["userErrors"] == []
    assert await browser.email() == person.email


async def test_a_damaged_cookie_is_refused(browser: Browser) -> None:
    browser.http.cookies.set("labelgraph", "x", domain="labelgraph.test")
    answer = await browser.raw(ME)
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_somebody_without_any_organisation_cannot_sign_in(
    api: Api, browser: Browser, world: World, desk: Sessions
) -> None:
    assert api.person is not None
    member = await world.member(api.person)
    await set_password(desk.db, desk.hasher, member.email, PASSWORD)
    await api.change(
        "mutation ($input: RemoveMemberInput!) { removeMember(input: $input)"
        " { userErrors { code } } }",
        input={"member": {"email": member.email}},
    )
    answer = await browser.raw(SIGN_IN, input={"email": member.email, "password": PASSWORD})
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_browser_moves_with_the_current_organisation_and_a_token_stays(
    api: Api, browser: Browser, world: World, person: Person, runtime: Runtime
) -> None:
    await browser.sign_in(person)
    founder = await world.organisation("Beta")
    async with runtime.db.transaction(Scope(founder.organisation_id)) as tx:
        role = OrganisationRole.TASKER
        await members.place(tx, founder.organisation_id, person.email, role, MemberType.EXTERNAL)
    beta = ids.encode(Kind.ORGANISATION, founder.organisation_id)
    switched = await browser(SWITCH, input={"organisationId": beta})
    assert switched["switchOrganisation"]["organisation"] == {"id": beta, "name": "Beta"}
    assert (await browser("{ me { role organisation { id } } }"))["me"] == {
        "role": "TASKER",
        "organisation": {"id": beta},
    }
    assert (await api.as_(person)("{ me { role } }"))["me"]["role"] == "ADMIN"
    await browser(SIGN_OUT, input={})
    await browser.sign_in(person)
    assert (await browser(ME))["me"]["organisation"]["id"] == beta


async def test_one_cannot_go_to_the_organisation_of_others(api: Api, world: World) -> None:
    foreign = ids.encode(Kind.ORGANISATION, (await world.organisation()).organisation_id)
    unknown = ids.encode(Kind.ORGANISATION, new_id())
    answers = [
        await api.refusal(SWITCH, input={"organisationId": one}) for one in (foreign, unknown)
    ]
    assert answers[0]["code"] == "NOT_FOUND"
    assert answers[0]["message"].replace(foreign, unknown) == answers[1]["message"]


async def test_a_socket_cannot_sign_in(open_socket: Open, person: Person) -> None:
    async with open_socket(None) as socket:
        given = {"email": person.email, "password": PASSWORD}
        data = await anext(await socket.subscribe(SIGN_IN, input=given))
        assert data["signIn"]["userErrors"][0]["code"] == "INVALID"
