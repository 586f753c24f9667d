"""The largest layer that workers enhance, in virtual time: ``layer_limit.py``."""

from __future__ import annotations

from app.streams.layer_limit import MAX_RETRY_S, PATIENCE_S, RETRY_S, LayerLimit
from wire.heartbeat import StreamWork

LARGE, SMALL = 1280 * 720, 640 * 360


class Site:
    """A stream whose source follows the limit, and a worker that enhances what it can."""

    def __init__(self, able: int) -> None:
        self.limit = LayerLimit()
        self.able = able
        "Pixels that the worker enhances."
        self.now = 0.0
        self.state = "enhancing"
        self.frames = self.enhanced = 0
        self.epoch = 1
        self.changes: list[tuple[float, int]] = []
        self.source = LARGE

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds)):
            self.now += 1.0
            self.frames += 30
            self.enhanced += 30 if self.source <= self.able else 5
            work = StreamWork(
                stream="cam1",
                rendition="enhanced",
                epoch=self.epoch,
                state=self.state,
                frames_out=self.frames,
                enhanced=self.enhanced,
            )
            self.tell(work)

    def tell(self, work: StreamWork | None) -> None:
        limit = self.limit.judge(work, self.source, now=self.now)
        source = LARGE if limit is None or limit >= LARGE else SMALL
        if source != self.source:
            self.source = source
            self.changes.append((self.now, source))


def test_what_is_enhanced_stays() -> None:
    site = Site(LARGE)
    site.run(300)
    assert site.changes == []


def test_a_source_that_is_mostly_resized_makes_way_after_a_while() -> None:
    site = Site(SMALL)
    site.run(30)
    ((at, source),) = site.changes
    assert source == SMALL
    assert PATIENCE_S <= at <= PATIENCE_S + 3


def test_so_does_one_that_is_only_copied() -> None:
    site = Site(SMALL)
    site.state = "bypass"
    site.run(PATIENCE_S + 3)
    assert site.source == SMALL


def test_the_larger_one_is_tried_again_ever_more_seldom() -> None:
    site = Site(SMALL)
    site.run(3600)
    tries = [at for at, source in site.changes if source == LARGE]
    gaps = [b - a for a, b in zip(tries, tries[1:], strict=False)]
    assert RETRY_S <= tries[0] <= RETRY_S + 20
    assert gaps == sorted(gaps)
    assert gaps[-1] > 4 * gaps[0]
    assert len(tries) <= 3600 / RETRY_S / 4
    assert site.limit._retry_s <= MAX_RETRY_S


def test_workers_that_joined_get_the_larger_one() -> None:
    site = Site(SMALL)
    site.run(30)
    site.able = LARGE
    site.run(RETRY_S + 5)
    assert site.source == LARGE
    site.run(600)
    assert site.source == LARGE


def test_nobody_at_work_and_nobody_who_watches_limit_nothing() -> None:
    site = Site(SMALL)
    for state in ("idle", "off", "starting"):
        site.state = state
        site.run(30)
    for _ in range(30):
        site.now += 1
        site.tell(None)
    assert site.changes == []


def test_another_lead_is_judged_by_its_own_frames() -> None:
    site = Site(SMALL)
    site.run(PATIENCE_S - 2)
    site.epoch, site.frames, site.enhanced, site.able = 2, 0, 0, LARGE
    site.run(60)
    assert site.changes == []
