"""The mode of a rendition: it is enhanced or copied, by its specification and by what fits."""

from __future__ import annotations

from collections.abc import Callable

from media.access_unit import AccessUnit
from media.limits import MAX_SIDE, is_too_large, too_large
from media.treatment import Treatment
from wire.hash_record import names_in
from wire.rendition_record import RenditionRecord
from workers.media.route import Route
from workers.scheduling.admission import AdmissionPolicy, Needs, StreamInput, Verdict
from workers.scheduling.capacity import Capacity
from workers.scheduling.frame_rate import FrameRate
from workers.scheduling.handle import SchedulerHandle
from workers.scheduling.job_load import COPY_LOAD, stream_load
from workers.scheduling.memory import stream_bytes, too_dear
from workers.scheduling.passthrough import RoutePolicy
from workers.scheduling.scheduler import Standing
from workers.session.rendition_state import RenditionEvent
from workers.team.farming import FarmingMode
from workers.team.lane_team import TeamGoal

OFF_REASON = "The operator switched enhancement off."
OWNER_REASON = "The broadcaster wants the original to be shown."
PLAIN_REASON = "No net works on it: it is for viewers on weak links."
ALONE_REASON = "The operator wants one worker to make it alone."
IDLE_REASON = "Nobody watches the rendition “{name}”."

_ACCEPTED = Verdict(accepted=True)

_UNMEASURED = Standing(level="", ms_per_s=0.0, full_ms=None, least_ms=None)

_PINNED_MODES = {mode.value: mode for mode in (FarmingMode.REGIONS, FarmingMode.FRAMES)}
"""Modes that an operator may pin, by the rendition's ``team``."""


