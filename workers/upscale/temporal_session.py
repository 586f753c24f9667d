"""One stream's use of earlier pictures: there once everything it needs is."""

from __future__ import annotations

import logging

from workers.errors import NetUnusable
from workers.kernels.readiness import is_warm
from workers.media.frame_task import FrameTask
from workers.media.picture import Picture
from workers.temporal.optical_flow import has_flow
from workers.upscale.model_cache import ModelCache, ModelRequest, Net
from workers.upscale.temporal_upscaler import TemporalRequest, TemporalUpscaler
from workers.upscale.upscaler import Upscaler

log = logging.getLogger(__name__)


class TemporalSession:
    """Makes the feed as soon as the net for any size and the compiled loops are ready; until then,
    and for nets that cannot, there is nothing to begin. Used by the enhancing thread.
    """

    def __init__(self, nets: ModelCache, owner: str) -> None:
        self._nets = nets
        self._owner = owner
        self._net: Net | None = None
        self._size = (0, 0)
        self._feed: TemporalUpscaler | None = None
        self._target: Picture | None = None

    @property
    def is_ready(self) -> bool:
        """True while pictures can be begun."""
        return self._feed is not None

    def prepare(self, model: str, width: int, height: int, *, may_begin: bool = True) -> None:
        """Lets the net for regions be made ready; whether it can be shows when it is needed."""
        if self._nets.reuse and has_flow(width, height):
            wish = ModelRequest(self._owner, "regions", may_begin)
            self._nets.prepare_free(model, width, height, wish=wish)

    def use(self, net: Net | None, size: tuple[int, int]) -> None:
        """The net for the pictures that follow, and their width and height."""
        self._feed = self._target = None
        self._size = size
        # The whole net on a smaller picture takes next to nothing.
        self._net = net if self._nets.reuse and has_flow(*size) else None

    def begin(
        self, picture: Picture, shot: FrameTask, upscaler: Upscaler, strength: float
    ) -> TemporalRequest | None:
        """What there is to do for the picture; None where nothing can be reused yet."""
        if self._net is not None and self._feed is None:
            self._feed = self._made(self._net)
        if self._feed is None:
            return None
        self._target = upscaler.blank(picture)
        return self._feed.begin(picture, self._target, shot.info, strength)

    def full(self) -> Picture:
        """The net on all of the picture that was begun."""
        feed, target = self._begun()
        feed.full()
        return target

    def refresh(self, most_share: float) -> tuple[Picture, float]:
        """The net on what is worth it; the picture, and the share of the full net's work."""
        feed, target = self._begun()
        return target, feed.refresh(most_share)

    def miss(self) -> None:
        """The picture, begun or not, is made in another way or left out."""
        self._target = None
        if self._feed is not None:
            self._feed.miss()

    def _begun(self) -> tuple[TemporalUpscaler, Picture]:
        if self._feed is None or self._target is None:
            raise RuntimeError("nothing was begun")
        target, self._target = self._target, None
        return self._feed, target

    def _made(self, net: Net) -> TemporalUpscaler | None:
        if not is_warm():
            return None
        try:
            wish = ModelRequest(self._owner, "regions")
            session = self._nets.free(net.manifest.name, *self._size, wish=wish)
        except NetUnusable as error:
            log.info("nothing is reused: %s", error, extra={"action": "no_reuse"})
            self._net = None
            return None
        return None if session is None else TemporalUpscaler(net.manifest, *self._size, session)
