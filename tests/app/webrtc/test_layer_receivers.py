"""All layers of a track, each received by itself: ``layer_receivers.py``."""

from __future__ import annotations

import time

from app.rtp.jitter_buffer import CodedUnit
from app.webrtc.layer_receivers import MAX_SOURCES, LayerReceivers
from app.webrtc.picture_receiver import Requests
from media.codec import CodecDescriptor
from tests.app.peers import until
from tests.app.webrtc.test_picture_receiver import media


class Side:
    """Three layers by name, with sources 1, 2 and 3."""

    def __init__(self) -> None:
        self.units: list[tuple[str, int]] = []
        self.nacks: list[tuple[int, list[int]]] = []
        self.plis: list[int] = []
        self.wanted = {"h"}
        self.layers = LayerReceivers(
            Requests(
                send_nack=lambda ssrc, numbers: self.nacks.append((ssrc, list(numbers))),
                send_pli=self.plis.append,
            ),
            self._take,
            lambda layer: layer in self.wanted,
        )
        for ssrc, name in enumerate("hml", 1):
            self.layers.names.call(ssrc, name)
            self.layers.names.call_repair(10 + ssrc, name)

    def send(self, ssrc: int, *numbers: int) -> None:
        for number in numbers:
            self.layers.take(ssrc, media(number), now=time.monotonic())

    def _take(self, layer: str, _: CodecDescriptor, __: int, unit: CodedUnit) -> None:
        self.units.append((layer, int(unit.data)))


async def test_layers_do_not_wait_for_each_other() -> None:
    side = Side()
    side.send(1, 1, 3)
    side.send(2, 7, 8)
    side.send(3, 1, 2)
    assert side.units == [("h", 1), ("m", 7), ("m", 8), ("l", 1), ("l", 2)]
    assert side.nacks == [(1, [2])]
    side.layers.stop()


async def test_retransmissions_are_told_apart_by_the_layer_that_they_repair() -> None:
    side = Side()
    side.send(1, 1)
    side.send(3, 1)
    assert side.layers.repaired_by(11) == 1
    assert side.layers.repaired_by(13) == 3
    assert side.layers.repaired_by(12) is None, "nothing came of that layer yet"
    assert side.layers.repaired_by(99) is None


async def test_requests_for_key_frames_name_the_newest_source_of_the_layer() -> None:
    side = Side()
    side.layers.request_key_frame("m")
    assert side.plis == []
    side.send(2, 1)
    side.layers.names.call(22, "m")
    side.send(22, 1)
    side.layers.request_key_frame("m")
    assert side.plis == [22]
    assert side.layers.layer_of(22) == "m"
    assert side.layers.layer_of(77) == ""


async def test_only_a_wanted_layer_asks_after_a_loss_and_all_losses_count() -> None:
    side = Side()
    side.layers.note_round_trip(0.01)
    side.send(1, 1, 3, 4)
    side.send(3, 1, 3, 4)
    await until(lambda: len(side.units) == 4)
    assert side.plis == [1]
    assert side.layers.lost == 2
    assert side.layers.late == 0
    side.send(3, 2)
    assert side.layers.late == 1
    side.layers.stop()


async def test_sources_are_bounded_and_their_losses_stay_counted() -> None:
    side = Side()
    side.send(3, 1, 3)
    await until(lambda: side.layers.lost == 1)
    for ssrc in range(100, 100 + 3 * MAX_SOURCES):
        side.send(ssrc, 1)
    assert len(side.layers._receivers) == MAX_SOURCES
    assert side.layers.lost == 1
    side.layers.stop()
