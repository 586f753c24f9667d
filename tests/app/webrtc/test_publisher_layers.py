"""Simulcast layers as renditions, and the source among them: ``publisher_layers.py``."""

from __future__ import annotations

import asyncio

import pytest

from app.rtp.jitter_buffer import CodedUnit
from app.rtp.layer_choice import START_S
from app.webrtc.publisher_layers import LayerEvents, PublisherLayers, rendition_names
from media.access_unit import AccessUnit, Flags
from media.codec import Codec
from media.codec_table import DESCRIPTORS
from tests.app import coding
from tests.app.peers import until
from wire.clock import now_us

H264 = DESCRIPTORS[Codec.H264]
SIZES = {"h": (320, 192), "l": (160, 96)}


@pytest.mark.parametrize(
    ("rids", "names"),
    [
        (["h", "m", "l"], ["source-h", "source-m", "source-l"]),
        (["0", "1", "2"], ["source-0", "source-1", "source-2"]),
        (["High", "Low"], ["source-high", "source-low"]),
        (["h264", "x"], ["source-0", "source-1"]),
        (["a-b", "x"], ["source-0", "source-1"]),
        (["A", "a"], ["source-0", "source-1"]),
        (["ninechars", "x"], ["source-0", "source-1"]),
        ([], []),
    ],
)
def test_renditions_are_called_by_the_offers_names_where_they_can(
    rids: list[str], names: list[str]
) -> None:
    assert list(rendition_names(rids).values()) == names


class Side:
    """Two layers in step, and what becomes of them."""

    def __init__(self) -> None:
        self.source: list[tuple[int, int]] = []
        self.layers_out: dict[str, list[AccessUnit]] = {}
        self.asked: list[str] = []
        self.keys: list[str] = []
        self.wanted: set[str] = set()
        self.layers = PublisherLayers(
            list(SIZES),
            (),
            LayerEvents(
                on_source=lambda _, __, taken: self.source.append((taken.width, taken.height)),
                on_layer=lambda name, unit: self.layers_out.setdefault(name, []).append(unit),
                ask=self.asked.append,
                on_key_frame=self.keys.append,
                is_wanted=self.wanted.__contains__,
            ),
        )
        self._units = {rid: coding.h264(*size, 30) for rid, size in SIZES.items()}

    def send(self, rid: str, number: int, *, lost: bool = False) -> None:
        offset = 1000 if rid == "h" else 7_000_000
        at = now_us()
        unit = CodedUnit(offset + 3000 * number, self._units[rid][number], at, at, lost)
        self.layers.take(rid, H264, 90_000, unit)

    async def begin(self) -> None:
        """Both layers until the first choice."""
        for number in range(8):
            for rid in SIZES:
                self.send(rid, number)
            await asyncio.sleep(START_S / 6)


async def test_the_largest_is_the_source_and_all_are_renditions() -> None:
    side = Side()
    await side.begin()
    await until(lambda: len(side.source) >= 7)
    assert side.layers.choice.name == "h"
    assert set(side.source) == {SIZES["h"]}
    assert set(side.layers_out) == {"source-h", "source-l"}
    low = side.layers_out["source-l"]
    assert {(unit.width, unit.height) for unit in low} == {SIZES["l"]}
    assert low[0].flags & Flags.KEY
    assert sorted(side.keys) == ["h", "l"]
    assert side.layers.refused == {}
    assert side.layers.reason(now=0.0) == ""
    side.layers.stop()


async def test_a_layer_that_nobody_gets_is_asked_for_nothing() -> None:
    side = Side()
    await side.begin()
    assert side.layers.is_wanted("h")
    assert not side.layers.is_wanted("l")
    side.wanted.add("source-l")
    assert side.layers.is_wanted("l")
    side.layers.stop()


async def test_requests_name_the_source_or_the_rendition() -> None:
    side = Side()
    side.layers.request_key_frame()
    assert side.asked == [], "there is no source yet"
    await side.begin()
    side.layers.request_key_frame()
    side.layers.request_key_frame("source-l")
    side.layers.request_key_frame("source-x")
    assert side.asked == ["h", "l"]
    side.layers.stop()


async def test_a_layer_without_a_name_of_the_offer_is_no_rendition() -> None:
    side = Side()
    side._units["0000beef"] = side._units["h"]
    for number in range(3):
        side.send("0000beef", number)
    await asyncio.sleep(0.05)
    assert side.layers_out == {}
    side.layers.take_report("nobody", ntp=1, rtp=1)
    side.layers.stop()
