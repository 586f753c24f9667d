"""The legend of the tint (``ui/tint-legend.js``)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.static import samples
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

LEGEND = """
  const root = harness.show(document.createElement('section'));
  const places = [];
  const styleFor = (name) => {
    if (!places.includes(name)) places.push(name);
    return {colour: '#d55e00', pattern: 'plain'};
  };
  const legend = new m.TintLegend(root, styleFor);
  const words = () => root.querySelector('[role=status]').textContent;
  const rows = () => [...root.querySelectorAll('li')].map((row) =>
    [row.querySelector('.name').textContent, row.querySelector('.part').textContent]);
"""


async def test_devices_stand_with_their_part_of_the_picture(run: Run) -> None:
    body = "legend.show(given); return [words(), rows()]"
    given = samples.team_map()
    given["helpers"] = ["attic", "barn"]
    assert await run("ui/tint-legend", LEGEND + body, given) == [
        "3 workers make this picture.",
        [
            ["edge-1 leads", "29 %"],
            ["attic", "21 %"],
            ["barn", "0 %"],
            ["predicted from earlier pictures, or resized", "50 %"],
        ],
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"worker": "", "helpers": [], "map": None}, "No worker makes this picture now."),
        (
            {"map": None},
            "Waiting for word of edge-1. It has none while no net works on the picture.",
        ),
        ({"helpers": [], "one": True}, "One worker makes it all: edge-1."),
    ],
)
async def test_it_says_who_makes_the_picture(run: Run, changes: Any, words: str) -> None:
    given = samples.team_map("edge-1", cells="0" * 32) if changes.pop("one", False) else None
    given = (given or samples.team_map()) | changes
    assert await run("ui/tint-legend", "return m.teamWords(given)", given) == words


async def test_the_lead_of_now_is_named_first_whoever_is_first_in_an_older_map(run: Run) -> None:
    given = samples.team_map() | {"worker": "attic"}
    body = "return m.legendRows(given).map(({name, isLead}) => [name, isLead])"
    assert await run("ui/tint-legend", body, given) == [
        ["attic", True], ["edge-1", False], ["", False],
    ]  # fmt: skip


async def test_swatches_have_the_colours_of_the_picture_and_rows_stay(run: Run) -> None:
    body = """
      legend.show(given);
      const first = root.querySelector('li');
      legend.show({...given, map: {...given.map, cells: '.'.repeat(32)}});
      const [swatch, , none] = root.querySelectorAll('.swatch');
      const pixel = (canvas) => [...canvas.getContext('2d').getImageData(20, 9, 1, 1).data];
      const [red, green, blue] = pixel(swatch);
      return [first === root.querySelector('li'), rows()[0], places, red > green && green > blue,
        pixel(none), [...root.querySelectorAll('canvas')].map((one) => one.ariaHidden)];
    """
    assert await run("ui/tint-legend", LEGEND + body, samples.team_map()) == [
        True, ["edge-1 leads", "0 %"], ["edge-1", "attic"], True, [0, 0, 0, 0], ["true"] * 3,
    ]  # fmt: skip


async def test_without_a_map_there_are_words_alone(run: Run) -> None:
    body = """
      legend.show(given);
      legend.explain('The server does not answer.');
      return [words(), rows(), root.querySelector('ul').hidden];
    """
    found = await run("ui/tint-legend", LEGEND + body, samples.team_map())
    assert found == ["The server does not answer.", [], True]
