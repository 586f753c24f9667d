"""An upscale method: one way to make a frame's picture for a rendition."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Protocol

from workers.media.frame_info import CodecInfo
from workers.media.picture import Picture
from workers.scheduling.cost_model import CostModel
from workers.scheduling.decision import Decision
from workers.scheduling.option import MethodInfo, Option
from workers.upscale.frame_timer import FrameTimer
from workers.upscale.stream_models import StreamModels
from workers.upscale.team_frame import MadeRegion, TeamFrame


@dataclasses.dataclass(slots=True)
class UpscaleFrame:
    """One decoded frame on its way through the methods."""

    picture: Picture
    "The source's picture."
    info: CodecInfo | None
    "Facts that the codec tells about it."
    strength: float
    "Strength of the style, 0 (faithful) to 1 (crisp), for nets that have one."
    timer: FrameTimer
    team: TeamFrame | None = None
    "The team's part of it; None where it was given to no helper."
    wanted: float | None = None
    "Fraction of the whole net's work that a plan found worth doing; None: nothing was planned."
    done: float = 1.0
    "Fraction of the whole net's work that ``run`` did; set by methods that do less."
    samples: dict[str, int] = dataclasses.field(default_factory=dict)
    """Decoded luma samples that the wanted net enlarged for it, by device (``OWN``: this one); set
    by methods that run it, or take over what helpers made."""
    made: Sequence[MadeRegion] = ()
    """Regions that a net, also a smaller one, made for it and who did; of those that overlap the
    later one stays."""


class UpscaleMethod(Protocol):
    """One stream's use of a method; called by the stream's upscaling thread alone."""

    @property
    def info(self) -> MethodInfo:
        """The method's descriptor."""
        ...

    def option(self, frame: UpscaleFrame) -> Option | None:
        """Returns what the frame could get and its cost; None where that is impossible now."""
        ...

    def run(self, frame: UpscaleFrame, grant: Decision) -> Picture:
        """Returns the picture; ``grant`` decided for this method's option."""
        ...

    def reset(self) -> None:
        """Notes that a frame was made in another way or left out: the next one does not follow the
        last one of this method.
        """
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class MethodContext:
    """The parts that the methods of one stream share."""

    models: StreamModels
    costs: CostModel
