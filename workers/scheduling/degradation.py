"""What a frame gets, and one stream's way down and up between the rungs.

Down at once: a frame takes the best rung that its stream's share of the engine pays for and that
will be in time. Up with hysteresis: a better rung must have been within the share for a while.
"""

from __future__ import annotations

import dataclasses
import enum

from workers.scheduling.codel import CoDel
from workers.scheduling.deadlines import LONGEST_S, StaleFrameFilter, latest_s

UP_AFTER_S = 1.0
"""For how long a better rung must have been within the share before a stream steps up."""

MOST_REUSED = 0.7
"""Where more of a picture than this is to be made anew, the whole net is the better choice."""

ENOUGH_REFRESHED = 0.5
"""A smaller net is better than reuse that refreshes less than this part of what it wants to."""

LEAST_REFRESHED = 0.25
"""Where reuse would refresh less than this part of what it wants to, it is not begun with ..."""

LEAST_KEPT = 0.1
"""... and below this it ends: other streams have more of the time. Of what it keeps with all that
it wishes for, ``live-s`` keeps 0.82 with a half, 0.64 with a quarter, 0.47 with 0.15 and 0.2 with
0.05 (fixed camera); a wish that is not met grows to twice as much.
"""


class QualityLevel(enum.IntEnum):
    """What is done with a frame; the greater, the better it looks."""

    DROP = 0
    "Nothing: it is too old to be shown."
    BICUBIC = 1
    "A resize."
    SMALL = 2
    "A smaller net of the same scale."
    TEMPORAL = 3
    "The last enhanced picture, moved; the net on the regions where that is worst."
    FULL = 4
    "The net on the whole picture."


NETS = (QualityLevel.SMALL, QualityLevel.TEMPORAL, QualityLevel.FULL)
"""The rungs that take the engine's time."""


class Reason(enum.Enum):
    """Why a frame gets its rung and not the next better one."""

    BEST = "best"
    "There is no better one."
    ALLOCATION = "allocation"
    "The stream's share of the engine does not pay for a better one."
    SAVED = "saved"
    "It is better than the share pays for on every frame: paid with what frames before it left."
    LATE = "late"
    "A better one would come too late."
    BUSY = "busy"
    "A better one would be in time if other streams' frames were not before it."
    SLOW = "slow"
    "A better one takes so long that it would hold up the stream."
    PROBE = "probe"
    "It is better than the share pays for: once in a while, to learn what it costs by now."
    NO_NET = "no_net"
    "There is no net yet."
    TOO_LATE = "too_late"
    "Nobody would see the frame in its place."
    OVERCOMMITTED = "overcommitted"
    "More frames come than the cores can put out; some are left out, so that the others are young."


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """What one frame gets."""

    rung: QualityLevel
    share: float = 0.0
    "For REUSE: of the whole net's work, that its regions may take, 0..1; 0 on other rungs."
    reason: Reason = Reason.BEST


@dataclasses.dataclass(frozen=True, slots=True)
class Option:
    """A net rung that a frame could have, and its price."""

    rung: QualityLevel
    price_ms: float
    "Of the stream's share; for REUSE with all that it wants to refresh."
    seconds: float
    "From taking the engine to the enhanced picture, cautiously; for REUSE without any region."
    fixed_ms: float = 0.0
    "For REUSE: the part of ``price_ms`` that is due when nothing is refreshed."
    turn_s: float = 0.0
    "For how long the engine is taken; for REUSE without any region."
    whole_s: float = 0.0
    "For REUSE: for how long regions as large as the picture would take the engine."


@dataclasses.dataclass(frozen=True, slots=True)
class FrameContext:
    """When a frame is looked at."""

    age_s: float
    "Since its last packet reached the server."
    wait_s: float
    "Until the engine has done what was chosen before."
    interval_s: float
    "From frame to frame."
    want_share: float = 1.0
    "Of the picture that the reuser would like to refresh, 0..1."
    whole_ms: float = 0.0
    "The whole net's price, whether or not it is offered: what reuse may save for."
    is_trial: bool = False
    "The whole net is to be tried whatever the share pays for, if it is in time."
    refused: Reason | None = None
    "Why reuse was not planned for, if ``foresee`` said so."


