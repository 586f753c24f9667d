"""A browser for the folder, a fake server and a page for each test."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from benchmarks.browser import CHROMIUM, FLAGS
from tests.static.fakes import FakeServer
from tests.static.script import Run, ScriptPage

HOST_RULES = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A fake of the HTTP surface with no streams."""
    with FakeServer() as fake:
        yield fake


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests of the folder."""
    if not os.access(CHROMIUM, os.X_OK):
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, HOST_RULES]
        )
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="package")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page in an empty profile; a script error or a blocked resource fails the test at its end.

    Chromium writes every failed request to the console; those are answers the tests ask for.
    """
    faults: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            faults.append(message.text)

    context = await browser.new_context(permissions=["camera", "microphone"])
    page = await context.new_page()
    page.set_default_timeout(8000)
    page.on("console", note)
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    await context.close()
    assert faults == []


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def script_page(browser: Browser) -> AsyncIterator[ScriptPage]:
    """One empty page for all tests of modules."""
    with FakeServer() as fake:
        page = await browser.new_page()
        yield await ScriptPage.open(page, fake.url)
        await page.close()


@pytest_asyncio.fixture(loop_scope="package")
async def run(script_page: ScriptPage) -> AsyncIterator[Run]:
    """Runs a script beside a module; the page is empty again for the next test."""
    yield script_page.run
    await script_page.end_test()
