"""A stream on the board (``ui/stream-row.js``)."""

from __future__ import annotations

import pytest

from tests.static import samples
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


ROW = """
  const calls = [];
  let answer = async () => true;
  const act = (name) => (...given) => { calls.push([name, ...given]); return answer(); };
  const actions = {change: act('change'), end: act('end'), addRendition: act('add'),
    removeRendition: act('remove')};
  const row = new m.StreamRow(given, [{name: 'live-s', title: 'Live S', missing: ''},
    {name: 'live-m', title: 'Live M', missing: ''}], actions);
  harness.show(row.root);
  row.update(given);
  const figures = () => Object.fromEntries([...row.root.querySelectorAll('.figures-grid > div')]
    .map((cell) => [...cell.children].map((child) => child.textContent)));
  const toggle = row.root.querySelector('[role=switch]');
  const model = row.root.querySelector('.controls select');
  const why = () => [...row.root.children].find((one) => one.matches('p.why'));
"""


async def test_the_figures_of_a_stream_that_is_enhanced(run: Run) -> None:
    body = "return [figures(), why().hidden, row.root.querySelector('h3 a').pathname];"
    figures, quiet, path = await run("ui/stream-row", ROW + body, samples.stream("a.b"))
    assert figures == {
        "Source": "480×270 · H264",
        "Enhanced by": "edge-1 · openvino",
        "Added latency": "31 ms, 95 % below 44 ms",
        "Frames": "899 of 900 · 890 enhanced (40 by the small net), 9 resized, 0 as sent",
        "Dropped": "1 late",
        "Viewers": "2",
    }
    assert (quiet, path) == (True, "/watch/a.b")


async def test_a_stream_that_is_not_enhanced_says_why(run: Run) -> None:
    stream = samples.stream(state="waiting", reason="No worker takes it.")
    body = "const found = figures(); return [why().textContent, why().hidden, found];"
    said, hidden, figures = await run("ui/stream-row", ROW + body, stream)
    assert (said, hidden) == ("No worker takes it.", False)
    assert (figures["Enhanced by"], figures["Added latency"]) == ("nobody", "–")


async def test_the_switch_asks_for_the_other_state_and_waits_for_the_answer(run: Run) -> None:
    body = """
      let end;
      answer = () => new Promise((resolve) => (end = resolve));
      toggle.click();
      toggle.click();
      row.update({...given, enhancement: {...given.enhancement, enabled: false}});
      const during = [toggle.getAttribute('aria-checked'), toggle.getAttribute('aria-busy')];
      end(true);
      await harness.settle();
      row.update({...given, enhancement: {...given.enhancement, enabled: false}});
      const after = [toggle.getAttribute('aria-checked'), toggle.hasAttribute('aria-busy')];
      toggle.click();
      return [during, after, calls];
    """
    assert await run("ui/stream-row", ROW + body, samples.stream()) == [
        ["true", "true"],
        ["false", False],
        [["change", "garden", {"enhance": False}], ["change", "garden", {"enhance": True}]],
    ]


async def test_a_change_that_fails_frees_the_controls(run: Run) -> None:
    body = """
      answer = async () => false;
      toggle.click();
      await harness.settle();
      row.update(given);
      toggle.click();
      return [toggle.getAttribute('aria-checked'), calls.length];
    """
    assert await run("ui/stream-row", ROW + body, samples.stream()) == ["true", 2]


async def test_a_model_is_chosen_for_its_stream(run: Run) -> None:
    body = """
      model.value = 'live-m';
      model.dispatchEvent(new Event('change'));
      await harness.settle();
      row.update(given);
      return [calls, model.value];
    """
    assert await run("ui/stream-row", ROW + body, samples.stream("hall")) == [
        [["change", "hall", {"model": "live-m"}]], "live-s",
    ]  # fmt: skip


async def test_ending_and_removing_name_the_stream(run: Run) -> None:
    stream = samples.stream("hall")
    stream["renditions"].append(samples.rendition("small", "waiting"))
    body = """
      row.root.querySelector('.danger').click();
      row.root.querySelector('.renditions button').click();
      return [calls, row.root.querySelector('.danger').getAttribute('aria-label')];
    """
    assert await run("ui/stream-row", ROW + body, stream) == [
        [["end", "hall"], ["remove", "hall", "small"]], "End stream hall",
    ]  # fmt: skip


async def test_the_rate_shown_is_that_of_the_best_rendition(run: Run) -> None:
    body = """
      const shown = () => row.root.querySelectorAll('.trend b')[1].textContent;
      const enhanced = shown();
      given.renditions[1].width = 0;
      given.source.fps = 12.4;
      row.update(given);
      return [enhanced, shown()];
    """
    stream = samples.stream()
    stream["renditions"][1]["fps"] = 24.0
    assert await run("ui/stream-row", ROW + body, stream) == ["24", "12"]


async def test_two_rows_share_no_identifier(run: Run) -> None:
    body = """
      const other = new m.StreamRow({...given, id: 'other'}, [], actions);
      harness.show(other.root);
      const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
      return ids.length - new Set(ids).size;
    """
    assert await run("ui/stream-row", ROW + body, samples.stream()) == 0
