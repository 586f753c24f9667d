"""States of a stream's own net."""

from __future__ import annotations

import enum

from wire.state_machine import TransitionTable


class TuningState(enum.Enum):
    """State of a stream's own net; the value stands in the lead's heartbeat and in the API."""

    COLLECTING = "collecting"
    "Pictures are kept to learn from."
    TRAINING = "training"
    "A net is trained on them, or waits for its turn."
    USED = "used"
    "The stream's own net makes its pictures."
    JUDGED = "judged"
    "It does, and is compared with the shipped one on newer pictures."
    RESTING = "resting"
    "The last try was not worth it, or could not be made."


class TuningEvent(enum.Enum):
    """An event in the life of a stream's own net."""

    ASK = "ask"
    "Enough pictures are there."
    KEEP = "keep"
    "The tuned net is better on pictures that were held back."
    REFUSE = "refuse"
    "It is not, or there is none."
    RETRY = "retry"
    "The rest is over."
    CUT = "cut"
    "The scene changed: what was learnt does not hold."


_CUT = {TuningEvent.CUT: TuningState.COLLECTING}

TUNING = TransitionTable(
    "Nets tuned on a stream",
    TuningState.COLLECTING,
    {
        TuningState.COLLECTING: {TuningEvent.ASK: TuningState.TRAINING, **_CUT},
        TuningState.TRAINING: {
            TuningEvent.KEEP: TuningState.USED,
            TuningEvent.REFUSE: TuningState.RESTING,
            **_CUT,
        },
        TuningState.USED: {TuningEvent.ASK: TuningState.JUDGED, **_CUT},
        TuningState.JUDGED: {
            TuningEvent.KEEP: TuningState.USED,
            TuningEvent.REFUSE: TuningState.RESTING,
            **_CUT,
        },
        # A cut shows other pictures, with which it may be worth it at once.
        TuningState.RESTING: {TuningEvent.RETRY: TuningState.COLLECTING, **_CUT},
    },
)
