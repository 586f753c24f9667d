"""A stream's team on the board (``ui/team-panel.js``)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.static import samples
from tests.static.samples import Json
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

PANEL = """
  const calls = [];
  let answer = async () => true;
  const panel = new m.TeamPanel('garden', (changes) => { calls.push(changes); return answer(); });
  harness.show(panel.root);
  panel.know(given.workers, given.devices);
  panel.update(given.rendition);
  const rows = () => [...panel.root.querySelectorAll('.members li')].map((row) => [
    row.querySelector('b').textContent, row.querySelector('.facts').textContent,
    ...[...row.querySelectorAll('button')].map((one) => one.getAttribute('aria-pressed')),
  ]);
  const button = (label) => panel.root.querySelector(`[aria-label="${label}"]`);
  const [choice, other] = panel.root.querySelectorAll('select');
  const mode = () => panel.root.querySelector('.mode').textContent;
"""
HELPER: Json = {
    "name": "attic", "round_trip_ms": 43.2, "trust": 1.0, "tasks": 30.0, "in_time": 29.1,
    "late": 0.6, "samples": 1e6, "fraction": 0.24, "kbps": 812.0,
}  # fmt: skip
TEAM: Json = {"mode": "regions", "reason": "The lead lacks 900 ms.", "devices": [HELPER]}


def board(team: Json | None = TEAM, /, **steering: Any) -> Json:
    """What the panel is given: a rendition, the workers and the devices."""
    rendition = samples.rendition("enhanced", "enhancing", width=960, height=540)
    rendition |= {"team": team, "worker": "edge-1"}
    rendition["spec"] |= {"team": "auto", "pinned": [], "excluded": []} | steering
    workers = [samples.worker(name) for name in ("edge-1", "attic", "cellar", "barn")]
    return {"rendition": rendition, "workers": workers, "devices": [samples.device("attic")]}


async def test_it_shows_the_mode_with_its_reason_and_what_each_helper_did(run: Run) -> None:
    body = "return [mode(), rows(), choice.value, panel.root.getAttribute('aria-label')];"
    mode, rows, choice, label = await run("ui/team-panel", PANEL + body, board())
    assert mode == "Each frame by regions, with 1 helperThe lead lacks 900 ms."
    facts = (
        "24 % of the work · 29.1 results in time, 0.6 late a second · 43 ms away · 812 kbit/s · "
        "55 % busy · 2.1 % loss · may send 9.2 Mbit/s"
    )
    assert rows == [["attic", facts, "false", "false"]]
    assert (choice, label) == ("auto", "Team of garden")


async def test_a_pinned_mode_is_called_so(run: Run) -> None:
    body = """
      return [choice.selectedOptions[0].textContent, mode(),
        [...choice.options].map((one) => one.textContent)];
    """
    off = {"mode": "off", "reason": "The operator wants one worker.", "devices": []}
    shown, mode, options = await run("ui/team-panel", PANEL + body, board(off, team="off"))
    assert shown == "Never: one worker alone (pinned)"
    assert mode == "One worker alone, by an operatorThe operator wants one worker."
    assert options == [
        "As the worker lacks time",
        "Always (pinned)",
        "Always, by regions (pinned)",
        "Always, by whole frames (pinned)",
        "Never: one worker alone (pinned)",
    ]


async def test_workers_that_an_operator_named_are_shown_though_they_do_not_help(run: Run) -> None:
    given = board(pinned=["barn", "gone"], excluded=["cellar"])
    body = "return [rows(), [...other.options].map((one) => one.value)];"
    rows, others = await run("ui/team-panel", PANEL + body, given)
    assert [row[0] for row in rows] == ["attic", "barn", "cellar", "gone"]
    assert rows[1][1:] == ["does not help now · 55 % busy", "true", "false"]
    assert rows[2][1:] == ["must not help · 55 % busy", "false", "true"]
    assert rows[3][1:] == ["does not help now · not running", "true", "false"]
    assert others == []


@pytest.mark.parametrize(
    ("label", "sent"),
    [
        ("Pin attic for garden", {"pinned": ["barn", "attic"], "excluded": ["cellar"]}),
        ("Exclude attic from garden", {"pinned": ["barn"], "excluded": ["cellar", "attic"]}),
        ("Pin barn for garden", {"pinned": [], "excluded": ["cellar"]}),
        ("Exclude barn from garden", {"pinned": [], "excluded": ["cellar", "barn"]}),
        ("Pin cellar for garden", {"pinned": ["barn", "cellar"], "excluded": []}),
    ],
)
async def test_a_button_puts_its_worker_into_one_list_or_takes_it_out(
    run: Run, label: str, sent: Json
) -> None:
    body = f"button('{label}').click(); await harness.settle(); return calls;"
    given = board(pinned=["barn"], excluded=["cellar"])
    assert await run("ui/team-panel", PANEL + body, given) == [sent]


async def test_any_other_worker_can_be_pinned_or_excluded(run: Run) -> None:
    body = """
      const names = [...other.options].map((one) => one.value);
      other.value = 'cellar';
      panel.update(given.rendition);
      button('Exclude the chosen worker for garden').click();
      await harness.settle();
      return [names, calls];
    """
    names, calls = await run("ui/team-panel", PANEL + body, board())
    assert names == ["barn", "cellar"]
    assert calls == [{"pinned": [], "excluded": ["cellar"]}]


async def test_one_change_is_under_way_at_a_time_and_polls_do_not_undo_it(run: Run) -> None:
    body = """
      let end;
      answer = () => new Promise((resolve) => (end = resolve));
      const pin = button('Pin attic for garden');
      pin.focus();
      pin.click();
      pin.click();
      panel.update({...given.rendition, spec: {...given.rendition.spec, pinned: ['attic']}});
      const during = [pin.getAttribute('aria-pressed'), panel.root.getAttribute('aria-busy')];
      end(true);
      await harness.settle();
      const after = [pin.getAttribute('aria-pressed'), panel.root.getAttribute('aria-busy')];
      return [during, after, calls.length, document.activeElement === pin];
    """
    found = await run("ui/team-panel", PANEL + body, board())
    assert found == [["false", "true"], ["true", None], 1, True]


async def test_the_mode_is_sent_as_it_is_chosen(run: Run) -> None:
    body = """
      choice.value = 'off';
      choice.dispatchEvent(new Event('change'));
      await harness.settle();
      return calls;
    """
    assert await run("ui/team-panel", PANEL + body, board()) == [{"team": "off"}]


async def test_without_a_lead_it_says_so_and_without_a_specification_it_is_hidden(run: Run) -> None:
    body = """
      const said = [mode(), panel.root.hidden, panel.root.querySelector('.members').hidden];
      panel.update(undefined);
      return [...said, panel.root.hidden];
    """
    found = await run("ui/team-panel", PANEL + body, board(None))
    assert found == ["Nobody makes it now", False, True, True]
