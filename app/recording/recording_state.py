"""States of a recording: from the first node that begins it to its end.

::

    WAITING --begun--> RECORDING --refused--> HELD --relieved--> WAITING
    WAITING, RECORDING, HELD --end--> ENDED
"""

from __future__ import annotations

import enum

from wire.state_machine import TransitionTable


class RecordingState(enum.Enum):
    """RecordingState of a recording; the value stands in the API."""

    WAITING = "waiting"
    "No picture came yet that a file could begin with."
    RECORDING = "recording"
    "A file is being written."
    HELD = "held"
    "Nothing is written: the disk has no space, or refuses."
    ENDED = "ended"
    "Nothing is recorded any more."


class RecordingEvent(enum.Enum):
    """An event in the life of a recording."""

    BEGUN = "begun"
    "A key frame began a file."
    REFUSED = "refused"
    "The disk took no more."
    RELIEVED = "relieved"
    "A fragment is on the disk again."
    END = "end"
    "The stream is over, it is not to be recorded, or another node records it."


RECORDING = TransitionTable(
    "Recordings",
    RecordingState.WAITING,
    {
        RecordingState.WAITING: {
            RecordingEvent.BEGUN: RecordingState.RECORDING,
            RecordingEvent.REFUSED: RecordingState.HELD,
            RecordingEvent.END: RecordingState.ENDED,
        },
        RecordingState.RECORDING: {
            RecordingEvent.BEGUN: RecordingState.RECORDING,
            RecordingEvent.REFUSED: RecordingState.HELD,
            RecordingEvent.END: RecordingState.ENDED,
        },
        RecordingState.HELD: {
            RecordingEvent.REFUSED: RecordingState.HELD,
            RecordingEvent.RELIEVED: RecordingState.WAITING,
            RecordingEvent.END: RecordingState.ENDED,
        },
        RecordingState.ENDED: {RecordingEvent.END: RecordingState.ENDED},
    },
)
