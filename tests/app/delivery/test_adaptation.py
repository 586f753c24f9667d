"""The choice of a rendition, by given signs, and on simulated paths."""

from __future__ import annotations

import itertools

import pytest

from app.delivery.adaptation import (
    CALM_S,
    MAX_RISE_S,
    RISE_S,
    TRIAL_S,
    WAIT_S,
    Adaptation,
    RenditionLevel,
)
from app.delivery.adaptation_state import Adapting
from app.rtp.viewer_bandwidth import PathSigns
from tests.app.rtp.viewer_path import Video, Viewer
from tests.wire.link.virtual_path import Path

LEVELS = [
    RenditionLevel("smaller", 4e5),
    RenditionLevel("source", 1.35e6),
    RenditionLevel("enhanced", 3.75e6),
]
STEP_S = 0.1


class Given:
    """An adaptation whose signs the test gives; it is shown what it wants after a moment."""

    def __init__(self, shown: str, levels: list[RenditionLevel] = LEVELS) -> None:
        self.adaptation = Adaptation()
        self.levels = levels
        self.shown = shown
        self.now = 0.0
        self.key_frames = True
        self.changes: list[tuple[float, str]] = []

    def run(self, seconds: float, signs: PathSigns) -> None:
        """The same signs for a while."""
        until = self.now + seconds
        while self.now < until:
            wanted = self.adaptation.decide(self.levels, self.shown, signs, now=self.now)
            if wanted != self.shown and self.key_frames:
                self.shown = wanted
                self.changes.append((self.now, wanted))
            self.now += STEP_S


def carries(mbps: float, loss: float = 0.0, queue_s: float = 0.0) -> PathSigns:
    return PathSigns(mbps * 1e6, loss, queue_s)


def lacks(mbps: float) -> PathSigns:
    """A path that carries no more: what is sent stands in a queue."""
    return PathSigns(mbps * 1e6, queue_s=0.3)


@pytest.mark.parametrize("shown", ["smaller", "source", "enhanced"])
def test_what_is_not_known_changes_nothing(shown: str) -> None:
    given = Given(shown)
    given.run(200, PathSigns(None))
    assert given.changes == []


@pytest.mark.parametrize(
    ("shown", "mbps", "expected"),
    [("enhanced", 2.0, "source"), ("enhanced", 1.2, "smaller"), ("source", 1.0, "smaller")],
)
def test_a_fall_leads_to_the_best_that_fits_at_once(shown: str, mbps: float, expected: str) -> None:
    given = Given(shown)
    given.run(3, carries(10))
    given.run(0.6, lacks(mbps))
    assert given.shown == expected
    assert given.adaptation.reason == "the connection carries less"


def test_a_moment_of_doubt_is_no_fall() -> None:
    given = Given("source")
    for _ in range(20):
        given.run(1.0, carries(3))
        given.run(0.2, lacks(1.3))
    assert given.changes == []


@pytest.mark.parametrize("mbps", [0.1, 0.6, 2.0, 4.0])
def test_an_estimate_alone_takes_nothing_from_who_gets_all_in_time(mbps: float) -> None:
    # Little is sent, or a busy machine reads it in bursts.
    given = Given("enhanced")
    given.run(3, carries(10))
    given.run(60, carries(mbps, loss=0.02, queue_s=0.09))
    assert given.changes == []


@pytest.mark.parametrize(
    "signs", [carries(2.0, queue_s=0.11), carries(2.0, loss=0.03)], ids=["queue", "loss"]
)
def test_a_queue_or_some_loss_proves_the_estimate(signs: PathSigns) -> None:
    given = Given("enhanced")
    given.run(3, carries(10))
    given.run(0.6, signs)
    assert given.shown == "source"


def test_much_less_is_believed_at_once() -> None:
    given = Given("enhanced")
    given.run(3, carries(10))
    given.run(2 * STEP_S, lacks(0.6))
    assert given.shown == "smaller"


def test_nothing_is_below_the_smallest() -> None:
    given = Given("smaller")
    given.run(60, carries(0.1, loss=0.5, queue_s=3.0))
    assert given.changes == []
    assert given.adaptation.state is Adapting.STEADY