class StreamMode:
    """Joins the policies of one rendition. No I/O; times are arguments.

    ``composes``: nets are left to helpers. ``overcommit`` tells the load of the worker's other
    renditions in units of what it holds, ``memory`` the bytes of memory that they leave.
    """

    def __init__(
        self,
        capacity: Capacity,
        overcommit: Callable[[], float],
        *,
        record: RenditionRecord,
        model: str,
        composes: bool = False,
        fps: float = 0.0,
        memory: Callable[[], int] | None = None,
    ) -> None:
        self._capacity = capacity
        self._memory = memory
        self._overcommit = overcommit
        self._name = record.name
        self._default_model = model
        self._composes = composes
        self._admission = AdmissionPolicy(can_run=not composes)
        self._verdict = _ACCEPTED
        self._route = RoutePolicy()
        self._rate = FrameRate(guess=fps or 30.0)
        self._enhance = record.enhance
        self._is_original = False
        "The broadcaster wants the original to be shown."
        self._is_chosen = bool(record.model)
        self._record = record
        self._has_fault = False
        "True while the net cannot be had."
        self.barred = ""
        "A sentence that says why it must not be decoded; empty if it may."
        self.model = record.model or model
        self._factor = record.factor
        self.width = 0
        self.height = 0
        self._aim()

    @property
    def scale(self) -> int:
        """Output size over the source's: the model's, 2 where it is not known, or 1."""
        is_fixed = self._factor == 1 or self._is_plain
        return 1 if is_fixed else self._capacity.scales.get(self.model, 2)

    @property
    def _is_plain(self) -> bool:
        """True for a rendition that is coded anew without a net, for weak links."""
        return self._factor < 0

    def output_size(self, scale: int | None) -> tuple[int, int]:
        """Returns width and height of the output, zeros where they are not known.

        ``scale`` is that of the net at work, None before there is one: then the model's counts.
        """
        if self.current is Route.COPY:
            return self.width, self.height
        if self._is_plain:
            return self.width // -self._factor // 2 * 2, self.height // -self._factor // 2 * 2
        if scale is None:
            scale = 1 if self._factor == 1 else self._capacity.scales.get(self.model, 0)
        if scale == 1:
            return self.width, self.height
        # As ``Upscaler.blank``: 4:2:0 has no odd sides.
        return scale * self.width // 2 * 2, scale * self.height // 2 * 2

    @property
    def current(self) -> Route:
        """The route that units take now."""
        return self._route.current

    @property
    def copied_as(self) -> Treatment:
        """The reason why its units are copied, for those who watch them."""
        if not self._enhance:
            return Treatment.OWNER if self._is_original else Treatment.OFF
        # It was accepted, and waits for the key frame with which the work begins.
        if self._verdict.accepted:
            return Treatment.STARTING
        if self._has_fault:
            return Treatment.FAULT
        return Treatment.TOO_LARGE if self._obstacle() else Treatment.NO_TIME

    @property
    def needs_key_frame(self) -> bool:
        """True while a key frame of the source is needed to change where units go."""
        return self._route.needs_key_frame

    @property
    def bytes(self) -> int:
        """Bytes of memory that the rendition takes while it is enhanced."""
        if self.current is Route.COPY or not self.width:
            return 0
        return stream_bytes(self.width, self.height, self.scale)

    @property
    def load(self) -> float:
        """Load of the rendition in streams of 480x270 at 30 frames per second."""
        if self.current is Route.COPY or self._is_plain:
            return COPY_LOAD
        return stream_load(self.width, self.height, self._rate.fps)

    @property
    def wanted_load(self) -> float:
        """The load where a net can work on it, as the operator wants it to."""
        if self._is_plain:
            return COPY_LOAD
        return self._enhance * stream_load(self.width, self.height, self._rate.fps) or COPY_LOAD

    def follow(self, record: RenditionRecord, *, is_original: bool = False) -> bool:
        """Takes the specification from the record; True if the model is another one now.

        ``is_original``: the broadcaster wants the original to be shown.
        """
        # A rendition without a net is the original, for viewers on weak links.
        self._is_original = is_original and record.factor >= 0
        self._enhance = record.enhance and not self._is_original
        self._is_chosen = bool(record.model)
        self._record = record
        model = record.model or self._default_model
        changed = model != self.model
        self.model = model
        return changed

    def route(self, unit: AccessUnit, *, now: float) -> Route | None:
        """Returns the route of the unit; None if it must be left out until the next key frame."""
        self._rate.add(unit.pts, unit.clock_rate)
        # The route changes at key frames only, so there the size is judged.
        resized = unit.width and (unit.width, unit.height) != (self.width, self.height)
        if unit.is_key and resized:
            self.width, self.height = unit.width, unit.height
            # What was measured at the old size says nothing; go by the measurement at start.
            self.judge(fault="", now=now)
        return self._route.of(is_key=unit.is_key)

    def decoded(self, width: int, height: int) -> None:
        """Takes the size of the decoded pictures, if no unit said it before."""
        if not self.width:
            self.width, self.height = width, height

    def measured(self, scheduler: SchedulerHandle) -> Standing:
        """Returns what was measured of the stream; nothing of it is kept while it is copied."""
        if self.current is Route.COPY:
            # Nothing new is measured then: what was measured at a bad moment, or waited for, would
            # keep the stream out for ever.
            scheduler.forget()
        return scheduler.standing()

    def judge(
        self,
        *,
        fault: str,
        now: float,
        standing: Standing | None = None,
        helped: float = 0.0,
    ) -> None:
        """Decides anew; ``fault`` is why the net cannot be had, ``standing`` what was measured of
        the stream, ``helped`` the part of the frames that helpers can make.
        """
        known = standing or _UNMEASURED
        size = (self.width, self.height)
        reason = self.barred or fault or self._obstacle()
        self._has_fault = bool(self.barred or fault)
        if reason:
            self._verdict = Verdict(accepted=False, reason=reason)
        elif self._is_plain:
            self._verdict = _ACCEPTED
        elif self.width:
            self._verdict = self._admission.judge(
                StreamInput(*size, self._rate.fps),
                self._needs(known),
                now=now,
                overcommit=self._overcommit(),
                is_chosen=self._is_chosen,
                helped=helped,
            )
        self._aim()

    def _needs(self, known: Standing) -> Needs:
        """Returns what a frame needs, as far as it was measured; else by the measurement at start,
        scaled by multiply-adds and pixels.
        """
        size, capacity = (self.width, self.height), self._capacity
        partial_ms = None
        if self._factor != 1:
            partial_ms = known.partial_ms or capacity.partial_ms(
                self.model, *size, whole_ms=known.full_ms
            )
        return Needs(
            frame_ms=known.full_ms or capacity.frame_ms(self.model, *size),
            least_ms=known.least_ms or capacity.least_ms(self.model, *size),
            partial_ms=partial_ms,
            unserved=known.unserved,
        )

    def team_goal(self, strength: float, standing: Standing, *, is_wanted: bool) -> TeamGoal:
        """Returns what a team is to make; ``is_wanted``: somebody wants it made."""
        size, mode = (self.width, self.height), _PINNED_MODES.get(self._record.team)
        return TeamGoal(
            self.model,
            strength,
            self._rate.fps,
            size,
            standing,
            self._capacity.frame_ms(self.model, *size),
            obstacle=self._team_obstacle(is_wanted),
            is_off=self._record.team == "off",
            is_forced=self._composes or self._record.team == "on" or mode is not None,
            mode=mode,
            pinned=tuple(names_in(self._record.pinned)),
            excluded=tuple(names_in(self._record.excluded)),
        )

    def _team_obstacle(self, is_wanted: bool) -> str:
        """Returns a sentence that says why nobody is to help; empty if somebody may."""
        if not self._enhance:
            return self._off_reason
        if self._is_plain:
            return PLAIN_REASON
        if self._record.team == "off":
            return ALONE_REASON
        if self._factor == 1:
            return "A rendition of the source's size is made by one worker."
        if self.barred or self._obstacle():
            return self.barred or self._obstacle()
        return "" if is_wanted else IDLE_REASON.format(name=self._name)

    def _obstacle(self) -> str:
        """Returns a sentence that says what keeps any net from this input; empty if nothing does.

        While the size is not known nothing is too large.
        """
        # What no machine could do comes before what this one cannot: the first reason is told.
        if not self._is_plain and self._factor not in (0, 1, self.scale):
            return (
                f"{self.model} enlarges {self.scale} times, and this rendition is to be "
                f"{self._factor} times as large as the source."
            )
        if is_too_large(self.width, self.height):
            return too_large(self.width, self.height)
        if self.scale * max(self.width, self.height) > MAX_SIDE:
            return f"{self.width}x{self.height} is too large to become {self.scale} times as large."
        return self._dear() if self.width else ""

    def _dear(self) -> str:
        """Returns a sentence that says why there is no memory for it, or an empty one."""
        needed = stream_bytes(self.width, self.height, self.scale)
        left = needed if self._memory is None else self._memory()
        return too_dear(self.width, self.height, needed, left) if needed > left else ""

    def _aim(self) -> None:
        # The change happens at a key frame of the source, which is asked for (``RoutePolicy``).
        wanted = self._enhance and self._verdict.accepted
        self._route.set_target(Route.WORK if wanted else Route.COPY)

    def restart(self) -> None:
        """Takes back the use of the last key frame: the route waits for another one."""
        self._route.restart()

    def wake(self, *, now: float) -> None:
        """Judges anew if units come again after a time without."""
        # While it slept others took its time, so it is judged like one that comes new.
        self._route.restart()
        self._admission.restart()
        self.judge(fault="", now=now)

    @property
    def _off_reason(self) -> str:
        return OWNER_REASON if self._is_original else OFF_REASON

    def event(self, *, net_ready: bool, asleep: bool = False) -> tuple[RenditionEvent, str]:
        """Returns what becomes of the rendition now, and why it is not enhanced, if it is not."""
        if not self._enhance:
            return RenditionEvent.SWITCH_OFF, self._off_reason
        if not self._verdict.accepted:
            return RenditionEvent.REFUSE, self._verdict.reason
        if not net_ready:
            return RenditionEvent.PREPARE, "The net is being made ready for this size."
        if asleep:
            return RenditionEvent.SLEEP, IDLE_REASON.format(name=self._name)
        return RenditionEvent.ENHANCE, ""
