"""Changes of a viewer's rendition at key frames: ``PlaybackSession.change``."""

from __future__ import annotations

import itertools

import pytest

from app.delivery.playback_session import MAX_PAUSE_S, PlaybackSession
from app.delivery.rtp_fanout import RtpFanout
from app.rtp.send_queue import PacketizedFrame
from app.streams.rendition_reader import RenditionReader
from app.webrtc.viewer_connection import ViewerConnection, ViewerEvents
from media.codec import Codec
from tests.app.fakes import video
from wire import keys
from wire.connection import Redis


class Screen(ViewerConnection):
    """A viewer's connection that notes what it is given."""

    def __init__(self) -> None:
        nothing = ViewerEvents(lambda: None, lambda: None, lambda _: None)
        super().__init__(nothing, rtp_offset=0)
        self.shown: list[PacketizedFrame] = []
        self.restarts = 0
        self.codecs = {Codec.H264}

    def push(self, unit: PacketizedFrame) -> None:
        self.shown.append(unit)

    def can_send(self, codec: Codec) -> bool:
        return codec in self.codecs

    @property
    def needs_key(self) -> bool:
        return False

    def restart_video(self) -> None:
        self.restarts += 1


class Stage:
    """One viewer and three renditions, whose units the test gives out."""

    def __init__(self, client: Redis, shown: str = keys.ENHANCED) -> None:
        self.asked: list[str] = []
        self.now = 100.0
        self.fanouts = {
            name: self._fanout(client, name) for name in (keys.SOURCE, keys.ENHANCED, "smaller")
        }
        self.screen = Screen()
        self.playback = PlaybackSession(
            self.fanouts[shown],
            self.fanouts[keys.SOURCE],
            fallback=True,
            has_audio=True,
            clock=lambda: self.now,
        )
        self.playback.start(self.screen)

    def _fanout(self, client: Redis, name: str) -> RtpFanout:
        made = RtpFanout(RenditionReader(client, "cam1", name), on_end=lambda _: None)
        made.request_key_frame = lambda: self.asked.append(name)  # type: ignore[method-assign]
        return made

    def give(self, name: str, number: int, *, key: bool = False) -> None:
        """One unit of a rendition; its size tells which one it is of."""
        size = {keys.SOURCE: 100, keys.ENHANCED: 200, "smaller": 50}[name]
        self.fanouts[name].take(video(number, key=key, size=size))

    def play(self, first: int, count: int, *names: str, lag: int = 0) -> None:
        """Units of the source, and of these renditions so many frames behind it."""
        for number in range(first, first + count):
            self.now += 1 / 30
            self.give(keys.SOURCE, number, key=number % 30 == 0)
            for name in names:
                if number - lag >= 0:
                    self.give(name, number - lag, key=(number - lag) % 30 == 0)

    @property
    def numbers(self) -> list[int]:
        """Numbers of the units at their own times, in the order of sending."""
        return [unit.pts // 3000 for unit in self.screen.shown if unit.pts % 3000 == 0]


@pytest.fixture
def stage(redis_client: Redis) -> Stage:
    return Stage(redis_client)


def assert_each_time_once(numbers: list[int]) -> None:
    assert all(later > earlier for earlier, later in itertools.pairwise(numbers))


async def test_the_present_one_goes_on_until_the_next_ones_key_frame(stage: Stage) -> None:
    stage.play(0, 10, keys.ENHANCED)
    stage.asked.clear()
    stage.playback.change(stage.fanouts["smaller"])
    assert stage.asked == ["smaller"]
    assert stage.playback.awaits == "smaller"
    stage.play(10, 5, keys.ENHANCED)
    for number in (15, 16):
        stage.play(number, 1, keys.ENHANCED)
        stage.give("smaller", number)
    assert stage.playback.rendition == keys.ENHANCED
    stage.give("smaller", 17, key=True)
    assert (stage.playback.rendition, stage.playback.awaits) == ("smaller", "")
    assert stage.screen.restarts == 1, "what waits of the one before is left out"
    stage.play(18, 5, "smaller")
    assert stage.numbers == list(range(23))
    assert not stage.fanouts[keys.ENHANCED].is_needed


async def test_one_that_lags_begins_beyond_what_was_shown(stage: Stage) -> None:
    stage.playback.move(stage.fanouts[keys.SOURCE])
    stage.play(0, 28)
    stage.playback.change(stage.fanouts[keys.ENHANCED])
    # It is two frames behind: its key frame, 30, comes when 32 of the source would be shown.
    stage.play(28, 12, keys.ENHANCED, lag=2)
    assert stage.playback.rendition == keys.ENHANCED
    assert_each_time_once(stage.numbers)
    assert stage.numbers[-1] == 37
    assert set(range(28)) <= set(stage.numbers)
    assert set(range(32, 38)) <= set(stage.numbers)


async def test_the_pause_is_bounded(stage: Stage) -> None:
    stage.playback.move(stage.fanouts[keys.SOURCE])
    stage.play(0, 60)
    stage.playback.change(stage.fanouts[keys.ENHANCED])
    stage.give(keys.ENHANCED, 30, key=True)  # far behind
    before = len(stage.numbers)
    stage.play(60, 6)
    assert len(stage.numbers) == before, "nothing is shown while it is close"
    stage.now += MAX_PAUSE_S
    stage.asked.clear()
    stage.give(keys.ENHANCED, 31)
    stage.play(66, 3)
    assert stage.numbers[-1] == 68
    assert stage.asked == [keys.ENHANCED]
    assert_each_time_once(stage.numbers)


async def test_a_change_can_be_called_off(stage: Stage) -> None:
    stage.play(0, 5, keys.ENHANCED)
    smaller = stage.fanouts["smaller"]
    stage.playback.change(smaller)
    assert smaller.is_needed
    stage.playback.stay()
    assert (smaller.is_needed, smaller.listeners) == (False, 0)
    stage.give("smaller", 5, key=True)
    stage.play(5, 5, keys.ENHANCED)
    assert stage.playback.rendition == keys.ENHANCED
    assert stage.numbers == list(range(10))


async def test_to_the_source_and_back_keeps_the_sound_and_the_fallback(stage: Stage) -> None:
    source = stage.fanouts[keys.SOURCE]
    stage.play(0, 20, keys.ENHANCED)
    stage.playback.change(source)
    stage.play(20, 12, keys.ENHANCED)
    assert stage.playback.rendition == keys.SOURCE
    assert not stage.fanouts[keys.ENHANCED].is_needed
    stage.playback.change(stage.fanouts[keys.ENHANCED])
    stage.play(32, 40, keys.ENHANCED)
    assert stage.playback.rendition == keys.ENHANCED
    assert source.is_needed
    assert_each_time_once(stage.numbers)
    assert len(stage.numbers) == 72
    stage.playback.stop()
    assert not any(each.is_needed or each.listeners for each in stage.fanouts.values())


async def test_a_codec_that_the_viewer_lacks_is_no_key_frame(stage: Stage) -> None:
    stage.play(0, 5, keys.ENHANCED)
    stage.playback.change(stage.fanouts["smaller"])
    stage.screen.codecs = set()
    stage.give("smaller", 5, key=True)
    stage.screen.codecs = {Codec.H264}
    assert stage.playback.awaits == "smaller"


async def test_another_choice_takes_the_place_of_what_is_awaited(stage: Stage) -> None:
    stage.play(0, 5, keys.ENHANCED)
    stage.playback.change(stage.fanouts["smaller"])
    stage.playback.change(stage.fanouts[keys.SOURCE])
    assert stage.playback.awaits == keys.SOURCE
    assert not stage.fanouts["smaller"].is_needed
    stage.playback.change(stage.fanouts[keys.ENHANCED])
    assert stage.playback.awaits == ""


async def test_stopping_lets_go_of_what_is_awaited(stage: Stage) -> None:
    stage.playback.change(stage.fanouts["smaller"])
    stage.playback.stop()
    assert not any(each.is_needed or each.listeners for each in stage.fanouts.values())


async def test_the_source_does_not_stand_in_for_the_rendition_for_weak_links(stage: Stage) -> None:
    stage.play(0, 31, keys.ENHANCED, "smaller")
    stage.playback.change(stage.fanouts["smaller"])
    stage.play(31, 40, "smaller")
    assert stage.playback.rendition == "smaller"
    before = len(stage.numbers)
    stage.play(71, 60)
    assert len(stage.numbers) == before
    assert stage.playback.stalls == 0
