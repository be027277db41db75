"""GraphiQL in a real browser, on the real server."""

from urllib.parse import quote

import pytest
from playwright.async_api import Browser, BrowserContext, expect
from starlette.applications import Starlette

from app.core.runtime import Runtime
from app.core.settings import Settings
from app.worker import working
from tests.client import Api
from tests.schema.registering import Desk, image
from tests.web.conftest import Tab
from tests.world import Person, World

SIGN_OUT = "mutation { signOut(input: { everywhere: true }) { userErrors { code } } }"


async def test_an_example_shows_the_data_of_who_has_signed_in(
    tab: Tab, person: Person, world: World
) -> None:
    await world.folder(person, "Cherries")
    await tab.enter(person)
    await tab.button("Folders, and how much").click()
    await tab.run()
    await tab.shows('"name": "Cherries"', '"fileCount": 0')


async def test_an_example_asks_for_the_person_first_and_finds_its_variables(
    tab: Tab, person: Person, world: World
) -> None:
    folder = await world.folder(person, "Orchard")
    await world.file(person, folder, "cherry.png", metadata={"ripe": True})
    await tab.button("One file").click()
    await expect(tab.dialog).to_contain_text("sign in first")
    await tab.sign_in(person)
    await tab.button("One file").click()
    await expect(tab.page.locator(".graphiql-editor-tool")).to_contain_text("file_")
    await tab.run()
    await tab.shows('"name": "cherry.png"', '"ripe": true', '"name": "Orchard"')


async def test_what_was_just_written_is_what_runs(tab: Tab, person: Person) -> None:
    await tab.enter(person)
    await expect(tab.editor).to_contain_text("query Folders")
    await tab.write("query Mine { me { email } }")
    await tab.run_at_once("Mine")
    await tab.shows(person.email)


async def test_a_wrong_password_is_told_and_the_right_one_still_goes(
    tab: Tab, person: Person
) -> None:
    await tab.button("Sign in").click()
    await tab.sign_in(person, "a wrong password")
    await expect(tab.dialog).to_contain_text("The e-mail or the password is wrong.")
    await tab.sign_in(person)
    await expect(tab.who).to_have_text(person.email)


async def test_the_session_outlives_the_page_until_somebody_signs_out(
    tab: Tab, person: Person
) -> None:
    await tab.enter(person)
    await tab.page.reload()
    await expect(tab.who).to_have_text(person.email)
    await tab.button("Sign out").click()
    await expect(tab.button("Sign in")).to_be_visible()
    await tab.write("{ folders { nodes { id } } }")
    await tab.run()
    await tab.shows("UNAUTHENTICATED")
    await expect(tab.dialog).to_contain_text("does not know you")


async def test_a_token_among_the_headers_is_as_good(tab: Tab, person: Person) -> None:
    await tab.write("{ me { email } }")
    await tab.write_headers(f'{{ "Authorization": "Bearer {person.token}" }}')
    await tab.run()
    await tab.shows(person.email)
    await expect(tab.button("Sign in")).to_be_visible()


@pytest.mark.parametrize("by_token", [False, True])
async def test_a_subscription_shows_what_happens_later(
    tab: Tab, person: Person, app: Starlette, world: World, runtime: Runtime, by_token: bool
) -> None:
    async with Api.connect(app, person) as api:
        desk = await Desk.opened(api, world)
        await desk.start({"json": {"images": [image(f"{n}.png") for n in range(50)]}})
    await tab.enter(person)
    await tab.button("Watch the newest registration").click()
    await expect(tab.page.locator(".graphiql-editor-tool")).to_contain_text("job_")
    if by_token:
        await tab.write_headers(f'{{ "Authorization": "Bearer {person.token}" }}')
        await tab.page.context.clear_cookies()
    await tab.run()
    await tab.shows('"status": "PENDING"', '"phase": "QUEUED"')
    async with working(runtime, grace_seconds=1):
        await tab.shows('"status": "DONE"', '"doneCount": 50')
    await expect(tab.button("Execute query")).to_be_visible()
    assert [url for url in tab.asked if url.startswith("ws")] == ["ws://labelgraph.test/graphql"]


async def test_a_session_that_ends_under_a_subscription_asks_to_sign_in_again(
    tab: Tab, person: Person, app: Starlette, world: World
) -> None:
    async with Api.connect(app, person) as api:
        await (await Desk.opened(api, world)).start({"json": {"images": [image("1.png")]}})
        await tab.enter(person)
        await tab.button("Watch the newest registration").click()
        await expect(tab.page.locator(".graphiql-editor-tool")).to_contain_text("job_")
        await tab.run()
        await tab.shows('"status": "PENDING"')
        await api(SIGN_OUT)
    await tab.shows("Your credentials have ended")
    await expect(tab.dialog).to_contain_text("does not know you")
    await tab.sign_in(person)
    await expect(tab.who).to_have_text(person.email)


async def test_the_editor_knows_the_schema(tab: Tab) -> None:
    await tab.write("{ folde")
    await tab.page.keyboard.press("Control+Space")
    await expect(tab.page.locator(".suggest-widget")).to_contain_text("folders")
    workers = {worker.url.partition("-")[0].rpartition("/")[2] for worker in tab.page.workers}
    assert workers == {"editor.worker", "graphql.worker", "json.worker"}


async def test_an_operation_in_the_address_is_shown_and_not_sent(
    context: BrowserContext, settings: Settings, tab: Tab
) -> None:
    await tab.page.goto(f"{settings.url}/graphql?query={quote('{ me { email } }')}")
    await expect(tab.editor).to_contain_text("me { email }")
    await expect(tab.answer).not_to_contain_text("data")


async def test_what_is_asked_of_another_host_would_be_seen(
    chromium: Browser, settings: Settings
) -> None:
    context = await chromium.new_context(bypass_csp=True)
    tab = await Tab.opened(context, settings.url)
    await tab.page.evaluate("() => fetch('http://elsewhere.test/').catch(() => {})")
    await context.close()
    assert tab.outside == ["http://elsewhere.test/"]
    assert tab.faults


async def test_the_policy_stops_what_would_leave_the_server(
    context: BrowserContext, settings: Settings
) -> None:
    tab = await Tab.opened(context, settings.url)
    told = await tab.page.evaluate(
        """() => new Promise((tell) => {
          const told = [];
          addEventListener("securitypolicyviolation", (event) => {
            told.push(event.effectiveDirective);
            if (told.length === 4) tell(told.sort());
          });
          fetch("http://elsewhere.test/").catch(() => {});
          new Image().src = "http://elsewhere.test/pixel.png";
          const script = document.createElement("script");
          script.textContent = "window.isOurs = true";
          document.head.append(script);
          const code = document.createElement("script");
          code.src = "http://elsewhere.test/code.js";
          document.head.append(code);
        })"""
    )
    assert told == ["connect-src", "img-src", "script-src-elem", "script-src-elem"]
    assert not await tab.page.evaluate("() => 'isOurs' in window")
    assert tab.faults
