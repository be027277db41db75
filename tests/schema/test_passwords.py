"""What is done with passwords, and against guessing them."""

import pytest

from app.accounts.models import User
from app.accounts.sessions import Sessions, set_password
from app.core.clock import new_id
from app.core.errors import Invalid, NotFound, RateLimited
from app.core.runtime import Runtime
from tests.browser import PASSWORD, SIGN_IN, Browser
from tests.client import Api
from tests.world import Person

CHANGE_PASSWORD = """
mutation ($input: ChangePasswordInput!) {
  changePassword(input: $input) { replayed userErrors { code message field } }
}
"""


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
        await set_password(desk.db, desk.hasher, "nobody@example.org", PASSWORD)
