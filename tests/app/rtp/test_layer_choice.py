"""Which simulcast layer becomes the source, in virtual time: ``layer_choice.py``."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.rtp.layer_choice import (
    FLOWS_S,
    MAX_LAYERS,
    MAX_RETRY_S,
    RETRY_S,
    SETTLE_S,
    START_S,
    LayerChoice,
)

PIXELS = {"h": 1280 * 720, "m": 640 * 360, "l": 320 * 180}
FPS = 25


class Sender:
    """Three layers that send pictures in step; a key frame at the start and when asked."""

    def __init__(self, max_pixels: int = 1920 * 1088) -> None:
        self.choice: LayerChoice[tuple[str, int]] = LayerChoice(max_pixels=max_pixels)
        self.now = 100.0
        self.sending = dict.fromkeys(PIXELS, True)
        self.keys = dict.fromkeys(PIXELS, True)
        self.makes_keys = True
        self.bpp = dict.fromkeys(PIXELS, 0.1)
        self.loses: dict[str, float] = {}
        "Seconds between two losses of a layer."
        self._lost_at = dict.fromkeys(PIXELS, 0.0)
        self._broken = dict.fromkeys(PIXELS, False)
        self.asked: list[str] = []
        self.source: list[tuple[str, int]] = []
        self.number = 0

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * FPS)):
            self.step()

    def step(self) -> None:
        self.now += 1 / FPS
        self.number += 1
        for name in PIXELS:
            if self.sending[name]:
                self._send(name)
        wanted = self.choice.wanted(now=self.now)
        if wanted:
            self.asked.append(wanted)
            self.keys[wanted] = self.makes_keys

    def _send(self, name: str) -> None:
        every = self.loses.get(name)
        if every and self.now - self._lost_at[name] > every:
            self._lost_at[name], self._broken[name] = self.now, True
            self.choice.lose(name, now=self.now)
            return
        is_key = self.keys[name] or self.number % 100 == 0
        self.keys[name] = False
        self._broken[name] = self._broken[name] and not is_key
        if not self._broken[name]:
            self.source += self.choice.take(
                name,
                (name, self.number),
                is_key=is_key,
                pixels=PIXELS[name],
                size=round(self.bpp[name] * PIXELS[name] / 8),
                now=self.now,
            )


def test_the_largest_is_taken_from_its_key_frame_on() -> None:
    sender = Sender()
    sender.run(1.0)
    assert sender.choice.name == "h"
    assert [number for _, number in sender.source] == list(range(1, 26)), "nothing is lost"
    assert {name for name, _ in sender.source} == {"h"}


def test_nothing_is_chosen_before_all_could_begin() -> None:
    sender = Sender()
    sender.sending["h"] = False
    sender.run(START_S / 2)
    assert sender.source == []
    sender.sending["h"] = True
    sender.run(START_S)
    assert sender.choice.name == "h"


def test_a_layer_beyond_the_limit_is_not_taken_and_the_smallest_if_all_are() -> None:
    sender = Sender(max_pixels=PIXELS["m"])
    sender.run(1.0)
    assert sender.choice.name == "m"
    tiny = Sender(max_pixels=10)
    tiny.run(1.0)
    assert tiny.choice.name == "l"


def test_a_layer_that_stops_is_followed_by_the_next_at_its_key_frame() -> None:
    sender = Sender()
    sender.run(2.0)
    sender.sending["h"] = False
    sender.run(FLOWS_S + 0.2)
    assert sender.choice.name == "m"
    assert sender.asked == ["m"]
    sender.sending["h"] = sender.keys["h"] = True
    sender.run(SETTLE_S / 2)
    assert sender.choice.name == "m"
    sender.run(SETTLE_S)
    assert sender.choice.name == "h"


def test_layers_are_never_mixed() -> None:
    sender = Sender()
    sender.run(2.0)
    sender.sending["h"] = False
    sender.run(1.0)
    sender.sending["h"] = sender.keys["h"] = True
    sender.run(2.0)
    names = [name for name, _ in sender.source]
    changes = [(a, b) for a, b in zip(names, names[1:], strict=False) if a != b]
    assert changes == [("h", "m"), ("m", "h")]


def test_a_layer_that_is_broken_too_long_makes_way_and_is_tried_again() -> None:
    sender = Sender()
    sender.run(2.0)
    # A loss each second, mended by the publisher's own key frames alone.
    sender.loses["h"] = 1.0
    while sender.choice.name == "h":
        sender.step()
        assert sender.now < 107.0
    sender.loses.clear()
    left = sender.now
    while sender.choice.name == "m":
        sender.step()
        assert sender.now - left < 2 * RETRY_S
    assert sender.now - left >= RETRY_S
    assert sender.choice.name == "h"


def test_each_failed_return_doubles_the_wait() -> None:
    sender = Sender()
    for _ in range(600 * FPS):
        # As on a path that bears the smaller layer alone.
        sender.loses["h"] = 1.0 if sender.choice.name == "h" else 0.0
        sender.step()
    names = [name for name, _ in sender.source]
    returns = sum(a != "h" and b == "h" for a, b in zip(names, names[1:], strict=False))
    assert 3 <= returns <= 8
    assert max(each.retry_s for each in sender.choice._layers.values()) == MAX_RETRY_S


def test_a_rare_loss_that_a_key_frame_mends_changes_nothing() -> None:
    sender = Sender()
    sender.run(2.0)
    for _ in range(30):
        sender.choice.lose("h", now=sender.now)
        sender._broken["h"] = True
        sender.run(0.16)
        sender.keys["h"] = True
        sender.run(2.0)
    assert {name for name, _ in sender.source} == {"h"}


def test_where_all_suffer_the_largest_stays() -> None:
    sender = Sender()
    sender.run(2.0)
    sender.loses = dict.fromkeys(PIXELS, 0.5)
    sender.run(20.0)
    names = [name for name, _ in sender.source]
    changes = sum(a != b for a, b in zip(names, names[1:], strict=False))
    assert changes <= 4


def test_what_workers_cannot_enhance_makes_way_to_what_they_can() -> None:
    sender = Sender()
    sender.run(2.0)
    sender.choice.limit(PIXELS["m"])
    sender.run(1.0)
    assert sender.choice.name == "m"
    sender.choice.limit(None)
    sender.run(1.0)
    assert sender.choice.name == "h"


def test_a_large_layer_with_the_bits_of_a_small_one_makes_way() -> None:
    sender = Sender()
    sender.run(3.0)
    # As libwebrtc begins a layer anew: at a twentieth of its rate.
    sender.bpp["h"] = 0.012
    sender.bpp["m"] = 0.2
    sender.run(3.0)
    assert sender.choice.name == "m"
    sender.bpp["h"] = 0.06
    sender.run(5.0)
    assert sender.choice.name == "m", "of nearly the same rate half the size looks better"
    sender.bpp["h"] = 0.1
    sender.run(7.0)
    assert sender.choice.name == "h"


def test_layers_that_are_all_poor_are_judged_by_their_size() -> None:
    sender = Sender()
    # Each layer has a quarter of the rate of the one above, as OBS sets them.
    sender.bpp = dict.fromkeys(PIXELS, 0.03)
    sender.run(20.0)
    assert {name for name, _ in sender.source} == {"h"}


def test_a_key_frame_that_nobody_makes_is_waited_for() -> None:
    sender = Sender()
    sender.run(2.0)
    sender.makes_keys = False
    sender.choice.limit(PIXELS["m"])
    sender.run(1.0)
    asked = len(sender.asked)
    assert asked in (2, 3)
    assert sender.choice.name == "h", "the old layer goes on"
    sender.run(3.0)
    assert sender.choice.name == "m"


def test_sources_that_come_and_go_are_bounded() -> None:
    choice: LayerChoice[int] = LayerChoice(max_pixels=10**7)
    for number in range(200):
        choice.take("h", number, is_key=number == 0, pixels=100, size=9, now=number * 0.04)
        choice.take(f"x{number}", number, is_key=False, pixels=0, size=9, now=number * 0.04)
    assert len(choice._layers) <= MAX_LAYERS
    assert choice.name == "h"


@given(
    st.lists(
        st.tuples(st.sampled_from("hml"), st.booleans(), st.booleans(), st.floats(0.001, 1.0)),
        max_size=200,
    )
)
def test_whatever_comes_a_change_is_at_a_key_frame(
    events: list[tuple[str, bool, bool, float]],
) -> None:
    choice: LayerChoice[tuple[str, bool]] = LayerChoice(max_pixels=10**7)
    now, source = 0.0, []
    for name, is_key, is_lost, step in events:
        now += step
        if is_lost:
            choice.lose(name, now=now)
        else:
            source += choice.take(
                name, (name, is_key), is_key=is_key, pixels=PIXELS[name], size=500, now=now
            )
        choice.wanted(now=now)
    last = ""
    for name, is_key in source:
        assert name == last or is_key
        last = name
