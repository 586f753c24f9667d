"""The JSON of what enhanced pictures are worth and what they cost, as OpenAPI shows it."""

from __future__ import annotations

import msgspec
from pydantic import BaseModel, Field

from wire.heartbeat import StreamWork


class Quality(BaseModel):
    """The worth of enhanced pictures, measured without the original on some of the last two
    minutes, before they are encoded again.
    """

    pictures: int = Field(description="How many were measured")
    consistency_db: float = Field(
        description="PSNR of the enhanced picture, reduced to the source's size, to the source"
    )
    sharpness: float = Field(
        description="Gradient energy over that of bicubic interpolation; 1 is equal"
    )
    gain_db: float | None = Field(
        description="Estimated PSNR over bicubic interpolation; null for nets and factors that "
        "the estimate was not fitted to"
    )
    gain_error_db: float | None = Field(
        description="Root mean squared error of the estimate on clips that it had not seen"
    )

    @classmethod
    def of(cls, work: StreamWork | None) -> Quality | None:
        """Returns what a lead tells; None without a lead, and while it tells nothing."""
        if work is None or work.quality is None:
            return None
        return cls(**msgspec.structs.asdict(work.quality))


class Cost(BaseModel):
    """The part that a rendition takes of its lead's machine; helpers' time is not in it."""

    cpu_seconds: float = Field(description="Processor time since its worker leads it")
    cpu_seconds_per_hour: float | None = Field(
        description="Processor seconds per hour of the stream, over the last minute"
    )
    watt_hours_per_hour: float | None = Field(
        description="Watt-hours per hour of the stream, over the last minute; null where the "
        "machine does not tell the energy of its processors"
    )

    @classmethod
    def of(cls, work: StreamWork | None) -> Cost | None:
        """Returns what a lead tells; None without a lead."""
        if work is None:
            return None
        return cls(
            cpu_seconds=work.cost.cpu_s,
            cpu_seconds_per_hour=work.cost.cpu_s_per_hour,
            watt_hours_per_hour=work.cost.watt_hours_per_hour,
        )
