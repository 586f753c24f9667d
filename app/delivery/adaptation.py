"""Chooses the rendition of a viewer by what its path carries; no I/O, no clock.

Down within two seconds, since a picture that stands is worse than a small one; up slowly, and ever
more slowly after each time that it was too much, since each change costs a key frame.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from app.delivery.adaptation_state import ADAPTATION, AdaptEvent, Adapting
from app.rtp.send_queue import SOME_LOSS, STANDING_S
from app.rtp.viewer_bandwidth import PathSigns
from wire.held_since import held_since
from wire.state_machine import StateMachine

MARGIN = 1.1
"""A rendition needs this many times its rate: key frames, sound and repeated packets."""

UNPROVED = 0.8
"""The same for a viewer's own estimate (REMB), which grows only while it is used."""

RISE_MARGIN = 1.3
"""It is gone up to only where the estimate is this many times its rate."""

SHORT_S = 0.25
"""The estimate must be too low for so long; at half of what is needed it is believed at once."""

HIGH_LOSS, LOSS_S = 0.10, 1.5
"""Loss above a tenth that lasts shows in the picture, whatever the estimate says."""

LONG_QUEUE_S = 0.4
"""A queue on the path that is longer makes the viewer's player wait."""

RISE_S, MAX_RISE_S = 5.0, 80.0
"""Time for which the path must carry more before it is tried; doubles with each trial that failed,
and halves with each that succeeded."""

TRIAL_S = 5.0
"""Trouble sooner than this after a rise says that the rise was too much."""

WAIT_S = 4.0
"""The key frame of a wanted rendition is waited for no longer: a publisher may make none when it is
asked, and a worker may have no time."""

SETTLE_S = 1.0
"""Time after a change in which the signs are still those of the rendition before it."""

CALM_S = 20.0
"""Time without trouble after which more is tried although nothing proves it: a viewer that sends no
transport-wide feedback estimates little more than it gets."""


@dataclasses.dataclass(frozen=True, slots=True)
class RenditionLevel:
    """One rendition that a viewer could be shown."""

    name: str
    bps: float
    "Its rate, measured or as it is to be encoded."


class Adaptation:
    """The choice for one viewer. ``now`` in seconds, never going back."""

    def __init__(self) -> None:
        self._life = StateMachine(ADAPTATION, owner="viewer's adaptation")
        self._wanted = ""
        self._since = float("-inf")
        "Begin of the state."
        self._short_since: float | None = None
        self._lossy_since: float | None = None
        self._more_since: float | None = None
        self._calm_since: float | None = None
        self._rise_s = RISE_S
        self.reason = ""
        "The reason of the last change, as a part of a sentence."

    @property
    def state(self) -> Adapting:
        """The state of the adaptation."""
        return self._life.state

    @property
    def wanted(self) -> str:
        """The rendition that is to be shown; empty where the present one may stay."""
        return self._wanted

    def decide(
        self, levels: Sequence[RenditionLevel], shown: str, signs: PathSigns, *, now: float
    ) -> str:
        """Returns the rendition to show from the next key frame on, ``shown`` where it may stay.

        ``levels`` are those that may be had, by growing rate.
        """
        self._follow(shown, now)
        index = next((n for n, each in enumerate(levels) if each.name == shown), None)
        if index is None:
            return self._wanted or shown
        target = self._wanted or shown
        aim = next((n for n, each in enumerate(levels) if each.name == target), index)
        if now - self._since >= SETTLE_S or self.state in (Adapting.RISING, Adapting.TRIAL):
            trouble = self._trouble(levels[aim], signs, now)
            if trouble and aim:
                return self._fall(levels, aim, signs, trouble, now)
        if self.state is Adapting.TRIAL and now - self._since >= TRIAL_S:
            self._rise_s = max(RISE_S, self._rise_s / 2)
            self._go(AdaptEvent.PROVED, now)
        following = levels[index + 1 : index + 2] if self.state is Adapting.STEADY else ()
        for level in following:
            if self._may_rise(level, signs, now):
                self._wanted = level.name
                self.reason = "the connection carries more"
                self._go(AdaptEvent.HIGHER, now)
        return self._wanted or shown

    def _follow(self, shown: str, now: float) -> None:
        """Notes what became of a change."""
        if self.state not in (Adapting.FALLING, Adapting.RISING):
            return
        if shown == self._wanted:
            self._wanted = ""
            self._go(AdaptEvent.CHANGED, now)
        elif now - self._since > WAIT_S:
            if self.state is Adapting.RISING:
                self._rise_s = min(2 * self._rise_s, MAX_RISE_S)
            self._wanted = ""
            self._go(AdaptEvent.GIVEN_UP, now)

    def _trouble(self, level: RenditionLevel, signs: PathSigns, now: float) -> str:
        """Returns why the path does not carry the rendition; empty while it does."""
        need = (MARGIN if signs.is_proved else UNPROVED) * level.bps
        estimate = signs.estimate_bps
        is_short = estimate is not None and estimate < need
        is_short = is_short and (signs.queue_s >= STANDING_S or signs.loss > SOME_LOSS)
        if self.state is Adapting.TRIAL and not signs.is_proved:
            is_short = False  # what grows only while it is used must have had the time
        self._short_since = held_since(self._short_since, is_short, now=now)
        self._lossy_since = held_since(self._lossy_since, signs.loss > HIGH_LOSS, now=now)
        short_s = 0.0 if is_short and (estimate or 0.0) < need / 2 else SHORT_S
        if self._short_since is not None and now - self._short_since >= short_s:
            return "the connection carries less"
        if self._lossy_since is not None and now - self._lossy_since >= LOSS_S:
            return "the connection loses packets"
        if signs.is_behind or (signs.queue_s > LONG_QUEUE_S and is_short):
            return "the connection is behind"
        return ""

    def _fall(
        self, levels: Sequence[RenditionLevel], aim: int, signs: PathSigns, trouble: str, now: float
    ) -> str:
        # A path of which little is known, or that loses much, is given one step less.
        fitting = [
            each
            for each in levels[:aim]
            if signs.estimate_bps is None or MARGIN * each.bps <= signs.estimate_bps
        ]
        if self.state in (Adapting.TRIAL, Adapting.RISING):
            self._rise_s = min(2 * self._rise_s, MAX_RISE_S)
        self._wanted = (fitting[-1] if fitting else levels[0]).name
        self.reason = trouble
        self._go(AdaptEvent.LOWER, now)
        return self._wanted

    def _may_rise(self, level: RenditionLevel, signs: PathSigns, now: float) -> bool:
        if signs.loss > HIGH_LOSS or signs.is_behind or signs.estimate_bps is None:
            self._more_since = self._calm_since = None
            return False
        has_more = signs.estimate_bps >= RISE_MARGIN * level.bps
        self._more_since = held_since(self._more_since, has_more, now=now)
        self._calm_since = held_since(self._calm_since, not signs.is_proved, now=now)
        factor = self._rise_s / RISE_S
        return (self._more_since is not None and now - self._more_since >= self._rise_s) or (
            self._calm_since is not None and now - self._calm_since >= CALM_S * factor
        )

    def _go(self, event: AdaptEvent, now: float) -> None:
        self._life.apply(event)
        self._since = now
        self._short_since = self._lossy_since = self._more_since = self._calm_since = None
