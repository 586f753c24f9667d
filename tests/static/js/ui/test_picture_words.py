"""What the badge on the picture says (``ui/picture-words.js``)."""

from __future__ import annotations

from typing import Any

import pytest

from app.delivery.picture_mark import Why
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

VIEW = {
    "why": "", "rendition": "enhanced", "net": "live-s", "level": "full", "width": 960,
    "height": 540, "kbps": 2400, "latency_ms": 21, "fraction": 0.97,
}  # fmt: skip
STREAM = {"source": {"width": 480}, "enhancement": {"adjustable": True, "strength": 0.5}}


async def words(run: Run, **change: Any) -> Any:
    return await run("ui/picture-words", "return m.badgeWords(given)", {**VIEW, **change})


async def test_an_enhanced_picture_names_its_net_and_what_it_costs(run: Run) -> None:
    found = await words(run)
    assert (found["title"], found["detail"]) == ("Enhanced by a neural net", "live-s, 21 ms")
    assert found["isEnhanced"] is True
    assert (await words(run, latency_ms=None))["detail"] == "live-s"


@pytest.mark.parametrize("why", [each for each in Why if each is not Why.ENHANCED])
async def test_every_reason_of_the_server_has_words_of_its_own(run: Run, why: Why) -> None:
    found = await words(run, why=why.value)
    assert found["title"] == "Original"
    assert 3 < len(found["detail"]) < 30
    assert found["sentence"].endswith(".")
    assert found["isEnhanced"] is False
    unknown = await words(run, why="later")
    assert found["sentence"] != unknown["sentence"]
    assert unknown["detail"] == ""


async def test_figures_are_not_read_out(run: Run) -> None:
    body = "return given.map((view) => m.spokenWords(view))"
    views = [VIEW, {**VIEW, "latency_ms": 40}, {**VIEW, "why": "off"}, {**VIEW, "why": "later"}]
    assert await run("ui/picture-words", body, views) == [
        "Enhanced by a neural net: live-s.",
        "Enhanced by a neural net: live-s.",
        "Original: switched off.",
        "Original",
    ]


async def test_the_details_say_net_style_factor_and_rate(run: Run) -> None:
    body = "return Object.fromEntries(m.detailRows(given.view, given.stream))"
    rows = await run("ui/picture-words", body, {"view": VIEW, "stream": STREAM})
    assert rows == {
        "Neural net": "live-s", "Picture": "960×540", "Bitrate": "2.4 Mbit/s",
        "Rendition": "enhanced", "Style": "50 % crisp", "Enlarged": "2 times",
        "Added by the server": "21 ms", "Pictures by the net": "97 %",
    }  # fmt: skip
    plain = {**VIEW, "why": "off", "width": 480, "latency_ms": None}
    rows = await run("ui/picture-words", body, {"view": plain, "stream": None})
    assert set(rows) == {"Picture", "Bitrate", "Rendition", "Added by the server"}
    odd = await run("ui/picture-words", body, {"view": {**VIEW, "width": 720}, "stream": STREAM})
    assert odd["Enlarged"] == "1.50 times"
