"""The enhancing thread's work for one live stream."""

from __future__ import annotations

import time
from collections.abc import Iterator

from wire.batch import Stage
from workers.enhance.nets import Net, NetCache
from workers.enhance.upscaler import Upscaler
from workers.errors import NetUnusable
from workers.picture import Picture
from workers.plan.frame_rate import FrameRate
from workers.plan.lateness import LatePolicy, Method
from workers.plan.route import Route
from workers.shot import Shot
from workers.tally import Tally


class EnhanceStep:
    """Pictures to larger pictures, by the net or by a resize.

    ``model`` and ``strength`` may be set from any thread. While its net is being compiled the
    previous net of the same size goes on, or frames are resized.
    """

    def __init__(
        self, nets: NetCache, tally: Tally, *, model: str, fps: float, strength: float = 0.0
    ) -> None:
        self.model = model
        self.strength = strength
        "Of the look, 0 (faithful) to 1 (crisp), for nets that have one."
        self.fault = ""
        "Why the wished net cannot be had, as a sentence; empty while it can."
        self._nets = nets
        self._tally = tally
        self._upscaler = Upscaler()
        self._policy = LatePolicy()
        self._rate = FrameRate(guess=fps)
        self.size = (0, 0)
        "Of the source's pictures; zeros before the first one."

    @property
    def model_in_use(self) -> str:
        """Name of the net that works, empty while none does."""
        net = self._upscaler.net
        return net.manifest.name if net is not None else ""

    @property
    def engine_in_use(self) -> str:
        """Name of the engine of that net, empty while there is none."""
        net = self._upscaler.net
        return net.engine if net is not None else ""

    @property
    def scale(self) -> int:
        """How many times as large the output is."""
        return self._upscaler.scale

    @property
    def net_ms(self) -> float | None:
        """What the net takes for a frame at present; None while it was not used."""
        net_s = self._policy.net_s
        return None if net_s is None else net_s * 1000.0

    def step(self, item: Shot) -> Iterator[Shot]:
        """The shot with its picture enhanced; nothing if it is only replayed, or too late."""
        picture = item.picture
        if item.route is Route.COPY or picture is None:
            yield item
            return
        self._rate.add(item.unit.pts, item.unit.clock_rate)
        self._choose_net(picture)
        if item.is_replay:
            self._upscaler.forget()
            self._tally.count("replayed")
            return
        method = self._policy.choose(
            arrived=item.arrived, interval_s=self._rate.interval_s, now=time.monotonic()
        )
        if method is Method.DROP:
            self._upscaler.forget()
            self._tally.drop("late")
            return
        item.picture = self._enlarge(picture, method)
        item.stamp(Stage.ENHANCED)
        yield item

    def flush(self) -> Iterator[Shot]:
        """Nothing is held back."""
        yield from ()

    def _enlarge(self, picture: Picture, method: Method) -> Picture:
        if method is not Method.NET or self._upscaler.net is None:
            self._tally.count("bicubic")
            return self._upscaler.resize(picture)
        begun = time.monotonic()
        enhanced = self._upscaler.enhance(picture, self.strength)
        self._policy.took(time.monotonic() - begun)
        self._tally.count("enhanced")
        return enhanced

    def _choose_net(self, picture: Picture) -> None:
        size = (picture.width, picture.height)
        if size != self.size:
            self.size = size
            self._upscaler.use(None)
            self._policy.forget()
        net = self._wished_net(size)
        if net is not None and net is not self._upscaler.net:
            self._upscaler.use(net)
            self._policy.forget()
            if net.trial_s is not None:
                self._policy.took(net.trial_s)

    def _wished_net(self, size: tuple[int, int]) -> Net | None:
        model = self.model
        net = self._upscaler.net
        if net is not None and net.manifest.name == model:
            return net
        try:
            net = self._nets.ready(model, *size)
        except NetUnusable as error:
            self.fault = str(error)
            return None
        self.fault = ""
        return net
