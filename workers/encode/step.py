"""The encoding threads' work for one live stream: one step for each codec."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Iterator

from media.access_unit import AccessUnit, Checkpoint, Flags
from media.codec import Codec
from media.treatment import Treatment
from wire import keys
from wire.bitrates import BitrateTable
from workers.encode.encoder import EncodedFrame, Encoder, EncoderSpec, MonotonicPts
from workers.encode.key_frames import KeyFramePolicy
from workers.encode.refinement import Refinement, RefinementPolicy
from workers.encode.registry import has_steps, make_encoder
from workers.errors import EncoderFailed
from workers.media.frame_task import FrameTask
from workers.media.picture import Picture
from workers.media.route import Route
from workers.runtime.frame_counters import FrameCounters
from workers.scheduling.deadlines import StaleFrameFilter
from workers.scheduling.frame_rate import FrameRate

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class OutputConfig:
    """Coding options of a stream's enhanced renditions."""

    codec: Codec
    "Codec of the rendition for all viewers who can decode it; others get another one on demand."
    preset: str
    "Preset of x264."
    bitrates: BitrateTable
    kbps: int = 0
    "Video bitrate in kbit/s; 0: by ``bitrates``."


@dataclasses.dataclass(frozen=True, slots=True)
class Made:
    """One change of a log: a unit to append, or the order to empty it."""

    rendition: str
    "Name of the log that the unit goes to."
    unit: AccessUnit | None
    "None: the log is to be emptied, since nobody watches it any more."
    is_counted: bool
    "The first unit made of a frame; what else holds the same picture is not counted again."


@dataclasses.dataclass(slots=True)
class _Log:
    """One log that the step writes."""

    name: str
    sequence: int = 0
    follows: bool | None = None
    "True if its last unit was copied; None while the next one has nothing to refer to."

    @property
    def is_usual(self) -> bool:
        """True for the log that holds what the lead chooses; another one holds one codec."""
        return not keys.rendition_of(self.name)[1]

    def takes(self, item: FrameTask, codec: Codec) -> bool:
        """Returns whether the frame belongs into the log; ``codec`` is the step's."""
        if item.route is Route.WORK:
            return True
        if self.is_usual:
            return item.route is Route.COPY
        # The log holds one codec: of another one, pictures are coded anew.
        return (item.unit.codec is codec) is (item.route is Route.COPY)

    def append(self, unit: AccessUnit, *, copied: bool) -> AccessUnit | None:
        """Returns the unit with its number; None if a reader could not decode it here."""
        # At a change between coded and copied units a reader's decoder holds pictures of the other
        # kind, to which this unit does not refer.
        if self.follows is not copied and not unit.is_key:
            return None
        self.follows = copied
        number, self.sequence = self.sequence, (self.sequence + 1) % (1 << 32)
        return dataclasses.replace(unit, sequence=number)