def test_loss_that_lasts_leads_down_and_a_burst_of_it_does_not() -> None:
    given = Given("source")
    given.run(3, carries(10))
    given.run(1.0, carries(10, loss=0.2))
    given.run(5, carries(3, loss=0.02))
    assert given.shown == "source"
    given.run(2.0, carries(3, loss=0.2))
    assert given.shown == "smaller"
    assert given.adaptation.reason == "the connection loses packets"


def test_who_is_behind_falls() -> None:
    given = Given("source")
    given.run(3, carries(3))
    given.run(STEP_S * 2, PathSigns(3e6, is_behind=True))
    assert given.shown == "smaller"
    assert given.adaptation.reason == "the connection is behind"


def test_it_rises_step_by_step_and_slowly() -> None:
    given = Given("smaller")
    given.run(60, carries(10))
    (first, source), (second, enhanced) = given.changes
    assert (source, enhanced) == ("source", "enhanced")
    assert first == pytest.approx(RISE_S, abs=0.3)
    # The trial of the first step, then the time that the path must carry more.
    assert second - first == pytest.approx(TRIAL_S + RISE_S, abs=0.5)
    assert given.adaptation.reason == "the connection carries more"


def test_more_must_be_proved_without_a_break() -> None:
    given = Given("source")
    for _ in range(30):
        given.run(RISE_S - 1, carries(10))
        given.run(0.3, carries(4.0))
    assert given.changes == []


def test_each_rise_that_was_too_much_doubles_the_wait() -> None:
    given = Given("source")
    rises: list[float] = []
    while len(rises) < 6:
        before = len(given.changes)
        while len(given.changes) == before:
            given.run(1.0, carries(10))
        rises.append(given.now)
        while given.shown != "source":
            given.run(0.5, lacks(2))
    gaps = [later - earlier for earlier, later in itertools.pairwise(rises)]
    assert all(later > earlier - 0.1 for earlier, later in itertools.pairwise(gaps))
    assert gaps[0] == pytest.approx(2 * RISE_S, abs=3)
    assert gaps[-1] == pytest.approx(MAX_RISE_S, abs=3)


def test_rises_that_last_make_the_wait_short_again() -> None:
    given = Given("source")
    for _ in range(3):
        given.run(30, carries(10)) if given.shown == "source" else None
        given.run(1.5, lacks(2))
    given.run(200, carries(10))
    assert given.shown == "enhanced"
    given.run(TRIAL_S + 1, carries(10))
    before = given.now
    given.run(2, lacks(2))
    given.run(60, carries(10))
    assert given.shown == "enhanced"
    assert given.changes[-1][0] - before < 40


def test_a_wanted_rendition_that_does_not_come_is_given_up() -> None:
    given = Given("smaller")
    given.key_frames = False
    given.run(RISE_S + 0.5, carries(2))
    assert given.adaptation.wanted == "source"
    given.run(WAIT_S + 0.5, carries(2))
    assert given.adaptation.wanted == ""
    assert given.adaptation.state is Adapting.STEADY


def test_a_rise_that_is_awaited_is_called_off_by_trouble() -> None:
    given = Given("source")
    given.key_frames = False
    given.run(RISE_S + 0.5, carries(10))
    assert given.adaptation.wanted == "enhanced"
    given.run(0.6, lacks(1.2))
    assert given.adaptation.wanted == "smaller"
    given.key_frames = True
    given.run(1, lacks(1.2))
    assert given.shown == "smaller"


def test_an_estimate_that_proves_nothing_is_tried_after_a_calm() -> None:
    given = Given("source")
    given.run(CALM_S - 1, PathSigns(2e6, is_proved=False))
    assert given.shown == "source"
    given.run(2, PathSigns(2e6, is_proved=False))
    assert given.shown == "enhanced"
    # It grows only while it is used, so it is no trouble during the trial.
    given.run(TRIAL_S - 1, PathSigns(2e6, loss=0.05, is_proved=False))
    assert given.shown == "enhanced"
    given.run(3, PathSigns(2e6, loss=0.05, is_proved=False))
    assert given.shown == "source"


def test_a_low_estimate_of_a_viewer_that_loses_nothing_takes_nothing() -> None:
    given = Given("enhanced")
    given.run(60, PathSigns(3e5, is_proved=False))
    assert given.changes == []


