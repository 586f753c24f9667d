"""The JSON object that says how the default rendition of a stream is enhanced."""

from __future__ import annotations

from pydantic import BaseModel, Field

STATES = "enhancing, idle (nobody watches), starting, bypass, off or waiting"
TUNING = (
    "State of the net that is tuned on the stream: collecting, training, used, judged or resting; "
    "empty where none is"
)


class Enhancement(BaseModel):
    """The enhancement of the default rendition."""

    enabled: bool
    allowed: bool = Field(
        default=True, description="False: the broadcaster wants the original to be shown"
    )
    label: str = Field(
        default="", description="What viewers are to be told of enhanced pictures; empty for others"
    )
    model: str
    strength: float = Field(description="Strength in effect: 0 is faithful, 1 is crisp")
    adjustable: bool = Field(description="The net has both styles")
    state: str = Field(description=STATES)
    reason: str = Field(description="Why it is not enhancing, as a sentence; else empty")
    worker: str
    engine: str
    tuning: str = Field(default="", description=TUNING)
