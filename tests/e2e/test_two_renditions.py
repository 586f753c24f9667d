"""Two enhanced renditions of one stream at once: API, pages and WHEP, with real processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks import browser, viewer
from benchmarks.server import RunningServer, publishing
from tests.e2e.conftest import SMALL

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.usefixtures("needs_browser")]

CODEC = """async () => {
  const report = await window.sharpcast.player.peers.enhanced.getStats();
  let found = '';
  report.forEach((row) => {
    const isVideo = row.type === 'inbound-rtp' && row.kind === 'video';
    if (isVideo) found = report.get(row.codecId)?.mimeType ?? '';
  });
  return found;
}"""


@pytest.fixture(scope="module")
def context() -> Iterator[Any]:
    with browser.chromium() as opened:
        yield opened


QUALITIES = ["automatic", "enhanced", "fine", "source", "smaller"]


def renditions(server: RunningServer) -> dict[str, dict[str, Any]]:
    view = server.stream("pair") or {"renditions": []}
    return {one["name"]: one for one in view["renditions"]}


def test_two_enhanced_renditions_are_made_and_watched_at_once(
    server: RunningServer, context: Any
) -> None:
    with publishing(f"{server.url}/whip/pair", *SMALL):
        server.until_enhancing("pair")
        admin = context.new_page()
        admin.goto(f"{server.url}/admin")
        row = admin.locator("article", has_text="pair")
        row.get_by_text("Add a rendition").click()
        row.get_by_label("Name").fill("fine")
        row.get_by_label("Codec").select_option(label="VP8")
        row.get_by_label("Bitrate").fill("300")
        row.get_by_role("button", name="Add rendition").click()
        item = row.get_by_role("listitem").filter(has_text="fine")
        item.wait_for()
        assert renditions(server)["fine"]["spec"]["kbps"] == 300

        usual = browser.watch(context, server.url, "pair")
        fine = browser.watch(context, server.url, "pair?rendition=fine")
        third = viewer.start(f"{server.url}/whep/pair?rendition=fine", 60)

        def both_are_made() -> bool:
            found = renditions(server)
            return all(
                found[name]["state"] == "enhancing"
                and found[name]["frames"] > 30
                and found[name]["levels"]
                for name in ("enhanced", "fine")
            )

        def frames_of_fine() -> int:
            return int(renditions(server)["fine"]["frames"])

        def viewers() -> tuple[int, int]:
            found = renditions(server)
            return found["enhanced"]["viewers"], found["fine"]["viewers"]

        server.until("all watch", lambda: viewers() == (1, 2))
        server.until("both renditions are made", both_are_made, 40.0)
        found = renditions(server)
        assert (found["enhanced"]["codec"], found["fine"]["codec"]) == ("h264", "vp8")
        browser.until(usual, f"({CODEC})().then((mime) => mime === 'video/H264')")
        browser.until(fine, f"({CODEC})().then((mime) => mime === 'video/VP8')")
        choices = usual.get_by_label("Quality").locator("option").all_inner_texts()
        assert [words.split(" ")[0].strip(",") for words in choices] == QUALITIES
        assert fine.get_by_label("Quality").input_value() == "fine"
        before = frames_of_fine()
        server.until("frames for all", lambda: frames_of_fine() >= before + 30)
        report = viewer.stop(third)
        # The source stands in where the machine is slow.
        assert [320, 180] in report["sizes"]
        assert report["distinct_numbers"] > 20

        item.get_by_role("button", name="Remove rendition fine of pair").click()
        server.until("the rendition is gone", lambda: "fine" not in renditions(server), 10.0)
        before = browser.decoded_frames(usual)
        server.until("more frames", lambda: browser.decoded_frames(usual) > before + 15)
        for page in (admin, usual, fine):
            page.close()