class DegradationPolicy:
    """One stream. ``follow`` what its share pays for, ``choose`` for each frame, tell what was
    ``spent``.

    A stream whose share pays for no net on every frame saves it up for one now and then, unless
    streams take turns, which is what they do where they reuse; so does
    one that reuses, for the frames that can reuse little. Otherwise the rung stays what it is:
    pictures that change between two nets are worse to look at than the smaller one's.
    """

    def __init__(self) -> None:
        self._level = QualityLevel.FULL
        self._higher_since: float | None = None
        self._least_higher = QualityLevel.FULL
        self._ms_per_s = 0.0
        self._takes_turns = False
        self._patience = StaleFrameFilter()
        self._shedding = CoDel()
        self._saved_ms = 0.0
        self._saved_at: float | None = None

    @property
    def level(self) -> QualityLevel:
        """The best rung that the share pays for on every frame."""
        return self._level

    @property
    def ms_per_s(self) -> float:
        """The share of what there is, in milliseconds of the engine."""
        return self._ms_per_s

    def follow(
        self, level: QualityLevel, ms_per_s: float, *, now: float, takes_turns: bool = False
    ) -> None:
        """The stream has this share, which pays for ``level`` on every frame; with ``takes_turns``
        it has no net on single ones where that is BICUBIC.
        """
        self._ms_per_s = ms_per_s
        self._takes_turns = takes_turns
        if level <= self._level:
            self._level, self._higher_since = level, None
        elif self._higher_since is None:
            self._higher_since, self._least_higher = now, level
        else:
            self._least_higher = min(self._least_higher, level)
            if now - self._higher_since >= UP_AFTER_S:
                self._level, self._higher_since = self._least_higher, None

    def foresee(self, reuse: Option, moment: FrameContext, *, now: float) -> Reason | None:
        """Why a frame cannot have ``reuse``, priced as usual, so that there is no use in planning
        for it; None where it might. What planning takes is thought to have passed.
        """
        self._save([reuse], moment.whole_ms, now)
        return None if moment.is_trial else self._refusal(reuse, moment)

    def choose(self, offers: list[Option], moment: FrameContext, *, now: float) -> Choice:
        """What a frame gets of ``offers`` (net rungs, each once); BICUBIC can always be had."""
        if moment.refused is None:
            self._save(offers, moment.whole_ms, now)
        if self._patience.ends(moment.age_s, now=now):
            return Choice(QualityLevel.DROP, reason=Reason.TOO_LATE)
        if self._shedding.leaves_out(moment.age_s, now=now):
            return Choice(QualityLevel.DROP, reason=Reason.OVERCOMMITTED)
        why = moment.refused or Reason.BEST
        if not offers and moment.refused is None:
            is_late = moment.age_s > latest_s(takes_s=0.0, interval_s=moment.interval_s)
            why = Reason.LATE if is_late else Reason.NO_NET
        last_resort = None
        for offer in sorted(offers, key=lambda one: one.rung, reverse=True):
            refusal = self._refusal(offer, moment)
            if refusal is None and offer.rung is QualityLevel.TEMPORAL:
                choice = Choice(offer.rung, self._reuse_share(offer, moment), why)
                if _is_enough(choice.share, moment):
                    return choice
                last_resort, refusal = last_resort or choice, Reason.ALLOCATION
            if refusal is None:
                return Choice(offer.rung, reason=self._why(offer, moment, why))
            why = refusal
        return last_resort or Choice(QualityLevel.BICUBIC, reason=why)

    def spent(self, price_ms: float) -> None:
        """What a frame took of the share."""
        self._saved_ms -= price_ms

    def _save(self, offers: list[Option], whole_ms: float, now: float) -> None:
        """Adds the share since the last frame; saves for one frame and what comes meanwhile."""
        if self._saved_at is not None:
            self._saved_ms += self._ms_per_s * max(0.0, now - self._saved_at)
        self._saved_at = now
        prices = [offer.price_ms for offer in offers]
        most = 0.0
        if prices:
            most = 2 * min(prices) if self._level is QualityLevel.BICUBIC else 1.25 * whole_ms
        self._saved_ms = max(-most, min(self._saved_ms, most))

    def _refusal(self, offer: Option, moment: FrameContext) -> Reason | None:
        """Why not; None if it may be had."""
        if offer.seconds > LONGEST_S:
            return Reason.SLOW
        if offer.rung > self._level and not _is_tried(offer, moment):
            may_spend = (self._level is QualityLevel.BICUBIC and not self._takes_turns) or (
                self._level is QualityLevel.TEMPORAL and moment.want_share > MOST_REUSED
            )
            if not may_spend or self._saved_ms < offer.price_ms:
                return Reason.ALLOCATION
        left_s = _left_s(offer, moment)
        if offer.rung is QualityLevel.TEMPORAL:
            # Without regions it does not wait for the engine, and takes little longer than a
            # resize, which among pictures by a net would be seen.
            left_s += moment.wait_s + moment.interval_s
        if left_s < 0:
            return Reason.BUSY if left_s + moment.wait_s >= 0 else Reason.LATE
        return None

    def _why(self, offer: Option, moment: FrameContext, why: Reason) -> Reason:
        if offer.rung <= self._level:
            return why
        return Reason.PROBE if _is_tried(offer, moment) else Reason.SAVED

    def _reuse_share(self, offer: Option, moment: FrameContext) -> float:
        """For the regions: what is wanted, as far as there is time, and share or savings pay."""
        share = moment.want_share
        wanted_ms = offer.price_ms - offer.fixed_ms
        if wanted_ms > 0.0:
            paid_ms = max(self._ms_per_s * moment.interval_s, self._saved_ms) - offer.fixed_ms
            share = min(share, share * paid_ms / wanted_ms)
        if offer.whole_s > 0.0:
            share = min(share, _left_s(offer, moment) / offer.whole_s)
        return max(0.0, share)


def _is_tried(offer: Option, moment: FrameContext) -> bool:
    return moment.is_trial and offer.rung is QualityLevel.FULL


def _left_s(offer: Option, moment: FrameContext) -> float:
    """How much later the frame could leave the net and still be in time."""
    latest = latest_s(takes_s=offer.seconds, interval_s=moment.interval_s)
    return latest - moment.age_s - moment.wait_s - offer.seconds


def _is_enough(share: float, moment: FrameContext) -> bool:
    return moment.want_share <= MOST_REUSED and share >= ENOUGH_REFRESHED * moment.want_share
