"""The renditions of a stream, for operators (``ui/rendition-list.js``)."""

from __future__ import annotations

import pytest

from tests.static import samples
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


LIST = """
  const removed = [];
  let answer = async () => true;
  const list = new m.RenditionList('cam', (name) => { removed.push(name); return answer(); });
  harness.show(list.root);
  const items = () => [...list.root.children].map((item) => ({
    name: item.querySelector('b').textContent,
    facts: item.querySelector('.facts').textContent,
    state: item.querySelector('.badge').hidden ? '' : item.querySelector('.badge').textContent,
    why: item.querySelector('.why').hidden ? '' : item.querySelector('.why').textContent,
    removable: item.querySelector('button') !== null,
  }));
"""
SOURCE = samples.rendition("source", width=480, height=270, kbps=812.0)
ENHANCED = samples.rendition("enhanced", "enhancing", width=960, height=540, kbps=2400.0)
SMALL = samples.rendition("small", "idle", "Nobody watches the rendition “small”.")
VARIANT = {**samples.rendition("enhanced-vp8", of="enhanced"), "spec": None}


async def test_each_rendition_says_what_it_is_and_why_it_is_not_made(run: Run) -> None:
    body = "list.update(given); return items();"
    found = await run("ui/rendition-list", LIST + body, [SOURCE, ENHANCED, SMALL])
    assert found == [
        {
            "name": "source",
            "facts": "480×270 · H264 · 812 kbit/s · 1 watching",
            "state": "",
            "why": "",
            "removable": False,
        },
        {
            "name": "enhanced",
            "facts": "live-s · 960×540 · H264 · 2.4 Mbit/s · 1 watching",
            "state": "Enhancing",
            "why": "",
            "removable": False,
        },
        {
            "name": "small",
            "facts": "live-s · H264 · 1 watching",
            "state": "Not watched",
            "why": "Nobody watches the rendition “small”.",
            "removable": True,
        },
    ]


async def test_only_what_an_operator_added_can_be_removed(run: Run) -> None:
    body = """
      list.update(given);
      return [...list.root.querySelectorAll('button')].map((one) => one.getAttribute('aria-label'));
    """
    found = await run("ui/rendition-list", LIST + body, [SOURCE, ENHANCED, VARIANT, SMALL])
    assert found == ["Remove rendition small of cam"]


@pytest.mark.parametrize(("accepted", "usable"), [("true", False), ("false", True)])
async def test_a_button_works_once_unless_the_removal_was_refused(
    run: Run, accepted: str, usable: bool
) -> None:
    body = f"""
      list.update(given);
      const button = list.root.querySelector('button');
      let end;
      answer = () => new Promise((resolve) => (end = resolve));
      button.click();
      button.click();
      const during = button.disabled;
      end({accepted});
      await harness.settle();
      return [removed, during, !button.disabled];
    """
    assert await run("ui/rendition-list", LIST + body, [SMALL]) == [["small"], True, usable]


async def test_what_changes_is_shown_in_place(run: Run) -> None:
    body = """
      const [before, after] = given;
      list.update([before]);
      const [kept] = list.root.children;
      list.update([after]);
      const [now] = items();
      const same = list.root.children[0] === kept;
      list.update([]);
      return [same, now.state, now.why, list.root.children.length];
    """
    made = samples.rendition("small", "enhancing", width=480, height=270)
    assert await run("ui/rendition-list", LIST + body, [SMALL, made]) == [
        True, "Enhancing", "", 0,
    ]  # fmt: skip


async def test_the_list_has_a_name(run: Run) -> None:
    body = "return list.root.getAttribute('aria-label');"
    assert await run("ui/rendition-list", LIST + body) == "Renditions of cam"


QUALITY = {"pictures": 12, "consistency_db": 41.5, "sharpness": 1.2}
COST = {"cpu_seconds": 20.0, "cpu_seconds_per_hour": 1240.4, "watt_hours_per_hour": None}


@pytest.mark.parametrize(
    ("quality", "cost", "words"),
    [
        (
            {**QUALITY, "gain_db": 0.43, "gain_error_db": 0.31},
            COST,
            "about +0.4 dB ± 0.3 over bicubic · 1240 CPU seconds an hour",
        ),
        (
            {**QUALITY, "gain_db": -0.26, "gain_error_db": 0.31},
            None,
            "about −0.3 dB ± 0.3 over bicubic",
        ),
        (
            {**QUALITY, "gain_db": None, "gain_error_db": None},
            {**COST, "watt_hours_per_hour": 2.14},
            "1240 CPU seconds an hour · 2.1 Wh an hour",
        ),
        (None, {**COST, "cpu_seconds_per_hour": None}, ""),
        (None, None, ""),
    ],
)
async def test_what_it_is_worth_and_costs_is_said_as_far_as_it_is_known(
    run: Run, quality: object, cost: object, words: str
) -> None:
    body = """list.update([given]);
    const worth = list.root.querySelector('.worth');
    return [worth.textContent, worth.hidden];"""
    found = await run(
        "ui/rendition-list", LIST + body, {**ENHANCED, "quality": quality, "cost": cost}
    )
    assert found == [words, words == ""]
