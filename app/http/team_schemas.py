"""Helpers of a rendition as the API shows them."""

from __future__ import annotations

import msgspec
from pydantic import BaseModel, Field

from wire.heartbeat import TeamWork
from wire.team_map import TeamMap

__all__ = ["PictureMap", "Team", "TeamHelper", "TeamMapView"]


class TeamHelper(BaseModel):
    """A helper as the rendition's worker sees it, over the last seconds; figures are per second."""

    name: str
    round_trip_ms: float = Field(
        description="95th percentile of the time from task to result, less the helper's own time"
    )
    trust: float = Field(
        description="Part of its time that is given out, 0 to 1; it falls with late results"
    )
    tasks: float
    in_time: float
    late: float = Field(description="Results that came after their frame was made")
    samples: float = Field(description="Decoded luma samples of results in time, halos left out")
    fraction: float = Field(
        description="Part of all samples that the net enlarged for the rendition"
    )
    kbps: float = Field(description="Of its results")


class Team(BaseModel):
    """The helpers of a rendition."""

    mode: str = Field(
        description="alone, regions (helpers make regions of each frame), "
        "frames (whole ones in turn), or off: by an operator"
    )
    reason: str = Field(description="The reason for the mode, as a sentence")
    invited: int = Field(description="Workers that are asked to help, those that do included")
    wanted: float = Field(description="Part of the whole net's work that frames want, on average")
    playout_delay_ms: float = Field(
        description="Time for which a frame may be held back for results"
    )
    turn_around_p50_ms: float = Field(description="Median of the time from task to result")
    turn_around_p95_ms: float
    devices: list[TeamHelper]

    @classmethod
    def of(cls, work: TeamWork) -> Team:
        """Returns what a lead reports of its helpers."""
        return cls.model_validate(msgspec.to_builtins(work))


class PictureMap(BaseModel):
    """The devices that made each part of the decoded picture, in square cells."""

    width: int = Field(description="Of the decoded picture, in luma samples")
    height: int
    cell: int = Field(
        description="Side of a cell in luma samples; the last ones of rows and columns may reach "
        "beyond the picture"
    )
    columns: int
    rows: int
    devices: list[str] = Field(description="Names of the workers, that of the lead first")
    cells: str = Field(
        description="Row by row, one character for each cell: the place of the worker in `devices` "
        "as a hexadecimal digit, or `.` where no net worked within the last second: predicted from "
        "earlier pictures, or resized"
    )

    @classmethod
    def of(cls, found: TeamMap) -> PictureMap:
        """Returns the map that a lead reports."""
        return cls(
            width=found.width,
            height=found.height,
            cell=found.cell,
            columns=found.columns,
            rows=found.rows,
            devices=found.devices,
            cells=found.cells,
        )


class TeamMapView(BaseModel):
    """The makers of a rendition, and of each part of its picture."""

    worker: str = Field(description="The worker that leads the rendition; empty while none does")
    helpers: list[str] = Field(description="Workers that are ready to help it")
    map: PictureMap | None = Field(
        description="None until the worker has told one, which takes up to two seconds"
    )
