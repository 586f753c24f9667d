"""The encoding thread's work for one live stream."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Iterator

from wire.batch import AccessUnit, Codec, Flags, Stage
from wire.settings import BitrateTable
from workers.encode.encoder import Coded, Encoder, EncoderSpec, EncoderTicks
from workers.encode.key_frames import KeyFramePolicy
from workers.encode.table import make_encoder
from workers.errors import EncoderFailed
from workers.picture import Colour, Picture
from workers.plan.frame_rate import FrameRate
from workers.plan.lateness import Patience
from workers.plan.route import Route
from workers.shot import Shot
from workers.tally import Tally

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class OutputConfig:
    """How a stream's enhanced rendition is coded."""

    codec: Codec
    preset: str
    "Of x264."
    bitrates: BitrateTable


class EncodeStep:
    """Enhanced pictures to units of the enhanced log; copied units become that too.

    A picture of another size starts a new encoder, and so a key frame.
    """

    def __init__(self, output: OutputConfig, tally: Tally, *, fps: float) -> None:
        self.keys = KeyFramePolicy()
        self._patience = Patience()
        self._output = output
        self._tally = tally
        self._rate = FrameRate(guess=fps)
        self._ticks = EncoderTicks()
        self._shape: tuple[tuple[int, ...], Colour] | None = None
        "Of the encoder's pictures: their luma's, and what their samples mean."
        self._encoder: Encoder | None = None
        self._sequence = 0

    def step(self, item: Shot) -> Iterator[AccessUnit]:
        """The unit; nothing if the picture is too late, or cannot be coded."""
        self._rate.add(item.unit.pts, item.unit.clock_rate)
        if item.route is Route.COPY or item.picture is None:
            # What comes after copied units cannot refer to what came before them.
            self.keys.restart()
            yield self._copy(item)
            return
        now = time.monotonic()
        if self._patience.ends(now - item.arrived, now=now):
            self._tally.drop("late")
            return
        try:
            coded = self._code(item, item.picture)
        except EncoderFailed as error:
            log.warning("%s", error, extra={"action": "encoder_failed"})
            self._encoder = None
            self._tally.drop("encoder")
            return
        item.stamp(Stage.ENCODED)
        yield self._unit(item, item.picture, coded)

    def flush(self) -> Iterator[AccessUnit]:
        """Nothing is held back."""
        yield from ()

    def _code(self, item: Shot, picture: Picture) -> Coded:
        unit, fps = item.unit, self._rate.fps
        shape = (picture.y.shape, picture.colour)
        if self._encoder is None or shape != self._shape:
            self._encoder = make_encoder(self._spec(picture), fps=fps)
            self._shape = shape
            self.keys.restart()
        ticks = self._ticks.at(unit.pts, unit.clock_rate)
        key = self.keys.is_due(pts=unit.pts, clock_rate=unit.clock_rate, now=time.monotonic())
        return self._encoder.encode(picture, ticks=ticks, fps=fps, key=key)

    def _spec(self, picture: Picture) -> EncoderSpec:
        return EncoderSpec(
            codec=self._output.codec,
            width=picture.width,
            height=picture.height,
            kbps=self._output.bitrates.kbps(picture.width, picture.height),
            preset=self._output.preset,
            colour=picture.colour,
        )

    def _unit(self, item: Shot, picture: Picture, coded: Coded) -> AccessUnit:
        return dataclasses.replace(
            item.unit,
            codec=self._output.codec,
            flags=Flags.KEY if coded.is_key else Flags.NONE,
            sequence=self._next_sequence(),
            payload=coded.payload,
            width=picture.width,
            height=picture.height,
            stamps=item.all_stamps(),
        )

    def _copy(self, item: Shot) -> AccessUnit:
        self._tally.count("bypassed")
        return dataclasses.replace(
            item.unit,
            flags=item.unit.flags | Flags.BYPASS,
            sequence=self._next_sequence(),
            stamps=item.all_stamps(),
        )

    def _next_sequence(self) -> int:
        sequence = self._sequence
        self._sequence = (sequence + 1) % (1 << 32)
        return sequence
