"""States of a worker process: from its start until it has given everything back."""

from __future__ import annotations

import enum
import logging

from wire.state_machine import StateMachine, TransitionTable

log = logging.getLogger(__name__)


class WorkerState(enum.Enum):
    """State of a worker process; the value stands in its heartbeat."""

    STARTING = "starting"
    "It asks Redis, and looks for what an earlier start measured."
    CALIBRATING = "calibrating"
    "It chooses an engine and measures its capacity."
    WORKING = "working"
    "It claims jobs up to its capacity."
    DRAINING = "draining"
    "It claims nothing more and gives its streams back."
    STOPPED = "stopped"


class WorkerEvent(enum.Enum):
    """An event in the life of a worker process."""

    CALIBRATE = "calibrate"
    "Nothing that was measured before can be used."
    WORK = "work"
    "The capacity is known."
    STOP = "stop"
    "It was told to stop."
    LEAVE = "leave"
    "All streams are given back, or the time for it is over."


# A process that is told to stop while it calibrates becomes a working one first, and stops at once.
WORKER = TransitionTable(
    "Worker processes",
    WorkerState.STARTING,
    {
        WorkerState.STARTING: {
            WorkerEvent.CALIBRATE: WorkerState.CALIBRATING,
            WorkerEvent.WORK: WorkerState.WORKING,
        },
        WorkerState.CALIBRATING: {WorkerEvent.WORK: WorkerState.WORKING},
        WorkerState.WORKING: {WorkerEvent.STOP: WorkerState.DRAINING},
        WorkerState.DRAINING: {WorkerEvent.LEAVE: WorkerState.STOPPED},
    },
)

WorkerLife = StateMachine[WorkerState, WorkerEvent]


def worker_life(name: str) -> WorkerLife:
    """Returns the state of a worker process that starts; it logs its transitions."""

    def tell(before: WorkerState, event: WorkerEvent, after: WorkerState) -> None:
        log.info("worker %s: %s", name, after.value, extra={"action": f"worker_{after.value}"})

    return StateMachine(WORKER, owner=f"worker {name}", on_change=tell)