def test_a_rendition_that_is_gone_stays_the_owners_matter() -> None:
    given = Given("other")
    given.run(20, carries(0.1))
    assert given.shown == "other"


def test_one_rendition_alone_is_never_changed() -> None:
    given = Given("source", [RenditionLevel("source", 1.35e6)])
    given.run(60, carries(0.1, loss=0.5))
    assert given.changes == []


VIDEOS = {"smaller": Video(400), "source": Video(1350), "enhanced": Video(3750)}


class Loop:
    """A viewer on a simulated path, whose rendition follows the choice with each key frame."""

    KEY_FRAME_S = 0.2

    def __init__(self, path: Path, shown: str, *, seed: int = 1) -> None:
        self.viewer = Viewer(path, VIDEOS[shown], seed=seed)
        self.adaptation = Adaptation()
        self.shown = shown
        self.changes: list[tuple[float, str]] = []
        self._due: tuple[float, str] | None = None
        self.viewer.on_tick = self._tick

    def _tick(self, now: float) -> None:
        bandwidth = self.viewer.bandwidth
        signs = PathSigns(bandwidth.estimate_bps, bandwidth.loss, bandwidth.queue_s)
        wanted = self.adaptation.decide(LEVELS, self.shown, signs, now=now)
        if wanted == self.shown:
            self._due = None
        elif self._due is None or self._due[1] != wanted:
            self._due = (now + self.KEY_FRAME_S, wanted)
        if self._due is not None and now >= self._due[0]:
            self.shown, self.viewer.video = wanted, VIDEOS[wanted]
            self.changes.append((now, wanted))

    def run(self, seconds: float) -> None:
        """Lets time pass."""
        self.viewer.run(seconds)


@pytest.mark.parametrize("queue_s", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_path_that_falls_to_0_8_has_a_rendition_that_fits_within_2_seconds(
    queue_s: float, seed: int
) -> None:
    loop = Loop(Path(rate_bps=3e6, queue_s=queue_s), "source", seed=seed)
    loop.run(8 + seed / 3)
    assert loop.changes == []
    fell_at = loop.viewer.now
    loop.viewer.path.rate_bps = 0.8e6
    loop.run(20)
    ((changed_at, shown),) = loop.changes
    assert shown == "smaller"
    assert changed_at - fell_at < 2.0
    loop.viewer.path.rate_bps = 8e6
    loop.run(60)
    assert [name for _, name in loop.changes] == ["smaller", "source", "enhanced"]


@pytest.mark.parametrize("queue_s", [0.1, 0.3, 1.0])
def test_two_steps_down_take_less_than_three_seconds(queue_s: float) -> None:
    loop = Loop(Path(rate_bps=8e6, queue_s=queue_s), "enhanced")
    loop.run(8)
    fell_at = loop.viewer.now
    loop.viewer.path.rate_bps = 0.8e6
    loop.run(10)
    assert loop.shown == "smaller"
    assert loop.changes[-1][0] - fell_at < 3.0


@pytest.mark.parametrize(
    ("path", "shown", "expected"),
    [
        (Path(rate_bps=3e6), "source", "source"),
        (Path(rate_bps=8e6, loss=0.02), "enhanced", "enhanced"),
        (Path(rate_bps=8e6, loss=0.05), "enhanced", "enhanced"),
        (Path(rate_bps=8e6, jitter_s=0.01), "source", "enhanced"),
        (Path(rate_bps=0.7e6), "source", "smaller"),
    ],
    ids=["3 Mbit/s", "2 % loss", "5 % loss", "jitter", "0.7 Mbit/s"],
)
def test_a_path_that_stays_as_it_is_brings_no_flapping(
    path: Path, shown: str, expected: str
) -> None:
    loop = Loop(path, shown)
    loop.run(180)
    assert loop.shown == expected
    assert len(loop.changes) <= 2


def test_traffic_of_others_comes_and_goes() -> None:
    loop = Loop(Path(rate_bps=8e6), "enhanced")
    loop.run(20)
    loop.viewer.cross_bps = 6e6
    loop.run(30)
    assert loop.shown in ("source", "smaller")
    loop.viewer.cross_bps = 0.0
    loop.run(120)
    assert loop.shown == "enhanced"
    # Down by two steps and up again, and the same for one trial that failed meanwhile.
    assert len(loop.changes) <= 8
