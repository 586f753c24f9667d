"""The style of a stream, set and said (``ui/style-panel.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


PANEL = """
  const root = harness.show(document.createElement('div'));
  let mayChange = true;
  const panel = new m.StylePanel(root, () => mayChange, async () => true);
  const seen = () => [...root.children].filter((one) => !one.hidden && !root.hidden)
    .map((one) => one.textContent);
  const enhancement = {strength: 0.35, adjustable: true};
"""


async def test_whoever_may_change_it_gets_a_slider(run: Run) -> None:
    body = """
      panel.update(enhancement);
      const slider = root.querySelector('input');
      return [seen(), slider.value, slider.getAttribute('aria-describedby')];
    """
    words, value, described = await run("ui/style-panel", PANEL + body)
    assert words == ["Style35 % crispFaithfulCrisp", "For all viewers of the stream."]
    assert (value, described) == ("0.35", "style-hint")


async def test_everybody_else_gets_words(run: Run) -> None:
    body = "mayChange = false; panel.update(enhancement); return seen();"
    assert await run("ui/style-panel", PANEL + body) == [
        "Style: 35 % crisp", "Set by the operator, for all viewers.",
    ]  # fmt: skip


@pytest.mark.parametrize("given", [None, {"strength": 0.5, "adjustable": False}])
async def test_without_two_styles_there_is_nothing(run: Run, given: object) -> None:
    body = "panel.update(enhancement); panel.update(given); return [root.hidden, seen()];"
    assert await run("ui/style-panel", PANEL + body, given) == [True, []]


async def test_the_slider_comes_and_goes_with_the_token(run: Run) -> None:
    body = """
      const found = [];
      for (const may of [false, true, false]) {
        mayChange = may;
        panel.update(enhancement);
        found.push(root.querySelector('.style-field').hidden);
      }
      return found;
    """
    assert await run("ui/style-panel", PANEL + body) == [True, False, True]
