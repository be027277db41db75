"""A real Chromium that knows one host: ours. What it asks of another one is written down and fails the test."""

import shutil
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    async_playwright,
    expect,
)

from app.accounts.passwords import Hasher
from app.accounts.sessions import set_password
from app.core.runtime import Runtime
from app.core.settings import Settings
from schema.transport.page import BUNDLE
from tests.browser import PASSWORD
from tests.world import Person, World

PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",  # as root there is none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 15_000
PASTE = """(area, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
}"""
RUN_AT_ONCE = """(word) => new Promise((done) => {
  const look = setInterval(() => {
    if (!document.querySelector(".graphiql-query-editor .view-lines").textContent.includes(word)) return;
    clearInterval(look);
    document.querySelector(".graphiql-execute-button").click();
    done();
  });
})"""


@dataclass
class Tab:
    """GraphiQL in a browser, as a person sees it."""

    page: Page
    url: str
    asked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @classmethod
    async def opened(cls, context: BrowserContext, url: str) -> "Tab":
        """A fresh page, with an ear at everything that it asks for and complains of."""
        page = await context.new_page()
        tab = cls(page, url)
        context.on("request", lambda request: tab.asked.append(request.url))
        page.on("websocket", lambda socket: tab.asked.append(socket.url))
        page.on("pageerror", lambda error: tab.faults.append(str(error)))
        page.on("console", tab._hear)
        await page.goto(f"{url}/graphql")
        await expect(tab.editor).to_be_visible()
        return tab

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(message.text)

    @property
    def editor(self) -> Locator:
        return self.page.locator(".graphiql-query-editor .monaco-editor").first

    @property
    def answer(self) -> Locator:
        """Where results are shown."""
        return self.page.locator(".graphiql-response")

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def who(self) -> Locator:
        """Where the e-mail of who is signed in stands."""
        return self.page.locator(".account span")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    async def write(self, text: str) -> None:
        """Put this in the place of what is in the editor of operations."""
        await self._write(self.editor, text)

    async def run_at_once(self, word: str) -> None:
        """Run as soon as this word stands in the editor, before the page has had time to think of it."""
        await self.page.evaluate(RUN_AT_ONCE, word)

    async def write_headers(self, text: str) -> None:
        """The same with the editor of headers."""
        await self.button("Headers").click()
        await self._write(self.page.locator(".graphiql-editor-tool .monaco-editor:visible"), text)

    async def _write(self, editor: Locator, text: str) -> None:
        """Pasted: while somebody types, the editor puts in closing brackets of its own."""
        await editor.click()
        await self.page.keyboard.press("ControlOrMeta+a")
        await editor.locator("textarea").first.evaluate(PASTE, text)

    async def run(self) -> None:
        await self.button("Execute query").click()

    async def sign_in(self, person: Person, password: str = PASSWORD) -> None:
        """By the dialog, which is open."""
        await self.dialog.get_by_label("E-mail").fill(person.email)
        await self.dialog.get_by_label("Password").fill(password)
        await self.dialog.get_by_role("button", name="Sign in").click()

    async def enter(self, person: Person) -> None:
        """Sign in, and wait until that is done."""
        await self.button("Sign in").click()
        await self.sign_in(person)
        await expect(self.who).to_have_text(person.email)

    async def shows(self, *texts: str) -> None:
        """Wait until the result contains all of these."""
        for text in texts:
            await expect(self.answer).to_contain_text(text)

    @property
    def outside(self) -> list[str]:
        """What was asked of other hosts."""
        ours = urlsplit(self.url).netloc
        return [url for url in self.asked if urlsplit(url).netloc != ours]


@pytest.fixture(scope="session")
async def chromium(server: str) -> AsyncGenerator[Browser]:
    """Debian's, or another one that is installed. It finds our host, and no other one, at the test server."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.fail(
            "Chromium is missing, which tests/web drives. On Debian: apt-get install chromium"
        )
    if not (BUNDLE / "manifest.json").exists():
        pytest.fail("The page is not built, which tests/web looks at. Run: make web")
    hosts = f"MAP labelgraph.test {urlsplit(server).netloc}, MAP * ~NOTFOUND"
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=[*FLAGS, f"--host-resolver-rules={hosts}"]
        )
        yield browser
        await browser.close()


@pytest.fixture
async def context(chromium: Browser) -> AsyncGenerator[BrowserContext]:
    """A browser that was never here."""
    context = await chromium.new_context(viewport={"width": 1280, "height": 1600})
    yield context
    await context.close()


@pytest.fixture
async def tab(context: BrowserContext, settings: Settings) -> AsyncGenerator[Tab]:
    """The page; in the end it has asked no other host for anything, and complained of nothing."""
    tab = await Tab.opened(context, settings.url)
    yield tab
    assert tab.outside == []
    assert tab.faults == []


@pytest.fixture
async def person(world: World, runtime: Runtime) -> Person:
    """Somebody who knows their password."""
    found = await world.organisation()
    await set_password(runtime.system, Hasher(), found.email, PASSWORD)
    return found
