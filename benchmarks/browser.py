"""A real Chromium, headless, with a fake camera that plays a stamped clip."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.stamps import JAVASCRIPT

CHROMIUM = Path("/usr/lib/chromium/chromium")
"""The program itself; Debian's wrapper adds flags of its own."""

# With these Chromium opens no connections of its own, which would take time from what is measured.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--metrics-recording-only",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-dev-shm-usage",
    "--mute-audio",
    "--no-proxy-server",
    "--allow-loopback-in-peer-connection",
]
"""Flags of every browser that is started here and in the tests of the pages."""

_ALWAYS_AWAKE = [
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
]
"""Flags that let a page run at full speed behind another, as for two viewers side by side."""


def missing() -> str:
    """Returns one sentence that says what a browser test lacks here; empty if nothing."""
    if not CHROMIUM.exists():
        return "Debian's chromium is not installed."
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "The Python package playwright is not installed."
    return ""


@contextlib.contextmanager
def chromium(
    camera: Path | None = None,
    *,
    host: str = "127.0.0.1",
    width: int = 1280,
    height: int = 800,
    trusting: bool = False,
) -> Iterator[Any]:
    """A Playwright browser context with an empty profile; ``camera`` is a .y4m.

    ``host`` is the only address besides loopback that it may open. On loopback it offers plain
    addresses; elsewhere it hides them behind names, as it comes. ``trusting``: any certificate.
    """
    from playwright.sync_api import sync_playwright

    flags = _flags(camera, host)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=str(CHROMIUM),
            headless=True,
            args=flags,
            permissions=["camera", "microphone"],
            viewport={"width": width, "height": height},
            ignore_https_errors=trusting,
        )
        try:
            yield context
        finally:
            context.close()


def _flags(camera: Path | None, host: str) -> list[str]:
    """Returns the flags of a browser that plays ``camera`` and may open ``host`` alone."""
    # No name is looked up but that of the server, so a page that asks anybody else fails at once.
    flags = [
        *FLAGS,
        *_ALWAYS_AWAKE,
        "--host-resolver-rules=MAP * ~NOTFOUND, "
        f"EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE {host}",
    ]
    # Chromium hides local addresses behind mDNS names until a page uses the camera, which a viewer
    # does not.
    if host == "127.0.0.1":
        flags.append("--disable-features=WebRtcHideLocalIpsWithMdns")
    if camera is not None:
        flags.append(f"--use-file-for-fake-video-capture={camera}")
    return flags


def until(page: Any, expression: str, timeout_s: float = 20.0) -> Any:
    """The first true value of a JavaScript expression; raises TimeoutError.

    Playwright's own wait needs ``eval``, which the pages' security policy rightly refuses.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        # Playwright's events are handled inside its calls only, so the pause is one of its own and
        # no `time.sleep`.
        value = page.evaluate(expression)
        if value:
            return value
        page.wait_for_timeout(50)
    words = page.evaluate("document.body.innerText")
    raise TimeoutError(f"not within {timeout_s} s: {expression}; the page says: {words[:500]}")


def broadcast(context: Any, url: str, stream: str, *, script: str = "", **query: str) -> Any:
    """Opens the broadcast page and goes live; the page once its state says so.

    ``script`` is JavaScript that runs before the page's own.
    """
    page = context.new_page()
    if script:
        page.add_init_script(script)
    # Without a size the page would follow the line, and no two runs would send the same.
    query = {"width": "480", "height": "270", **query}
    words = "&".join(f"{name}={value}" for name, value in query.items())
    page.goto(f"{url}/broadcast?stream={stream}&source=camera&auto=1&{words}")
    until(page, "document.querySelector('#state').dataset.state === 'live'")
    return page


def watch(context: Any, url: str, stream: str, *, script: str = "") -> Any:
    """Opens the watch page with the enhanced rendition, whatever its connection carries; the page
    once that plays. ``script`` as in ``broadcast``.
    """
    page = context.new_page()
    if script:
        page.add_init_script(script)
    page.goto(f"{url}/watch/{stream}" + ("" if "?" in stream else "?rendition=enhanced"))
    until(page, "document.querySelector('#enhanced').videoWidth > 0", 30.0)
    return page


def decoded_frames(page: Any) -> int:
    """Enhanced frames that the watch page's browser decoded so far, by its own statistics."""
    return int(
        page.evaluate(
            """async () => {
              let frames = 0;
              const report = await window.sharpcast.player.peers.enhanced.getStats();
              report.forEach((row) => {
                if (row.type === 'inbound-rtp' && row.kind === 'video') frames = row.framesDecoded;
              });
              return frames;
            }"""
        )
    )


def read_stamps(page: Any, selector: str, key: str) -> None:
    """Starts reading the stamps of a <video>."""
    page.evaluate(f"(s) => ({JAVASCRIPT})(document.querySelector(s), '{key}')", selector)


def stamps(page: Any, key: str) -> list[list[float]]:
    """Returns the stamps so far: [number or -1, presented ms, seen ms, width, height, RTP time]."""
    found: list[list[float]] = page.evaluate(f"window['stamps_{key}']")
    return found
