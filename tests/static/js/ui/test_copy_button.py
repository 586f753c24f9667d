"""Buttons that copy a text (``ui/copy-button.js``), in virtual time."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


BUTTON = """
  const clock = harness.clock();
  const copied = [];
  let write = async (text) => void copied.push(text);
  harness.put(navigator, 'clipboard', {value: {writeText: (text) => write(text)}});
  let byCommand = false;
  harness.put(document, 'execCommand', {value: (command) => {
    copied.push([command, document.activeElement.value]);
    return byCommand;
  }});
  const button = harness.show(document.createElement('button'));
  button.textContent = 'Copy';
  let text = 'one';
  m.copies(button, () => text);
  const click = async () => { button.click(); await harness.settle(); return button.textContent; };
"""


async def test_the_text_of_the_moment_is_copied_and_the_button_says_so(run: Run) -> None:
    body = """
      const during = await click();
      await clock.advance(1599);
      const still = button.textContent;
      await clock.advance(1);
      text = 'two';
      const after = button.textContent;
      await click();
      return [during, still, after, copied];
    """
    assert await run("ui/copy-button", BUTTON + body) == [
        "Copied", "Copied", "Copy", ["one", "two"],
    ]  # fmt: skip


async def test_a_second_click_keeps_the_confirmation_and_then_the_label_comes_back(
    run: Run,
) -> None:
    body = """
      await click();
      await clock.advance(1000);
      await click();
      await clock.advance(1000);
      const still = button.textContent;
      await clock.advance(600);
      return [still, button.textContent];
    """
    assert await run("ui/copy-button", BUTTON + body) == ["Copied", "Copy"]


@pytest.mark.parametrize(("works", "words"), [("true", "Copied"), ("false", "Not copied")])
@pytest.mark.parametrize(
    "lacking",
    [
        "harness.put(navigator, 'clipboard', {value: undefined})",
        "write = () => Promise.reject(new DOMException('', 'NotAllowedError'))",
    ],
)
async def test_without_a_clipboard_the_selection_is_copied(
    run: Run, works: str, words: str, lacking: str
) -> None:
    body = f"""
      {lacking};
      byCommand = {works};
      return [await click(), copied, document.querySelectorAll('textarea').length];
    """
    assert await run("ui/copy-button", BUTTON + body) == [words, [["copy", "one"]], 0]
