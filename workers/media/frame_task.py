"""One frame on its way through the pipeline."""

from __future__ import annotations

import dataclasses

from media.access_unit import AccessUnit, Checkpoint
from media.treatment import Treatment
from wire import clock
from workers.media.frame_info import CodecInfo
from workers.media.picture import Picture
from workers.media.route import Route


@dataclasses.dataclass(slots=True)
class FrameTask:
    """A source unit and what became of it so far; owned by one thread at a time."""

    unit: AccessUnit
    "The access unit as it was read from the source log."
    route: Route
    arrived: float
    "Arrival of its last packet at the server, in seconds of this process's monotonic clock."
    is_replay: bool = False
    "True for a frame that is only decoded, so that the frames after it can be."
    stamps: list[tuple[Checkpoint, int]] = dataclasses.field(default_factory=list)
    "Times of the checkpoints passed here, in the order of travel."
    picture: Picture | None = None
    "The source's picture, then the enhanced one."
    info: CodecInfo | None = None
    "Motion and quantizers of the source's picture; None before it was decoded."
    queued: float = 0.0
    "Time at which it was handed to the upscaler's queue, on the clock of ``arrived``."
    held_s: float = 0.0
    "Time for which it was held back on purpose, for helpers' results."
    treatment: Treatment = Treatment.UNSAID
    "Treatment of the picture."
    net: str = ""
    "Name of the net that made it; empty where none did."

    made_by: str = ""
    "Quality level of the enhanced picture, and the reason for it; empty before it was made."

    @property
    def due(self) -> float:
        """Time from which its age counts: a frame that was held on purpose is not late for that."""
        return self.arrived + self.held_s

    def copy_for(self, route: Route) -> FrameTask:
        """Returns the same frame, for the thread that takes it on that route."""
        # The list is copied: both threads go on stamping their own frame.
        return dataclasses.replace(self, route=route, stamps=[*self.stamps])

    def stamp(self, checkpoint: Checkpoint) -> None:
        """Notes that the checkpoint was passed now."""
        self.stamps.append((checkpoint, clock.now_us()))

    def all_stamps(self) -> tuple[tuple[Checkpoint, int], ...]:
        """Returns the source's stamps and those taken here."""
        return (*self.unit.stamps, *self.stamps)
