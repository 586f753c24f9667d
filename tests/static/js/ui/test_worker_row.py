"""A worker on the board (``ui/worker-row.js``)."""

from __future__ import annotations

import pytest

from tests.static import samples
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


ROW = """
  const row = new m.WorkerRow(given);
  harness.show(row.root);
  row.update(given);
  const figures = () => Object.fromEntries([...row.root.querySelectorAll('.figures-grid > div')]
    .map((cell) => [...cell.children].map((child) => child.textContent)));
  const meter = row.root.querySelector('meter');
  const duties = () => [...row.root.querySelectorAll('li')].map((one) =>
    [...one.children].map((child) => child.textContent));
"""


async def test_the_figures_of_a_worker(run: Run) -> None:
    body = """
      return [figures(), row.root.querySelector('h3').textContent,
        row.root.querySelector('.load b').textContent];
    """
    figures, name, load = await run("ui/worker-row", ROW + body, samples.worker("edge-9"))
    assert figures == {
        "Per frame": "12 ms",
        "Role": "all",
        "Engine busy": "41 of 65 %",
        "Engines": "openvino, ort",
        "Models": "live-s, live-m",
        "Process": "4711",
    }
    assert (name, load) == ("edge-9", "1.1 of 2.0")


@pytest.mark.parametrize(
    ("load", "capacity", "value", "most"), [(1.0, 4.0, 1, 4), (9.0, 4.0, 4, 4), (0.0, 0.0, 0, 0.01)]
)
async def test_the_meter_shows_the_load_within_the_capacity(
    run: Run, load: float, capacity: float, value: float, most: float
) -> None:
    worker = {**samples.worker(), "load": load, "capacity": capacity}
    body = "return [meter.value, meter.max, meter.low / meter.max, meter.high / meter.max];"
    found = await run("ui/worker-row", ROW + body, worker)
    assert found == pytest.approx([value, most, 0.75, 0.95])


async def test_streams_are_listed_with_state_and_reason(run: Run) -> None:
    duty = samples.worker()["streams"][0]
    copied = {**duty, "stream": "hall", "state": "bypass", "reason": "Too large.", "model": ""}
    worker = samples.worker(streams=[duty, copied])
    body = "return [duties(), row.root.querySelector('ul').hidden];"
    assert await run("ui/worker-row", ROW + body, worker) == [
        [
            ["garden", "Enhancing", "480×270, 30 fps, live-s, openvino"],
            ["hall", "Not enhanced: Too large.", "480×270, 30 fps, openvino"],
        ],
        False,
    ]


async def test_a_worker_without_streams_says_so(run: Run) -> None:
    body = """
      const idle = row.root.querySelector('p');
      const before = [idle.hidden, duties().length];
      row.update({...given, streams: [], engines: [], models: []});
      return [before, idle.hidden, idle.textContent, duties().length,
        row.root.querySelector('ul').hidden, figures().Engines, figures().Models];
    """
    assert await run("ui/worker-row", ROW + body, samples.worker()) == [
        [True, 1], False, "It has no streams now.", 0, True, "–", "–",
    ]  # fmt: skip
