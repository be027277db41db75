"""Signing in and out by password, and the session cookie, through the API."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher
from sqlmodel import col, update
from starlette.applications import Starlette

from app import main
from app.accounts import members
from app.accounts.models import BrowserSession, User
from app.accounts.passwords import Hasher
from app.accounts.roles import MemberType, OrganisationRole
from app.accounts.sessions import Sessions
from app.core import clock, ids
from app.core.clock import new_id, random_bytes
from app.core.db import Scope
from app.core.errors import Invalid, NotFound, RateLimited
from app.core.ids import Kind
from app.core.runtime import Runtime
from tests.client import Api
from tests.socket import Open
from tests.world import Person, World

SIGN_IN = """
mutation ($input: SignInInput!) {
  signIn(input: $input) {
    me { email } replayed userErrors { code message field }
  }
}
"""
SIGN_OUT = """
mutation ($input: SignOutInput!) { signOut(input: $input) { userErrors { code } } }
"""
CHANGE_PASSWORD = """
mutation ($input: ChangePasswordInput!) {
  changePassword(input: $input) { replayed userErrors { code message field } }
}
"""
SWITCH = """
mutation ($input: SwitchOrganisationInput!) {
  switchOrganisation(input: $input) {
    organisation { id name } userErrors { code message field }
  }
}
"""
ME = "{ me { email organisation { id } } }"
CSRF = {"X-Labelgraph-Csrf": "1"}
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Browser:
    """A page of ours in a browser that keeps cookies, at an address of its own."""

    http: httpx2.AsyncClient

    @classmethod
    @asynccontextmanager
    async def opened(cls, app: Starlette) -> AsyncGenerator["Browser"]:
        address = "10.{}.{}.{}".format(*random_bytes(3))
        transport = httpx2.ASGITransport(app=app, client=(address, 1))
        url = "http://labelgraph.test"
        async with httpx2.AsyncClient(transport=transport, base_url=url, headers=CSRF) as http:
            yield cls(http)

    async def raw(
        self, document: str, headers: dict[str, str] | None = None, **variables: Any
    ) -> Any:
        body = {"query": document, "variables": variables}
        return (await self.http.post("/graphql", json=body, headers=headers)).json()

    async def __call__(self, document: str, **variables: Any) -> Any:
        answer = await self.raw(document, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    async def sign_in(self, person: Person, password: str = PASSWORD) -> Any:
        given = {"email": person.email, "password": password}
        return (await self(SIGN_IN, input=given))["signIn"]

    async def email(self) -> str | None:
        """Who the server believes this to be; None: nobody."""
        answer = await self.raw(ME)
        return answer["data"]["me"]["email"] if answer["data"]["me"] else None


@pytest.fixture(scope="session")
def desk(runtime: Runtime) -> Sessions:
    """Sets passwords, as whoever runs the server can, with hashes that are quick to make."""
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    return replace(main.sessions(runtime), hasher=Hasher(quick))


@pytest.fixture
async def person(world: World, desk: Sessions) -> Person:
    """Somebody who knows their password."""
    found = await world.organisation()
    await desk.set_password(found.email, PASSWORD)
    return found


@pytest.fixture
async def browser(app: Starlette) -> AsyncGenerator[Browser]:
    async with Browser.opened(app) as opened:
        yield opened


@pytest.fixture
async def other_browser(app: Starlette) -> AsyncGenerator[Browser]:
    async with Browser.opened(app) as opened:
        yield opened


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
    await desk.set_password(member.email, PASSWORD)
    await api.change(
        "mutation ($input: RemoveMemberInput!) { removeMember(input: $input)"
        " { userErrors { code } } }",
        input={"member": {"email": member.email}},
    )
    answer = await browser.raw(SIGN_IN, input={"email": member.email, "password": PASSWORD})
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_after_ten_wrong_passwords_an_account_has_to_wait(
    browser: Browser, person: Person
) -> None:
    for _ in range(10):
        assert (await browser.sign_in(person, "not the password"))["userErrors"]
    answer = await browser.raw(SIGN_IN, input={"email": person.email, "password": PASSWORD})
    extensions = answer["errors"][0]["extensions"]
    assert (extensions["code"], extensions["retryable"]) == ("RATE_LIMITED", True)
    assert 0 < extensions["retryAfterSeconds"] <= 300


async def test_a_right_password_begins_the_count_anew(
    browser: Browser, person: Person, desk: Sessions
) -> None:
    for _ in range(3):
        for _ in range(6):
            with pytest.raises(Invalid):
                await desk.sign_in(person.email, "not the password", new_id().hex)
        await desk.sign_in(person.email, PASSWORD, new_id().hex)


async def test_an_address_may_try_sixty_accounts(desk: Sessions) -> None:
    address = new_id().hex
    for _ in range(60):
        with pytest.raises(Invalid):
            await desk.sign_in(f"{new_id().hex}@example.org", PASSWORD, address)
    with pytest.raises(RateLimited):
        await desk.sign_in(f"{new_id().hex}@example.org", PASSWORD, address)


async def test_a_hash_of_an_older_kind_is_renewed(
    browser: Browser, person: Person, runtime: Runtime
) -> None:
    async def stored() -> str:
        async with runtime.db.read(person.actor.scope) as session:
            row = await session.get(User, person.user_id)
            assert row is not None
            assert row.password_hash is not None
            return row.password_hash

    before = await stored()
    await browser.sign_in(person)
    renewed = await stored()
    assert renewed != before
    await browser.sign_in(person)
    assert await stored() == renewed


async def test_a_changed_password_ends_the_other_sessions(
    browser: Browser, other_browser: Browser, person: Person
) -> None:
    await browser.sign_in(person)
    await other_browser.sign_in(person)
    given = {"currentPassword": PASSWORD, "password": "another good one", "idempotencyKey": "k"}
    changed = (await browser(CHANGE_PASSWORD, input=given))["changePassword"]
    assert changed == {"replayed": False, "userErrors": []}
    assert (await browser(CHANGE_PASSWORD, input=given))["changePassword"]["replayed"]
    assert await browser.email() == person.email
    assert await other_browser.email() is None
    assert (await other_browser.sign_in(person))["userErrors"]
    assert not (await other_browser.sign_in(person, "another good one"))["userErrors"]


@pytest.mark.parametrize(
    ("current", "password", "field"),
    [("wrong wrong wrong", "another good one", "currentPassword"), (PASSWORD, "short", "password")],
)
async def test_a_password_is_only_changed_by_who_knows_it_and_to_a_good_one(
    api: Api, person: Person, current: str, password: str, field: str
) -> None:
    given = {"currentPassword": current, "password": password}
    refusal = await api.as_(person).refusal(CHANGE_PASSWORD, input=given)
    assert (refusal["code"], refusal["field"]) == ("INVALID", [field])


async def test_the_present_password_cannot_be_guessed_for_long(api: Api, person: Person) -> None:
    given = {"currentPassword": "", "password": "another good one"}
    for _ in range(10):
        await api.as_(person).refusal(CHANGE_PASSWORD, input=given)
    (error,) = await api.as_(person).errors(CHANGE_PASSWORD, input=given)
    assert error["extensions"]["code"] == "RATE_LIMITED"


async def test_no_password_is_set_for_an_unknown_e_mail(desk: Sessions) -> None:
    with pytest.raises(NotFound):
        await desk.set_password("nobody@example.org", PASSWORD)


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