class EncodeStep:
    """Turns pictures into units of the logs of one codec; copied units go into them too.

    A picture of another size starts a new encoder, and so a key frame. A log that begins to be
    watched begins with a key frame, and is emptied once nobody watches it.
    """

    def __init__(
        self,
        output: OutputConfig,
        counters: FrameCounters,
        *,
        codec: Codec,
        logs: tuple[str, ...],
        fps: float,
        need_key: Callable[[str], None],
        is_shared: bool = False,
    ) -> None:
        """``need_key`` is called, from this thread, for a key frame of the source. ``is_shared``:
        other threads encode the same pictures, and this one for viewers who may lack tools.
        """
        self.keys, self.codec = KeyFramePolicy(), codec
        self.logs = frozenset(logs)
        self.wanted: frozenset[str] = frozenset()
        "Names of the logs that are watched; set from any thread."
        self.kbps, self.most_kbps, self.is_bounded = output.kbps, 0, False
        "Bitrate in kbit/s (0: by the table), its bound (0: none; any thread), and if that acts."
        self.counts = True
        "True if the frames count here: no other step makes units of them. Set from any thread."
        self.idle_s: Callable[[], float] = lambda: 0.0
        "Returns the seconds per second that the encoder may take beyond the least."
        self.coded, self.spent_s = 0, 0.0
        "Pictures that were encoded, and the seconds that this took."
        self.beside_s = 0.0
        "Seconds beside a stream's usual work: for another codec, or a copied stream."
        self.copied_as = Treatment.UNSAID  # why units are copied; set from any thread
        self.refined, self.left_out = 0, 0
        "Pictures of ``coded`` that took more than the least; those that another step has alone."
        self._patience = StaleFrameFilter()
        self._output, self._counters, self._need_key = output, counters, need_key
        self._is_shared = is_shared
        self._refining = _refining(codec, output.preset, is_shared=is_shared)
        self._rate = FrameRate(guess=fps)
        self._ticks = MonotonicPts()
        self._shape: tuple[tuple[int, ...], EncoderSpec] | None = None
        "Shape and specification of the encoder's pictures; others need another encoder."
        self._encoder: Encoder | None = None
        self._logs = tuple(_Log(name) for name in logs)
        self._usual = frozenset(one.name for one in self._logs if one.is_usual)
        self._open: frozenset[str] = frozenset()

    @property
    def is_idle(self) -> bool:
        """True if a frame would change nothing here: no log is watched, none is to be emptied."""
        return not self._open and self.wanted.isdisjoint(self.logs)

    def step(self, item: FrameTask) -> Iterator[Made]:
        """Yields the changes of the logs; none if the picture is too late, or cannot be coded."""
        # A unit that is recoded came here as a copy too, which was counted.
        if item.route is not Route.RECODE:
            self._rate.add(item.unit.pts, item.unit.clock_rate)
        # Read once: the loop may set it between two reads, and a log would begin without a unit.
        wanted = self.wanted
        if item.route is not Route.WORK:
            wanted |= self._usual  # Copying costs nearly nothing and needs no watcher.
        yield from self._follow(wanted & self.logs)
        targets = [one for one in self._logs if one.name in wanted and one.takes(item, self.codec)]
        if item.route is Route.COPY or item.picture is None:
            yield from self._copy(item, targets)
        elif targets:
            yield from self._encode(item, item.picture, targets)

    def flush(self) -> Iterator[Made]:
        """Yields nothing, since nothing is held back."""
        yield from ()

    def leave_out(self, reason: str, *, counted: bool) -> None:
        """Notes that a picture is not encoded."""
        if counted:
            self._counters.drop(reason)
        else:
            self.left_out += 1

    def _follow(self, wanted: frozenset[str]) -> Iterator[Made]:
        """Begins the logs that are wanted anew, and yields the order to empty those that no longer
        are.
        """
        for one in self._logs:
            if one.name in self._open - wanted:
                yield Made(one.name, None, is_counted=False)
            if one.name in self._open ^ wanted:
                one.follows = None
        self._open = wanted

    def _copy(self, item: FrameTask, targets: list[_Log]) -> Iterator[Made]:
        copied = dataclasses.replace(
            item.unit,
            flags=item.unit.flags | Flags.BYPASS,
            stamps=item.all_stamps(),
            treatment=self.copied_as,
        )
        for one in targets:
            unit = one.append(copied, copied=True)
            if unit is None:
                self._need_key("a viewer of the copied rendition needs it")
                continue
            if one.is_usual:
                self._counters.count("bypassed")
            yield Made(one.name, unit, is_counted=one.is_usual)

    def _encode(self, item: FrameTask, picture: Picture, targets: list[_Log]) -> Iterator[Made]:
        # The age is checked again here: a frame that waited behind a slow one may have become late.
        counted = self.counts and item.route is Route.WORK
        now = time.monotonic()
        if self._patience.ends(now - item.due, now=now):
            self.leave_out("late", counted=counted)
            return
        if any(one.follows is not False for one in targets):
            # What is coded cannot refer to what was copied, or is not in the log.
            self.keys.restart()
        try:
            coded = self._code(item, picture)
        except EncoderFailed as error:
            log.warning("%s", error, extra={"action": "encoder_failed"})
            # What it holds after an error is not known; the next picture begins a new one.
            self._encoder = None
            self.leave_out("encoder", counted=counted)
            return
        item.stamp(Checkpoint.ENCODED)
        made = self._unit(item, picture, coded)
        for one in targets:
            unit = one.append(made, copied=False)
            if unit is not None:
                yield Made(one.name, unit, is_counted=counted and one is targets[0])

    def _code(self, item: FrameTask, picture: Picture) -> EncodedFrame:
        begun = time.perf_counter()
        unit, fps = item.unit, self._rate.fps
        encoder, key = self._prepare(unit, picture, fps)
        ticks = self._ticks.at(unit.pts, unit.clock_rate)
        if self._is_shared:
            # An encoder writes times and types into a frame.
            picture = picture.copy()
        coded = encoder.encode(picture, ticks=ticks, fps=fps, key=key)
        took_s = time.perf_counter() - begun
        self._note(took_s, fps, key=key)
        # The usual encoder's time is part of the load that every stream counts; this is beside it.
        if self._is_shared or item.route is Route.RECODE:
            self.beside_s += took_s
        return coded

    def _prepare(self, unit: AccessUnit, picture: Picture, fps: float) -> tuple[Encoder, bool]:
        """Returns the encoder for a picture, and whether the picture is a key frame."""
        now = time.monotonic()
        key = self.keys.is_due(pts=unit.pts, clock_rate=unit.clock_rate, now=now)
        if key and self._refining is not None:
            self._refining.begin(now=now)
        shape = picture.y.shape, self._spec(picture)
        if self._encoder is None or shape != self._shape:
            self._encoder = make_encoder(shape[1], fps=fps)
            self._shape = shape
            if not key:
                # A new encoder begins with a key frame in any case; the policy counts from it.
                self.keys.restart()
                key = self.keys.is_due(pts=unit.pts, clock_rate=unit.clock_rate, now=now)
        return self._encoder, key

    def _note(self, took_s: float, fps: float, *, key: bool) -> None:
        self.coded += 1
        self.spent_s += took_s
        if self._refining is None:
            return
        self.refined += self._refining.chosen is not Refinement.FAST
        # A key frame takes longer, and a new encoder with it; that tells nothing of the others.
        if not key and self._refining.coded(
            took_s, interval_s=1.0 / fps, idle_s=self.idle_s(), now=time.monotonic()
        ):
            self.keys.ask()

    def _spec(self, picture: Picture) -> EncoderSpec:
        kbps = self.kbps or self._output.bitrates.kbps(picture.width, picture.height)
        most = self.most_kbps or kbps
        self.is_bounded = most < kbps
        return EncoderSpec(
            codec=self.codec,
            width=picture.width,
            height=picture.height,
            kbps=min(kbps, most),
            preset=self._output.preset,
            colour=picture.colour,
            refinement=Refinement.FAST if self._refining is None else self._refining.chosen,
            is_plain=self._is_shared,
        )

    def _unit(self, item: FrameTask, picture: Picture, coded: EncodedFrame) -> AccessUnit:
        return dataclasses.replace(
            item.unit,
            codec=self.codec,
            flags=Flags.KEY if coded.is_key else Flags.NONE,
            payload=coded.payload,
            width=picture.width,
            height=picture.height,
            stamps=item.all_stamps(),
            # A copied unit that is coded anew has no treatment of its own.
            treatment=item.treatment or self.copied_as,
            net=item.net,
        )


def _refining(codec: Codec, preset: str, *, is_shared: bool) -> RefinementPolicy | None:
    """Returns the policy of an encoder that may take more time."""
    # What is made for some viewers beside the others takes no time that is not needed.
    return RefinementPolicy() if not is_shared and has_steps(codec, preset) else None
