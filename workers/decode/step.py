"""The decoding thread's work for one live stream."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from media.access_unit import Checkpoint, Flags
from workers.bitstream.inspector import CodecInspector
from workers.decode.decodability import Decodability
from workers.decode.decoder import UnitDecoder
from workers.decode.key_frame_gate import GateState, KeyFrameGate
from workers.errors import BrokenUnit
from workers.media.frame_task import FrameTask
from workers.media.picture import Picture
from workers.media.route import Route
from workers.runtime.frame_counters import FrameCounters

_MAX_INSIDE = 32
"""Units after which a picture that did not come will not come: twice the 16 pictures that H.264 may
hold for reordering."""

_DROP_REASONS = {
    GateState.NO_KEY_FRAME: "no_key_frame",
    GateState.LOST: "no_key_frame",
    GateState.BROKEN: "broken",
}


_WAITS = {
    GateState.NO_KEY_FRAME: "The worker waits for a key frame from the publisher.",
    GateState.LOST: "Pictures were lost on the way; the next key frame mends it.",
    GateState.BROKEN: "A picture could not be decoded; the next key frame mends it.",
}


INTERLACED = (
    "The publisher sends interlaced pictures, whose moving edges are combs: let the encoder "
    "deinterlace."
)


class DecodeStep:
    """Turns units into pictures. From its thread, ``dropped`` is told of every frame that became no
    picture and why, and ``need_key`` is called for every unit refused.
    """

    def __init__(
        self, dropped: Callable[[FrameTask, str], None], *, need_key: Callable[[str], None]
    ) -> None:
        self._drop = dropped
        self._need_key = need_key
        self._gate = KeyFrameGate()
        self._decoder: UnitDecoder | None = None
        self._inspector: CodecInspector | None = None
        self._inside: dict[int, FrameTask] = {}
        self._tag = 0
        self._trust = Decodability()
        self._is_interlaced = False

    @property
    def fault(self) -> str:
        """A sentence that says why no picture of the stream is decoded; empty if they are."""
        return self._trust.fault(now=time.monotonic())

    @property
    def remark(self) -> str:
        """A sentence that says why no pictures come at the moment, or what is odd about them; empty
        if there is nothing to say.
        """
        return _WAITS.get(self._gate.state, INTERLACED if self._is_interlaced else "")

    def step(self, item: FrameTask) -> Iterator[FrameTask]:
        """Yields the frames whose pictures are complete now; a copied frame as it is."""
        if item.route is Route.COPY:
            # The decoder does not see this unit, so its pictures are not what later units refer to.
            self._gate.reset()
            self._decoder = None
            yield item
            return
        yield from self._work(item)

    def _work(self, item: FrameTask) -> Iterator[FrameTask]:
        unit = item.unit
        entrance = self._gate.enter(
            sequence=unit.sequence,
            is_key=unit.is_key,
            after_loss=bool(unit.flags & Flags.DISCONTINUITY),
        )
        if entrance is not GateState.OPEN:
            self._refuse(item, entrance)
            return
        try:
            if self._decoder is None or self._decoder.codec is not unit.codec:
                yield from self.flush()
                self._decoder = UnitDecoder(unit.codec)
                self._inspector = CodecInspector(unit.codec)
            yield from self._decode(self._decoder, item)
        except BrokenUnit as error:
            # Decoder and inspector are made anew at the next key frame: after an error it is not
            # known which pictures they hold. What was inside has lost its references too.
            self._trust.broke(error, is_key=unit.is_key, now=time.monotonic())
            self._gate.broke()
            self._decoder = None
            self._inside.clear()
            self._refuse(item, GateState.BROKEN)

    def flush(self) -> Iterator[FrameTask]:
        """Yields the frames that the decoder still holds back."""
        if self._decoder is not None:
            yield from self._match(self._decoder.flush())
            self._decoder = None
        for frame in self._inside.values():
            self._drop(frame, "broken")
        self._inside.clear()

    def _decode(self, decoder: UnitDecoder, item: FrameTask) -> Iterator[FrameTask]:
        self._tag += 1
        self._inside[self._tag] = item
        if self._inspector is not None and item.route is Route.WORK:
            self._inspector.on_access_unit(self._tag, item.unit.payload)
        for frame in self._match(decoder.decode(item.unit.payload, self._tag)):
            # A picture that others are decoded before waited for this unit; it is not late.
            frame.arrived = max(frame.arrived, item.arrived)
            yield frame
        # Without reordering a unit's picture comes at once or never (VP8 and VP9 have frames that
        # are only referred to). With it, a picture that does not come must not wait for ever.
        if not decoder.may_hold_back and self._inside.pop(self._tag, None) is not None:
            self._drop(item, "hidden")
        while self._inside and (oldest := next(iter(self._inside))) <= self._tag - _MAX_INSIDE:
            self._drop(self._inside.pop(oldest), "broken")

    def _match(self, pictures: list[tuple[int, Picture]]) -> Iterator[FrameTask]:
        for tag, picture in pictures:
            frame = self._inside.pop(tag, None)
            if frame is not None:
                self._trust.decoded()
                self._is_interlaced = bool(picture.frame.interlaced_frame)
                frame.picture = picture
                # Replayed and recoded frames go through no net, so nobody asks for their motion.
                is_enhanced = frame.route is Route.WORK and not frame.is_replay
                if self._inspector is not None and is_enhanced:
                    size = len(frame.unit.payload)
                    frame.info = self._inspector.take_info(tag, picture.frame, size)
                frame.stamp(Checkpoint.DECODED)
                yield frame

    def _refuse(self, item: FrameTask, entrance: GateState) -> None:
        self._drop(item, _DROP_REASONS[entrance])
        self._need_key(entrance.value)


def count_drop(counters: FrameCounters, frame: FrameTask, reason: str) -> None:
    """Counts a frame that became no picture."""
    if frame.route is Route.RECODE:
        counters.drop(f"recode_{reason}")
    elif frame.is_replay:
        counters.count("replayed")
    else:
        counters.drop(reason)
