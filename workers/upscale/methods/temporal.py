"""Temporal: the last enhanced picture moved along the motion, and the net on regions."""

from __future__ import annotations

import dataclasses

from workers.media.picture import Picture
from workers.scheduling.decision import Decision
from workers.scheduling.option import MethodInfo, Option, ScaleRule
from workers.upscale.method import MethodContext, UpscaleFrame
from workers.upscale.methods.full import FULL

# Regions that would be seen are refreshed: 0.95 of the whole net's gain remains.
TEMPORAL = MethodInfo("temporal", quality=0.95, scale=ScaleRule.MODEL, part_of=FULL)


class TemporalMethod:
    """Predicts the picture, then runs the net where the prediction is worst."""

    info = TEMPORAL

    def __init__(self, context: MethodContext) -> None:
        self._costs = context.costs
        self._models = context.models
        self._session = context.models.temporal

    def option(self, frame: UpscaleFrame) -> Option | None:
        if not self._session.make_ready():
            return None
        # Prediction takes milliseconds, so it waits until the scheduler sees a prospect.
        rough = self._costs.option(TEMPORAL)
        return dataclasses.replace(rough, plan=lambda: self._plan(frame))

    def _plan(self, frame: UpscaleFrame) -> Option:
        target = self._models.full.blank(frame.picture)
        request = self._session.begin(frame.picture, target, frame.info, frame.strength, frame.team)
        frame.wanted = request.fraction
        frame.timer.planned()
        return self._costs.option(TEMPORAL, wanted=request.fraction, energy=request.energy)

    def run(self, frame: UpscaleFrame, grant: Decision) -> Picture:
        picture, frame.done = self._session.refresh(grant.fraction)
        frame.samples, frame.made = self._session.samples, self._session.made
        return picture

    def reset(self) -> None:
        self._session.miss()
