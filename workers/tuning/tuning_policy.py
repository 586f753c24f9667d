"""Decides when a stream's pictures are kept, when its net is tuned and whether it is used."""

from __future__ import annotations

import dataclasses
import enum

from wire.state_machine import StateMachine
from workers.tuning.tuning_state import TUNING, TuningEvent, TuningState

SHOWN = 12
"""Pictures that a net learns from. With more of one scene little is gained (docs/tuning.md)."""

HELD_BACK = 4
"""Pictures that are kept to judge by, newer than those that were shown."""

PICTURE_S = 1.0
"""Seconds between two pictures that are kept: of one scene, neighbours teach the same."""

JUDGE_S = 30.0
"""Seconds between two comparisons of a net that is used: a camera may turn without a cut."""

REST_S = 120.0
"""Seconds until the next try where one was not worth it."""

MIN_IDLE_S = 0.25
"""Seconds per second that must be left for tuning. The process takes only what nobody wants, but
what it has in the caches of the processor costs the others a few per cent."""

MIN_IDLE_TIME_S = 5.0
"""Seconds for which they must have been left."""


MIN_GAIN_DB = 0.5
"""A tuned net is used if its squared error against the teacher is so much smaller than the shipped
net's, on pictures that were held back. The teacher is nearer to the original by a few tenths of a
dB only: a net that moves a little towards it may owe that to chance (docs/tuning.md)."""


class Purpose(enum.Enum):
    """The use of a picture that is kept."""

    SHOWN = "shown"
    HELD_BACK = "held back"


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """A question for the tuner: to tune a net, or to judge the one in use."""

    is_new: bool
    "True: a net is to be tuned; False: the one that is used is to be judged."
    number: int
    "Names the scene; answers for an earlier one are not taken."


class TuningPolicy:
    """One stream's policy. It counts pictures; the caller keeps them."""

    def __init__(self, *, owner: str) -> None:
        self._life: StateMachine[TuningState, TuningEvent] = StateMachine(TUNING, owner=owner)
        self.number = 0
        "Number of the scene; pictures of an earlier one are to be thrown away."
        self.gain_db = 0.0
        "Gain of the net in use at the last comparison."
        self._shown = self._held_back = 0
        self._kept_at = self._since = float("-inf")
        self._idle_since: float | None = None
        self._is_asked = False

    @property
    def state(self) -> TuningState:
        """State of the stream's own net."""
        return self._life.state

    @property
    def is_used(self) -> bool:
        """True while the stream's own net makes the pictures."""
        return self.state in (TuningState.USED, TuningState.JUDGED)

    def may_work(self, idle_s: float, *, now: float) -> bool:
        """Takes the seconds per second that are left; True while tuning may take of them.

        Saturation suspends it at once, and it goes on after some seconds of rest.
        """
        if idle_s < MIN_IDLE_S:
            self._idle_since = None
            return False
        if self._idle_since is None:
            self._idle_since = now
        return now - self._idle_since >= MIN_IDLE_TIME_S

    def cut(self, *, now: float) -> None:
        """Notes that a new scene begins: the shipped net makes it, and pictures are kept anew."""
        self._life.apply(TuningEvent.CUT)
        self._start(now)

    def purpose(self, *, now: float) -> Purpose | None:
        """Returns the use of the picture of now, to be kept by the caller; None if it has none."""
        if now - self._kept_at < PICTURE_S:
            return None
        if self.state is TuningState.RESTING and now - self._since >= REST_S:
            self._life.apply(TuningEvent.RETRY)
            self._start(now)
        if self.state is TuningState.COLLECTING and self._shown < SHOWN:
            self._shown += 1
            self._kept_at = now
            return Purpose.SHOWN
        is_due = self.state is TuningState.COLLECTING or (
            self.state is TuningState.USED and now - self._since >= JUDGE_S
        )
        if not is_due or self._held_back >= HELD_BACK:
            return None
        self._held_back += 1
        self._kept_at = now
        return Purpose.HELD_BACK

    def question(self) -> Question | None:
        """Returns what is to be asked now, once for each set of pictures; None if nothing is."""
        if self._held_back < HELD_BACK or self._is_asked:
            return None
        is_new = self.state is TuningState.COLLECTING
        self._life.apply(TuningEvent.ASK)
        self._is_asked = True
        return Question(is_new, self.number)

    def answer(self, question: Question, gain_db: float | None, *, now: float) -> bool:
        """Takes the gain on the held-back pictures, None where there is no net; True if the net is
        to be used from now on.
        """
        if question.number != self.number or not self._is_asked:
            return False
        self._is_asked, self._held_back, self._since = False, 0, now
        if gain_db is None or gain_db < MIN_GAIN_DB:
            self._life.apply(TuningEvent.REFUSE)
            self.gain_db = 0.0
            return False
        self._life.apply(TuningEvent.KEEP)
        self.gain_db = gain_db
        return True

    def _start(self, now: float) -> None:
        self.number += 1
        self._shown = self._held_back = 0
        self._is_asked, self.gain_db = False, 0.0
        self._since = now
