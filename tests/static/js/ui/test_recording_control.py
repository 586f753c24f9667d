"""Recording on the broadcast page (``ui/recording-control.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


def part(rendition: str, state: str = "recording", reason: str = "") -> dict[str, object]:
    return {"rendition": rendition, "node": "n", "state": state, "reason": reason, "bytes": 3**14}


FULL = "The disk takes no more."


@pytest.mark.parametrize(
    ("mode", "parts", "words"),
    [
        ("off", [], "This broadcast is not being recorded."),
        ("source", [], "Recording begins with the next key frame."),
        ("source", [part("source", "waiting")], "Recording begins with the next key frame."),
        ("source", [part("source")], "This broadcast is being recorded: As sent, 4.8 MB."),
        ("enhanced", [part("enhanced")], "This broadcast is being recorded: Enhanced, 4.8 MB."),
        (
            "both",
            [part("source"), part("enhanced")],
            "This broadcast is being recorded: As sent and enhanced, 9.6 MB.",
        ),
        (
            "both",
            [part("source"), part("enhanced", "held", FULL)],
            f"This broadcast is being recorded: As sent, 9.6 MB. {FULL}",
        ),
        (
            "source",
            [part("source", "held", FULL)],
            f"Nothing is recorded at the moment. {FULL}",
        ),
    ],
)
async def test_the_state_is_a_sentence(
    mode: str, parts: list[dict[str, object]], words: str, run: Run
) -> None:
    given = {"mode": mode, "chosen": True, "parts": parts}
    assert await run("ui/recording-control", "return m.recordingWords(given);", given) == words


CONTROL = """
  const asked = [];
  let answer = {mode: 'both', chosen: true, parts: []};
  const control = new m.RecordingControl(async (mode) => { asked.push(mode); return answer; });
  harness.show(control.root);
  const button = control.root.querySelector('button');
  const press = async () => { button.click(); await harness.settle(); };
"""


async def test_one_button_starts_what_was_chosen_and_stops_it(run: Run) -> None:
    body = """
      const before = control.root.hidden;
      control.update({mode: 'off', chosen: false, parts: []});
      const select = control.root.querySelector('select');
      select.value = 'both';
      const words = [button.textContent];
      await press();
      words.push(button.textContent);
      answer = {mode: 'off', chosen: true, parts: []};
      await press();
      return [before, [...words, button.textContent], asked];
    """
    assert await run("ui/recording-control", CONTROL + body) == [
        True, ["Start recording", "Stop recording", "Start recording"], ["both", "off"],
    ]  # fmt: skip


async def test_a_refusal_is_said_and_changes_nothing(run: Run) -> None:
    body = """
      control.update({mode: 'off', chosen: false, parts: []});
      answer = 'A valid bearer token is needed.';
      await press();
      return [control.root.querySelector('.fault').textContent, button.textContent,
        button.disabled];
    """
    assert await run("ui/recording-control", CONTROL + body) == [
        "A valid bearer token is needed.", "Start recording", False,
    ]  # fmt: skip
