"""The pipeline of one live stream: decode, enhance and encode, each on its own thread.

``offer`` puts a shot in, units come out by ``Outlets.unit``. The queues between the threads are
short and wait; what became late while waiting is resized or dropped by the next step, so that a
queue never adds delay for more than a frame or two.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from wire.batch import AccessUnit
from workers.channel import Channel
from workers.decode.step import DecodeStep
from workers.encode.step import EncodeStep, OutputConfig
from workers.enhance.nets import NetCache
from workers.enhance.seat import Seat
from workers.enhance.step import EnhanceStep, Expected
from workers.shot import Shot
from workers.stage import Stage
from workers.tally import Tally

INTAKE = 64
"""Shots that may wait for the decoder; a take-over brings a burst."""

_BETWEEN = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Outlets:
    """Whom the threads tell; called from them, so each must be safe and short."""

    unit: Callable[[AccessUnit], None]
    "A unit of the enhanced log, in order."
    need_key: Callable[[str], None]
    "A source unit was refused for want of a key frame; the text says why."
    failed: Callable[[Exception], None]
    "A thread ended by an error of ours."


@dataclasses.dataclass(frozen=True, slots=True)
class FirstWish:
    """What the stream is to be enhanced with at first."""

    model: str
    fps: float
    "Of the source, as far as it is known."
    strength: float
    "Of the look."
    expected: Expected
    "What nets are expected to take here, until that was measured."


class Pipeline:
    """Three threads; made, started, and closed once."""

    def __init__(
        self,
        name: str,
        output: OutputConfig,
        nets: NetCache,
        tally: Tally,
        outlets: Outlets,
        seat: Seat,
        wish: FirstWish,
    ) -> None:
        self._decode = DecodeStep(tally, need_key=outlets.need_key)
        self.enhance = EnhanceStep(
            nets, tally, seat, model=wish.model, fps=wish.fps, strength=wish.strength,
            expected=wish.expected,
        )  # fmt: skip
        self._encode = EncodeStep(output, tally, fps=wish.fps)
        self._intake: Channel[Shot] = Channel(INTAKE)
        self._decoded: Channel[Shot] = Channel(_BETWEEN)
        self._enhanced: Channel[Shot] = Channel(_BETWEEN)
        self._outlets = outlets
        self._stages = (
            Stage(
                f"decode {name}", self._decode, self._intake, self._decoded.put,
                finish=self._decoded.finish, fail=self._fail,
            ),
            Stage(
                f"enhance {name}", self.enhance, self._decoded, self._enhanced.put,
                finish=self._enhanced.finish, fail=self._fail,
            ),
            Stage(
                f"encode {name}", self._encode, self._enhanced, self._put_out,
                finish=lambda: None, fail=self._fail,
            ),
        )  # fmt: skip

    def start(self) -> None:
        """Starts the threads."""
        for stage in self._stages:
            stage.start()

    @property
    def has_room(self) -> bool:
        """True if ``offer`` would not wait."""
        return self._intake.is_closed or len(self._intake) < INTAKE

    def offer(self, shot: Shot) -> bool:
        """Puts a shot in; waits if ``INTAKE`` are waiting already. False once closed."""
        return self._intake.put(shot)

    def ask_key_frame(self) -> None:
        """The next picture, at most two a second, becomes a key frame."""
        self._encode.keys.ask()

    def restart(self) -> None:
        """What comes next does not follow what came before: it begins with a key frame."""
        self._encode.keys.restart()

    def finish(self) -> None:
        """No more shots come; those inside still come out."""
        self._intake.finish()

    def close(self) -> None:
        """Ends the threads at once; what is inside is lost. Harmless when repeated."""
        for channel in (self._intake, self._decoded, self._enhanced):
            channel.close()

    def join(self, timeout_s: float) -> bool:
        """Waits for the threads; never on the loop. False if one did not end in time."""
        ended = [stage.join(timeout_s) for stage in self._stages]
        return all(ended)

    def _put_out(self, unit: AccessUnit) -> bool:
        self._outlets.unit(unit)
        return True

    def _fail(self, error: Exception) -> None:
        self.close()
        self._outlets.failed(error)
