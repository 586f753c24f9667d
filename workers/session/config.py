"""Configuration that all leads of a worker share."""

from __future__ import annotations

import dataclasses

from media.codec import Codec
from wire import keys
from wire.rendition_record import RenditionRecord
from workers.encode.step import OutputConfig
from workers.scheduling.capacity import Capacity
from workers.scheduling.placement import Place
from workers.tuning.tunings import Tunings


@dataclasses.dataclass(frozen=True, slots=True)
class SessionConfig:
    """Configuration that all leads of a worker share."""

    worker: str
    model: str
    "Model for streams whose record names none."
    output: OutputConfig
    capacity: Capacity
    strength: float = 0.0
    "Strength of the style for streams whose record names none."
    enhance_unwatched: bool = False
    "Enhance streams that nobody watches, with the time that watched ones leave."
    place: Place = Place.SITE
    tunings: Tunings | None = None
    "Tunes a net on each stream in the time that is left; None: nothing is tuned."

    def output_of(self, record: RenditionRecord) -> OutputConfig:
        """Returns the coding options of a rendition: its own where it names them."""
        # The record is what an operator wrote: a codec that cannot be encoded here is passed over.
        codec = self.output.codec
        if record.codec in keys.VARIANTS:
            codec = Codec[record.codec.upper()]
        return dataclasses.replace(self.output, codec=codec, kbps=record.kbps)
