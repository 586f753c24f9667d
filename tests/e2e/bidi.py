"""A real Firefox with default preferences, told what to do by WebDriver BiDi (W3C).

The browser is Debian's, headless, with an empty profile: nothing is set that a user has not.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from benchmarks import browser

PROGRAM = "firefox-esr"
_START_S = 30.0
_ANSWER_S = 30.0
_LISTENS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


class BidiError(Exception):
    """The browser refused a command, or a script in the page threw."""


def missing() -> str:
    """Returns a sentence that names what the tests lack here, or an empty one."""
    if shutil.which(PROGRAM) is None:
        return f"Firefox is missing: apt-get install {PROGRAM}"
    return ""


class Firefox:
    """A running browser. One command at a time."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._last = 0

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Sends one command and returns its result; events that nobody asked for are skipped."""
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(timeout=_ANSWER_S))
            if answer.get("id") != self._last:
                continue
            if answer["type"] == "error":
                raise BidiError(f"{method}: {answer['error']}: {answer['message']}")
            result: dict[str, Any] = answer["result"]
            return result

    def open(self, url: str, *, width: int = 1280, height: int = 800) -> Page:
        """Opens the address in a new tab."""
        page = Page(self, self.call("browsingContext.create", type="tab")["context"])
        viewport = {"width": width, "height": height}
        self.call("browsingContext.setViewport", context=page.context, viewport=viewport)
        page.goto(url)
        return page


class Page:
    """One tab."""

    def __init__(self, firefox: Firefox, context: str) -> None:
        self._firefox = firefox
        self.context = context

    def goto(self, url: str) -> None:
        """Returns once the page has loaded."""
        self._firefox.call(
            "browsingContext.navigate", context=self.context, url=url, wait="complete"
        )

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited; it must be JSON's."""
        found = self._firefox.call(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})) ?? 'null')()",
            target={"context": self.context},
            awaitPromise=True,
            userActivation=True,
        )
        if found["type"] == "exception":
            raise BidiError(found["exceptionDetails"]["text"])
        return json.loads(found["result"]["value"])

    def until(self, expression: str, timeout_s: float = 20.0) -> Any:
        """Returns an expression's first true value. Raises TimeoutError with the page's words."""
        return browser.until(self, expression, timeout_s)

    def wait_for_timeout(self, milliseconds: float) -> None:
        """Does nothing for a while, by the name that Playwright's pages have for it."""
        time.sleep(milliseconds / 1000)

    def click(self, selector: str) -> None:
        """Activates an element as its own ``click`` method does."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def choose_file(self, selector: str, path: Path) -> None:
        """Gives a file to a file field."""
        nodes = self._firefox.call(
            "browsingContext.locateNodes",
            context=self.context,
            locator={"type": "css", "value": selector},
        )["nodes"]
        self._firefox.call(
            "input.setFiles",
            context=self.context,
            element={"sharedId": nodes[0]["sharedId"]},
            files=[str(path)],
        )

    def text(self, selector: str) -> str:
        """Returns the text of an element."""
        return str(self.evaluate(f"document.querySelector({json.dumps(selector)}).textContent"))

    def screenshot(self, path: Path) -> None:
        """Writes the visible part as PNG."""
        shot = self._firefox.call("browsingContext.captureScreenshot", context=self.context)
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self) -> None:
        """Closes the tab, as its user would."""
        self._firefox.call("browsingContext.close", context=self.context)


@contextlib.contextmanager
def firefox() -> Iterator[Firefox]:
    """A browser that trusts self-made certificates; ended with the block."""
    with tempfile.TemporaryDirectory(prefix="sharpcast-firefox-") as home:
        profile = Path(home) / "profile"
        profile.mkdir()
        process = subprocess.Popen(
            [
                PROGRAM,
                "--headless",
                "--no-remote",
                "--profile",
                str(profile),
                "--remote-debugging-port",
                "0",
            ],
            env={**os.environ, "HOME": home, "MOZ_CRASHREPORTER_DISABLE": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            address = _listening(process)
            with connect(f"{address}/session", max_size=None, proxy=None) as socket:
                fox = Firefox(socket)
                trusting = {"alwaysMatch": {"acceptInsecureCerts": True}}
                fox.call("session.new", capabilities=trusting)
                yield fox
                with contextlib.suppress(BidiError):
                    fox.call("browser.close")
            process.wait(10)
        finally:
            process.kill()
            process.communicate()


def _listening(process: subprocess.Popen[str]) -> str:
    """Reads the browser's messages until it says where it listens; the rest is read at its end."""
    assert process.stderr is not None
    began = time.monotonic()
    for line in process.stderr:
        found = _LISTENS.search(line)
        if found:
            return found[1]
        if time.monotonic() - began > _START_S:
            break
    raise BidiError("Firefox does not say where it listens.")
