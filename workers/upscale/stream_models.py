"""The nets of one stream: the wanted one, a smaller one, and the wanted one on regions."""

from __future__ import annotations

import time
from collections.abc import Callable

from workers.errors import NetUnusable
from workers.media.picture import Picture
from workers.upscale.compile_queue import SizeStand
from workers.upscale.model_cache import ModelCache, ModelRequest, Net
from workers.upscale.temporal_session import TemporalSession
from workers.upscale.upscaler import Upscaler

Expected = Callable[[str, int, int], float]
"""Milliseconds that a model is expected to take for a frame of a width and height."""


class StreamModels:
    """Takes each net as soon as it is ready for the pictures' size.

    ``model`` may be set from any thread. While its net is being compiled the previous net of the
    same size goes on, or there is none.
    """

    def __init__(
        self, nets: ModelCache, *, model: str, factor: int = 0, expected: Expected | None = None
    ) -> None:
        """``factor``: 1 for the source's size, below 0 for that divided by so much and no net; with
        any other the net's own scale counts.
        """
        self.model = model
        self.own = ""
        """Name of the net that was tuned on this stream, to be used in the place of ``model`` once
        it is ready; empty: none. Set by the thread that selects."""
        self.fault = ""
        "A sentence that says why the wanted net cannot be had; empty while it can."
        self.factor = factor
        self.size = (0, 0)
        "Width and height of the source's pictures; zeros before the first one."
        self.full = Upscaler()
        self.small = Upscaler()
        "The smaller net's; without one where the zoo has none, or it is not ready."
        self._nets = nets
        self._expected = expected
        self._small_model: str | None = None
        # The number is unique as long as the object lives, which is as long as requests in its name
        # wait.
        self._owner = f"stream {id(self)}"
        self.temporal = TemporalSession(nets, self._owner)
        self._stand, self._coming = SizeStand(), SizeStand()
        "Sizes of the pictures here, and of those that may come."

    @property
    def scale(self) -> int:
        """Output size over the source's."""
        return 1 if self.factor == 1 or self.is_plain else self.full.scale

    @property
    def is_plain(self) -> bool:
        """True where no net is wanted: the picture is made smaller, or stays as it is."""
        return self.factor < 0

    def prepare(self, width: int, height: int) -> bool:
        """Makes the nets ready for pictures that may come; True once the wanted one is. For the
        loop, while no picture is on its way.
        """
        if self.is_plain:
            return True
        size = (width, height)
        may_begin = self._coming.is_worth_it(size, now=time.monotonic())
        try:
            is_ready = self._ready(self.model, size, "full", may_begin) is not None
            if self.factor != 1:
                self.temporal.prepare(self.model, width, height, may_begin=may_begin)
            small = self._smaller(self.model)
            if is_ready and small is not None:
                self._ready(small, size, "small", may_begin)
        except NetUnusable as error:
            self.fault = str(error)
            return False
        self.fault = ""
        return is_ready

    def select(self, picture: Picture) -> bool:
        """Takes the nets for the pictures that follow; True if the size or the net changed, so that
        what was learnt with another one does not hold.
        """
        size = (picture.width, picture.height)
        has_changed = size != self.size
        if has_changed:
            self.size = size
            # A compiled net has a fixed input size, so the net of the old size must not see the new
            # pictures.
            self._use(None)
        net = self._wanted_net(size)
        if net is not None and net is not self.full.net:
            self._use(net)
            has_changed = True
        # The smaller net is asked for only once the wanted one is there, so it delays nothing.
        if self._small_model is not None and self.small.net is None:
            self._make_small_ready(self._small_model, size)
        return has_changed

    def expected_s(self, net: Net) -> float | None:
        """Returns what a net is expected to take of the engine; None where nothing is known."""
        if net.trial_s is not None:
            return net.trial_s
        if self._expected is None:
            return None
        return self._expected(self._nets.shipped(net.manifest.name), *self.size) / 1000.0

    @property
    def model_in_use(self) -> str:
        """Name of the shipped model of the net that works, tuned or not; empty while none does."""
        net = self.full.net
        return "" if net is None else self._nets.shipped(net.manifest.name)

    def _use(self, net: Net | None) -> None:
        self.full.use(net)
        self.temporal.use(net, self.size)
        self.small.use(None)
        self._small_model = None if net is None else self._smaller(net.manifest.name)

    def _smaller(self, model: str) -> str | None:
        """Returns the smaller net to use; at the source's size there is no method for one."""
        return None if self.factor == 1 else self._nets.smaller(model)

    def _make_small_ready(self, model: str, size: tuple[int, int]) -> None:
        try:
            net = self._ready(model, size, "small", True)
        except NetUnusable:
            # The stream does without it; that the zoo's own net is unusable shows elsewhere.
            self._small_model = None
            return
        if net is not None:
            self.small.use(net)

    def _ready(self, model: str, size: tuple[int, int], kind: str, may_begin: bool) -> Net | None:
        return self._nets.ready(model, *size, request=ModelRequest(self._owner, kind, may_begin))

    def _wanted_net(self, size: tuple[int, int]) -> Net | None:
        if self.is_plain:
            return None
        model = self.model
        net = self.full.net
        if net is not None and self.own and self._nets.shipped(self.own) == model:
            return self._own_net(net, size)
        # The net in use is for this size: ``select`` dropped it if the size had changed.
        if net is not None and net.manifest.name == model:
            return net
        try:
            may_begin = self._stand.is_worth_it(size, now=time.monotonic())
            net = self._ready(model, size, "full", may_begin)
        except NetUnusable as error:
            self.fault = str(error)
            return None
        self.fault = ""
        return net

    def _own_net(self, net: Net, size: tuple[int, int]) -> Net | None:
        """Returns the stream's own net; the one in use while that is not ready."""
        if net.manifest.name == self.own:
            return net
        try:
            return self._ready(self.own, size, "own", True) or net
        except NetUnusable:
            # The files of a tuned net may be gone, as a temporary folder may; the shipped net is
            # there.
            self.own = ""
            return net
