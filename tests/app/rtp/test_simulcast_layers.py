"""``simulcast_layers.py``: which simulcast layer is taken, in virtual time."""

from __future__ import annotations

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st

from app.rtp.simulcast_layers import FLOWS_S, MAX_SSRCS, SETTLE_S, START_S, LayerChoice

SIZES = {1: 1280 * 720, 2: 640 * 360, 3: 320 * 180}
FRAME_S = 1 / 30


@dataclasses.dataclass(frozen=True)
class Sent:
    """One packet: whose, which frame, and how large a key frame begins with it."""

    ssrc: int
    frame: int
    pixels: int = 0


class Sender:
    """Sends layers side by side; answers requests for key frames at the next frame."""

    def __init__(self, max_pixels: int = 1920 * 1088) -> None:
        self.choice = LayerChoice[Sent](lambda sent: sent.pixels, max_pixels=max_pixels)
        for ssrc, rid in ((1, "h"), (2, "m"), (3, "l")):
            self.choice.call(ssrc, rid)
        self.now = 100.0
        self.frame = 0
        self.wanted: set[int] = set()
        self.started: set[int] = set()
        self.heard: list[Sent] = []
        self.switches: list[tuple[float, int]] = []

    def run(self, seconds: float, *layers: int) -> None:
        """All of ``layers`` send for some time."""
        end = self.now + seconds
        while self.now < end:
            for ssrc in layers:
                begins = ssrc in self.wanted or ssrc not in self.started
                self.wanted.discard(ssrc)
                self.started.add(ssrc)
                for part in range(3):
                    pixels = SIZES[ssrc] if begins and part == 0 else 0
                    self._send(Sent(ssrc, self.frame, pixels))
            self.frame += 1
            self.now += FRAME_S

    def _send(self, sent: Sent) -> None:
        heard = self.choice.take(sent.ssrc, sent, now=self.now)
        if heard.is_new_source:
            self.switches.append((self.now, sent.ssrc))
        self.heard += heard.packets
        asked = self.choice.wanted(now=self.now)
        if asked is not None:
            self.wanted.add(asked)

    def check_unmixed(self) -> None:
        """Sources change at the beginning of a key frame only, and nothing is lost within one."""
        for before, after in zip(self.heard, self.heard[1:], strict=False):
            assert before.ssrc == after.ssrc or after.pixels


def test_the_largest_layer_is_taken_from_its_key_frame_on() -> None:
    sender = Sender()
    sender.run(2.0, 3, 2, 1)
    assert sender.choice.name == "h"
    assert {sent.ssrc for sent in sender.heard} == {1}
    assert sender.heard[0].pixels == SIZES[1]
    assert len(sender.heard) == sender.frame * 3
    assert sender.switches == []
    assert set(sender.choice.unheard) == {"m", "l"}
    assert sender.choice.unheard["m"] == sender.frame * 3


def test_a_larger_layer_that_comes_later_follows_once_it_has_settled() -> None:
    sender = Sender()
    sender.run(1.0, 3)
    assert sender.choice.name == "l"
    began = sender.now
    sender.run(3.0, 3, 2)
    assert sender.choice.name == "m"
    ((at, ssrc),) = sender.switches
    assert ssrc == 2
    assert SETTLE_S <= at - began < SETTLE_S + 0.2
    sender.check_unmixed()


def test_a_layer_that_comes_and_goes_is_not_taken() -> None:
    sender = Sender()
    sender.run(1.0, 2)
    for _ in range(5):
        sender.run(0.6, 2, 1)
        sender.run(FLOWS_S + 0.1, 2)
    assert sender.choice.name == "m"
    assert sender.switches == []


def test_the_next_one_follows_when_the_layer_that_is_taken_ends() -> None:
    sender = Sender()
    sender.run(1.0, 1, 2, 3)
    ended = sender.now
    sender.run(1.0, 2, 3)
    assert sender.choice.name == "m"
    ((at, _),) = sender.switches
    assert at - ended < FLOWS_S + 0.2
    sender.run(3.0, 1, 2, 3)
    assert sender.choice.name == "h"
    sender.check_unmixed()


def test_a_pause_of_all_layers_changes_nothing() -> None:
    sender = Sender()
    sender.run(1.0, 1, 2, 3)
    sender.now += 20.0
    sender.run(1.0, 1, 2, 3)
    assert sender.choice.name == "h"
    assert sender.switches == []


def test_layers_over_the_limit_are_left() -> None:
    sender = Sender(max_pixels=SIZES[2])
    sender.run(3.0, 1, 2, 3)
    assert sender.choice.name == "m"
    assert "h" in sender.choice.unheard


def test_where_all_are_over_the_limit_the_smallest_is_taken() -> None:
    sender = Sender(max_pixels=100)
    sender.run(3.0, 1, 2, 3)
    assert sender.choice.name == "l"


def test_one_layer_alone_begins_after_a_moment_and_loses_nothing() -> None:
    sender = Sender()
    sender.run(START_S + 0.1, 2)
    assert len(sender.heard) == sender.frame * 3


def test_a_layer_whose_size_nobody_tells_is_taken_at_last() -> None:
    choice = LayerChoice[int](lambda packet: 0, max_pixels=100)
    heard = [choice.take(7, number, now=number / 100).packets for number in range(400)]
    assert choice.ssrc == 7
    assert heard[-1] == [399]


def test_a_layer_is_known_by_its_name_or_its_number() -> None:
    choice = LayerChoice[int](lambda packet: 1, max_pixels=100)
    for number in range(100):
        choice.take(0xABC, number, now=number / 100)
    assert choice.name == "00000abc"
    choice.call(0xABC, "f")
    for repair, rid in ((0xABD, "f"), (0xABE, "g")):
        choice.call_repair(repair, rid)
    assert choice.name == "f"
    assert [choice.repaired_by(repair) for repair in (0xABD, 0xABE, 0xABF)] == [0xABC, None, None]


def test_a_layer_whose_sender_begins_anew_again_and_again_is_repaired_still() -> None:
    choice = LayerChoice[int](lambda packet: 1, max_pixels=100)
    for number in range(0, 1000, 2):
        choice.call(number, "f")
        choice.call_repair(number + 1, "f")
        choice.take(number, number, now=number / 10)
        assert choice.repaired_by(number + 1) == number


def test_strangers_take_no_more_than_their_places() -> None:
    choice = LayerChoice[int](lambda packet: 1, max_pixels=100)
    for number in range(1000):
        choice.call(number, str(number))
        choice.call_repair(number, str(number))
        choice.take(number, number, now=number / 1000)
    assert len(choice._layers) <= MAX_SSRCS
    assert len(choice._names) <= 4 * MAX_SSRCS
    assert len(choice._repaired) <= 4 * MAX_SSRCS


@given(
    steps=st.lists(
        st.tuples(st.sets(st.sampled_from([1, 2, 3])), st.floats(0.05, 2.0)),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=80, deadline=None)
def test_layers_are_never_mixed(steps: list[tuple[set[int], float]]) -> None:
    sender = Sender()
    for layers, seconds in steps:
        sender.run(seconds, *sorted(layers))
        sender.now += 0.0 if layers else seconds
    sender.check_unmixed()
    numbers = [(sent.frame, sent.ssrc) for sent in sender.heard]
    assert numbers == sorted(numbers, key=lambda each: each[0])
