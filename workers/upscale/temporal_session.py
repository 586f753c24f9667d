"""One stream's temporal propagation: there once everything it needs is."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from workers.errors import NetUnusable
from workers.kernels.readiness import is_warm
from workers.media.frame_info import CodecInfo
from workers.media.picture import Picture
from workers.temporal.optical_flow import has_flow
from workers.upscale.model_cache import ModelCache, ModelRequest, Net
from workers.upscale.team_frame import MadeRegion, TeamFrame
from workers.upscale.temporal_upscaler import TemporalRequest, TemporalUpscaler

log = logging.getLogger(__name__)


class TemporalSession:
    """Propagates pictures as soon as the net for any size and the compiled loops are ready; for
    nets that cannot it never is. Used by the upscaling thread.

    For each frame either ``begin`` and then ``full`` or ``refresh``, or ``miss``.
    """

    def __init__(self, nets: ModelCache, owner: str) -> None:
        self._nets = nets
        self._owner = owner
        self._net: Net | None = None
        self._size = (0, 0)
        self._upscaler: TemporalUpscaler | None = None
        self._target: Picture | None = None
        self._was_made_whole = False

    def prepare(self, model: str, width: int, height: int, *, may_begin: bool = True) -> None:
        """Lets the net for regions be made ready; whether it can be shows when it is needed."""
        if self._nets.temporal and has_flow(width, height):
            request = ModelRequest(self._owner, "regions", may_begin)
            self._nets.prepare_dynamic(model, width, height, request=request)

    def use(self, net: Net | None, size: tuple[int, int]) -> None:
        """Takes the net for the pictures that follow, and their width and height."""
        self._upscaler = self._target = None
        self._was_made_whole = False
        self._size = size
        # The whole net on a smaller picture takes next to nothing.
        self._net = net if self._nets.temporal and has_flow(*size) else None

    def make_ready(self) -> bool:
        """Takes what became ready; True once pictures can be begun."""
        if self._net is not None and self._upscaler is None:
            self._upscaler = self._made(self._net)
        return self._upscaler is not None

    @property
    def samples(self) -> dict[str, int]:
        """Decoded luma samples that nets enlarged of the last picture begun, by device."""
        return {} if self._upscaler is None else self._upscaler.samples

    @property
    def made(self) -> Sequence[MadeRegion]:
        """Regions of the last picture begun that nets made, by device."""
        return () if self._upscaler is None else self._upscaler.made

    def begin(
        self,
        picture: Picture,
        target: Picture,
        info: CodecInfo | None,
        strength: float,
        team: TeamFrame | None = None,
    ) -> TemporalRequest:
        """Predicts ``target``, takes over what helpers made of it, and returns what there is still
        to do; it must be ready.
        """
        if self._upscaler is None:
            raise RuntimeError("begin() was called before it was ready")
        self._target = target
        return self._upscaler.begin(picture, target, info, strength, team)

    def full(self) -> Picture:
        """Returns the picture that was begun, with the net on all of it.

        This is another method's work; the ``miss`` that follows for it is none.
        """
        upscaler, target = self._begun()
        upscaler.full()
        self._was_made_whole = True
        return target

    def refresh(self, max_fraction: float) -> tuple[Picture, float]:
        """Returns the picture that was begun, with the net on what is worth it, and the fraction of
        the whole net's work that it was.
        """
        upscaler, target = self._begun()
        return target, upscaler.refresh(max_fraction)

    def miss(self) -> None:
        """Notes that the picture, begun or not, was made in another way or left out."""
        self._target = None
        # The stage resets every method but the one that made the picture. The full method made it
        # through this session, and then the reset that this method gets is no gap.
        if self._upscaler is not None and not self._was_made_whole:
            self._upscaler.miss()
        self._was_made_whole = False

    def _begun(self) -> tuple[TemporalUpscaler, Picture]:
        if self._upscaler is None or self._target is None:
            raise RuntimeError("nothing was begun")
        # A picture can be ended once: a second end would commit the same state twice.
        target, self._target = self._target, None
        return self._upscaler, target

    def _made(self, net: Net) -> TemporalUpscaler | None:
        # At the first start on a machine compiling takes half a minute; until then the full net
        # runs on every frame (decision 29).
        if not is_warm():
            return None
        try:
            request = ModelRequest(self._owner, "regions")
            session = self._nets.ready_dynamic(net.manifest.name, *self._size, request=request)
        except NetUnusable as error:
            log.info("nothing is propagated: %s", error, extra={"action": "no_propagation"})
            self._net = None
            return None
        return None if session is None else TemporalUpscaler(net.manifest, *self._size, session)
