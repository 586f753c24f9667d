"""Runs modules of the pages in one page that all tests share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from playwright.async_api import ConsoleMessage, Page

Run = Callable[..., Awaitable[Any]]
"""The fixture ``run``: see ``ScriptPage.run``."""

HARNESS = Path(__file__).with_name("harness.js").read_text()


class ScriptPage:
    """An empty document in which modules are imported and called.

    Modules stay loaded from test to test. ``end_test`` empties the document and takes the fakes of
    ``harness.js`` away.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self._faults: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self._faults.append(str(error)))

    @classmethod
    async def open(cls, page: Page, url: str) -> ScriptPage:
        """Opens the blank page of the fake server at ``url``."""
        await page.goto(f"{url}/blank")
        await page.evaluate(HARNESS)
        return cls(page)

    async def run(self, module: str, body: str, given: object = None) -> Any:
        """Returns the value of ``body``, a function body in which ``m`` is the module.

        ``given`` is an argument of that name, as JSON.
        """
        script = f"import('/static/js/{module}.js')"
        return await self._page.evaluate(
            f"async (given) => {{ const m = await {script}; {body} }}", given
        )

    async def end_test(self) -> None:
        """Makes the page as it was; raises where a script failed unseen."""
        await self._page.evaluate("() => harness.restore()")
        faults, self._faults = self._faults, []
        assert not faults, faults

    def _note(self, message: ConsoleMessage) -> None:
        # Chromium also writes what could not be loaded; those are answers that tests ask for.
        loads = "Failed to load resource" in message.text
        if message.type in ("error", "warning") and not loads:
            self._faults.append(message.text)
