"""The choice of a rendition (``ui/rendition-choice.js``)."""

from __future__ import annotations

import pytest

from tests.static import samples
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


CHOICE = """
  const chosen = [];
  const root = harness.show(document.createElement('div'));
  const choice = new m.RenditionChoice(root, (name) => chosen.push(name));
  const select = root.querySelector('select');
  const options = () => [...select.options].map((one) => [one.value, one.text]);
"""
SOURCE = samples.rendition("source", width=480, height=270)
ENHANCED = samples.rendition("enhanced", "enhancing", width=960, height=540)
SMALL = samples.rendition("small", "waiting")
VARIANT = samples.rendition("enhanced-vp8", of="enhanced", width=960, height=540)


SMALLER = samples.rendition("smaller", "enhancing", width=480, height=270)
AUTO = ["auto", "automatic, by the connection"]
WEAK = ["smaller", "smaller, for weak connections"]


@pytest.mark.parametrize(
    ("renditions", "hidden"),
    [
        ([], True),
        ([SOURCE], True),
        ([SOURCE, ENHANCED], False),
        ([SOURCE, ENHANCED, VARIANT], False),
        ([SOURCE, ENHANCED, SMALL], False),
    ],
)
async def test_a_source_alone_is_nothing_to_choose(
    run: Run, renditions: list[samples.Json], hidden: bool
) -> None:
    body = "choice.update(given, 'auto'); return root.hidden;"
    assert await run("ui/rendition-choice", CHOICE + body, renditions) is hidden


async def test_renditions_are_named_with_the_size_that_they_have(run: Run) -> None:
    body = """
      choice.update(given, 'small');
      const found = [options(), select.value, select.labels[0].textContent];
      select.value = 'enhanced';
      select.dispatchEvent(new Event('change'));
      return [...found, chosen];
    """
    options, value, label, chosen = await run(
        "ui/rendition-choice", CHOICE + body, [SOURCE, ENHANCED, VARIANT, SMALL, SMALLER]
    )
    assert options == [
        AUTO,
        ["enhanced", "enhanced · 960×540"],
        ["small", "small"],
        ["source", "source · 480×270"],
        WEAK,
    ]
    assert (value, label, chosen) == ("small", "Quality", ["enhanced"])


@pytest.mark.parametrize(
    ("chosen", "shown", "words"),
    [
        ("auto", None, ""),
        ("auto", ("enhanced", True), "Shown: enhanced · 960×540"),
        (
            "auto",
            ("source", False),
            "Shown: source · 960×540, since the connection carries no more.",
        ),
        ("enhanced", ("enhanced", True), "Shown: enhanced · 960×540"),
        ("enhanced", ("source", False), "Shown: source · 960×540, until the chosen one comes."),
    ],
)
async def test_it_says_what_is_shown_and_why(
    run: Run, chosen: str, shown: tuple[str, bool] | None, words: str
) -> None:
    given = None
    if shown is not None:
        given = {"name": shown[0], "width": 960, "height": 540, "isBest": shown[1]}
    body = """
      const [renditions, chosen_now, shown] = given;
      choice.update(renditions, chosen_now, shown);
      const box = root.querySelector('[role=status]');
      return [box.textContent, select.getAttribute('aria-describedby') === box.id];
    """
    found = await run("ui/rendition-choice", CHOICE + body, [[SOURCE, ENHANCED], chosen, given])
    assert found == [words, True]


async def test_the_connection_is_not_blamed_for_what_nobody_makes(run: Run) -> None:
    shown = {"name": "source", "width": 480, "height": 270, "isBest": False}
    body = """
      choice.update(given[0], 'auto', given[1]);
      return root.querySelector('[role=status]').textContent;
    """
    waiting = samples.rendition("enhanced", "waiting", width=960, height=540)
    found = await run("ui/rendition-choice", CHOICE + body, [[SOURCE, waiting, SMALLER], shown])
    assert found == "Shown: source · 480×270, until it is enhanced."


async def test_an_open_list_is_not_rebuilt_under_the_hand(run: Run) -> None:
    body = """
      const [all, fewer] = given;
      choice.update(all, 'enhanced');
      const [kept] = select.options;
      choice.update(all, 'enhanced');
      const same = select.options[0] === kept;
      select.focus();
      choice.update(fewer, 'small');
      const held = [options().length, select.value];
      select.blur();
      choice.update(fewer, 'small');
      return [same, held, options().length, select.value];
    """
    other = samples.rendition("other")
    given = [[ENHANCED, SMALL, other], [ENHANCED, SMALL]]
    assert await run("ui/rendition-choice", CHOICE + body, given) == [
        True, [5, "enhanced"], 4, "small",
    ]  # fmt: skip
