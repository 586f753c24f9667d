"""The rendition that a viewer is shown (``media/shown-rendition.js``)."""

from __future__ import annotations

import pytest

from tests.static import samples
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

RENDITIONS = [
    samples.rendition("source", width=480, height=270, kbps=1300.0),
    samples.rendition("enhanced", "enhancing", width=960, height=540, kbps=3700.0),
    samples.rendition("enhanced-vp8", of="enhanced", width=960, height=540, kbps=3600.0),
    samples.rendition("smaller", "enhancing", width=480, height=270, kbps=500.0),
]


async def shown(run: Run, renditions: list[samples.Json], stats: object) -> object:
    body = "return m.shownRendition(given[0], given[1]);"
    return await run("media/shown-rendition", body, [renditions, stats])


def decoded(width: int, height: int, kbps: float | None) -> samples.Json:
    return {"width": width, "height": height, "kbps": kbps}


@pytest.mark.parametrize(
    ("stats", "name", "is_best"),
    [
        (decoded(960, 540, 3500.0), "enhanced", True),
        (decoded(480, 270, 1250.0), "source", False),
        (decoded(480, 270, 450.0), "smaller", False),
        (decoded(480, 270, None), "source", False),
    ],
)
async def test_size_tells_and_where_that_is_the_same_the_rate(
    run: Run, stats: samples.Json, name: str, is_best: bool
) -> None:
    assert await shown(run, RENDITIONS, stats) == {
        "name": name, "width": stats["width"], "height": stats["height"], "isBest": is_best,
    }  # fmt: skip


@pytest.mark.parametrize("stats", [None, decoded(0, 0, None), decoded(640, 360, 900.0)])
async def test_what_is_not_known_or_fits_none_is_not_named(run: Run, stats: object) -> None:
    assert await shown(run, RENDITIONS, stats) is None


async def test_a_source_that_is_copied_is_the_best_there_is(run: Run) -> None:
    copied = [
        samples.rendition("source", width=480, height=270, kbps=1300.0),
        samples.rendition("enhanced", "bypass", width=480, height=270, kbps=1300.0),
    ]
    found = await shown(run, copied, decoded(480, 270, 1290.0))
    assert isinstance(found, dict)
    assert found["isBest"]
