"""A net on parts of a picture, and the last enhanced picture for the rest."""

from __future__ import annotations

import dataclasses

from models.manifest import Manifest
from workers.engines.engine import DynamicShapeSession
from workers.media.frame_info import CodecInfo
from workers.media.picture import Picture, chroma_side
from workers.temporal.incremental_bicubic import IncrementalBicubic
from workers.temporal.padding import bordered
from workers.temporal.propagator import Propagator
from workers.temporal.region_selection import Region, pixels
from workers.upscale.chroma import OFFSETS
from workers.upscale.region_net import RegionNet
from workers.upscale.team_frame import OWN, MadeRegion, TeamFrame, samples_of, whole_picture

__all__ = ["TemporalUpscaler", "TemporalRequest"]


MAX_MISSED_PICTURES = 10
"""Number of pictures made in another way after which what was kept is too old to compare with."""


MAX_WANTED_FRACTION = 0.6
"""Part of the whole net's work that a picture may want. Where much moves all the time, cells take
turns: what is a picture or two old is nearly as good, and no picture takes as long as a whole one.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class TemporalRequest:
    """The work that a picture asks for, before any of it is done."""

    fraction: float
    "Part of the whole net's work that would be worth it; 1 where nothing can be propagated."
    energy: float
    "Residual energy that the net has to add, in squared levels per pixel of enlarged luma."


class TemporalUpscaler:
    """One stream's way through one net; for each picture ``begin``, then ``full``, ``refresh`` or
    ``miss``.
    """

    def __init__(
        self, manifest: Manifest, width: int, height: int, net: DynamicShapeSession
    ) -> None:
        self._net = RegionNet(manifest, net)
        self._halo = manifest.receptive_radius
        self._propagator = Propagator(width, height, manifest.scale, self._halo)
        sides = chroma_side(width), chroma_side(height)
        self._chroma = {
            siting: [IncrementalBicubic(*sides, manifest.scale, offset=offset) for _ in range(2)]
            for siting, offset in OFFSETS.items()
        }
        self._size = (width, height)
        self._all = (width + 2 * self._halo) * (height + 2 * self._halo)
        self._strength: float | None = None
        self._wanted: list[Region] | None = None
        self._target: Picture | None = None
        self._team: TeamFrame | None = None
        self._missed = 0
        self.made: list[MadeRegion] = []
        "Regions of the last picture that nets made, in order."

    @property
    def samples(self) -> dict[str, int]:
        """Decoded luma samples that nets enlarged of the last picture, no halos, by device."""
        return samples_of(self.made, *self._size)

    def begin(
        self,
        picture: Picture,
        target: Picture,
        info: CodecInfo | None,
        strength: float,
        team: TeamFrame | None = None,
    ) -> TemporalRequest:
        """Predicts ``target``, whose luma is filled by ``full`` or ``refresh``, and takes over the
        regions that helpers made.
        """
        if strength != self._strength:
            # Another style: nothing that was made before fits.
            self._propagator.forget()
            self._strength = strength
        if info is not None and self._missed:
            # Its vectors tell of a picture that was not seen here.
            info = dataclasses.replace(info, motion=None)
        enlargers = self._chroma[picture.colour.siting]
        for enlarger, plane, large in zip(
            enlargers, (picture.u, picture.v), (target.u, target.v), strict=True
        ):
            enlarger.update(bordered(plane))
            large[:] = enlarger.large[: large.shape[0], : large.shape[1]]
        self._target = target
        self._net.take(picture.y)
        report = self._propagator.predict(picture.y, info, team.matched if team else None)
        self._team, self.made = team, []
        if team is not None:
            self._take_over(team)
        most = int(MAX_WANTED_FRACTION * self._all)
        is_full = report.must_be_full and not self.made
        self._wanted = None if is_full else self._propagator.regions(most)
        fraction = 1.0 if self._wanted is None else pixels(self._wanted, self._halo) / self._all
        return TemporalRequest(fraction=min(fraction, 1.0), energy=report.gain)

    def _take_over(self, team: TeamFrame) -> None:
        for result, made in team.decoded(self._propagator.plain):
            self._propagator.apply_region(made, result.region, 0, 0)
            self.made.append((result.device, result.region))

    def full(self) -> None:
        """The net on all of the picture."""
        target = self._begun()
        made = self._net.whole(self._strength or 0.0)
        self._propagator.apply_full(made, self._halo, self._halo)
        # What helpers made of it is overwritten.
        self.made = whole_picture(*self._size)
        self._end(target)

    def refresh(self, max_fraction: float) -> float:
        """Runs the net on what is worth it, worst first, for at most this fraction of the whole
        net's work; returns the fraction that it was.
        """
        target = self._begun()
        # To the nearest sample: what comes back from milliseconds may be a last bit short of the
        # request, and a region would be left out for it.
        most = round(max_fraction * self._all)
        regions = self._wanted
        if regions is None or pixels(regions, self._halo) > most:
            regions = self._propagator.regions(most)
        for region in regions:
            made = self._net.framed(region, self._strength or 0.0)
            self._propagator.apply_region(made, region, self._halo, self._halo)
            self.made.append((OWN, region))
        self._end(target)
        return pixels(regions, self._halo) / self._all

    def miss(self) -> None:
        """The picture, begun or not, is made in another way or left out."""
        self._propagator.cancel()
        self._target = self._team = None
        # Predictions are compared with the last picture that was made here, so a few pictures in
        # between only make residuals larger.
        self._missed += 1
        if self._missed > MAX_MISSED_PICTURES:
            self.forget()

    def forget(self) -> None:
        """The next picture does not follow the last one."""
        self._propagator.forget()

    def _begun(self) -> Picture:
        if self._target is None:
            raise RuntimeError("full() or refresh() without begin()")
        target, self._target = self._target, None
        return target

    def _end(self, target: Picture) -> None:
        self._propagator.commit()
        self._missed = 0
        target.y[:] = self._propagator.enlarged
        if self._team is not None:
            self._team.tell_composed(self._propagator.copy_state(), self._propagator.factor)
