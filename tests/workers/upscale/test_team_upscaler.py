"""The propagated picture of a frame of which helpers made regions."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from models.manifest import load_manifest
from tests.workers.temporal.scenes import HALO, net, padded, texture
from tests.workers.upscale.plain_team import results, team_frame
from workers.media.frame_info import CodecInfo
from workers.media.picture import Picture, Plane
from workers.team.planner import FramePlan, TeamPlanner
from workers.temporal.incremental_bicubic import IncrementalBicubic
from workers.temporal.padding import bordered
from workers.temporal.region_selection import Region
from workers.upscale.team_frame import OWN, RegionResult, TeamFrame
from workers.upscale.temporal_upscaler import TemporalUpscaler

WIDTH, HEIGHT = 160, 96
MODEL = load_manifest("live-s")
KEY = CodecInfo(is_key=True, coded_bytes=0)


class Net:
    """The net of the tests; counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def run(self, luma: Plane, strength: float) -> Plane:
        self.calls += 1
        return net(luma)


class Lead:
    """A lead: it plans each picture, and composes it with what came."""

    def __init__(self) -> None:
        self.net = Net()
        self.upscaler = TemporalUpscaler(MODEL, WIDTH, HEIGHT, self.net)
        self.planner = TeamPlanner(WIDTH, HEIGHT, MODEL.receptive_radius)
        self.target = Picture.blank(2 * WIDTH, 2 * HEIGHT)

    def plan(self, luma: Plane, info: CodecInfo | None = None) -> tuple[FramePlan, TeamFrame]:
        plan = self.planner.plan(luma, info)
        calls = self.planner.composed
        return plan, team_frame(plan.matched, number=plan.number, composed=calls)

    def begin(self, luma: Plane, team: TeamFrame | None, info: CodecInfo | None = None) -> float:
        picture = Picture.blank(WIDTH, HEIGHT)
        picture.y[:], picture.u[:], picture.v[:] = luma, 100, 150
        return self.upscaler.begin(picture, self.target, info, 0.0, team).fraction


def made_of(luma: Plane) -> Plane:
    """What the net makes of all of a picture."""
    inside = slice(2 * HALO, 2 * (HALO + HEIGHT)), slice(2 * HALO, 2 * (HALO + WIDTH))
    return net(padded(luma))[inside]


def plain_of(luma: Plane) -> Plane:
    enlarger = IncrementalBicubic(WIDTH, HEIGHT, 2)
    enlarger.update(bordered(luma))
    return enlarger.large


def helped(luma: Plane, plan: FramePlan, device: str = "a") -> list[RegionResult]:
    """What a helper sends of all that was planned."""
    return results(made_of(luma), plain_of(luma), plan.regions, device)


def scene(step: int) -> Plane:
    """A pan over noise, and a part that changes."""
    luma = np.ascontiguousarray(texture(HEIGHT, WIDTH + 80)[:, 2 * step : 2 * step + WIDTH])
    luma[16:40, 40:80] = texture(24, 40, step)
    return luma


def test_a_picture_of_helpers_results_is_the_leads_own_bit_by_bit() -> None:
    lead, own = Lead(), Lead()
    for step in range(8):
        luma, info = scene(step), KEY if step == 5 else None
        plan, team = lead.plan(luma, info)
        assert team.add(helped(luma, plan)[::-1])
        lead.begin(luma, team, info)
        assert lead.upscaler.refresh(0.0) == 0.0
        fraction = own.begin(luma, None, info)
        assert (fraction == 1.0) is plan.is_new
        own.upscaler.full() if fraction == 1.0 else own.upscaler.refresh(1.0)
        assert np.array_equal(lead.target.y, own.target.y)
    assert lead.net.calls == 0 < own.net.calls


def test_what_did_not_come_is_what_the_lead_still_wants() -> None:
    lead, luma = Lead(), scene(0)
    plan, team = lead.plan(luma)
    came = helped(luma, plan)[: len(plan.regions) // 2]
    team.add(came)
    wanted = lead.begin(luma, team)
    assert 0.1 < wanted < 0.7
    done = lead.upscaler.refresh(1.0)
    assert done == wanted and lead.net.calls > 0
    samples = lead.upscaler.samples
    assert samples["a"] == sum(each.region.height * each.region.width for each in came)
    assert samples["a"] + samples[OWN] == pytest.approx(WIDTH * HEIGHT, rel=0.3)


def test_samples_are_counted_by_device_and_a_whole_picture_is_the_leads() -> None:
    lead, luma = Lead(), scene(0)
    plan, team = lead.plan(luma)
    half = len(plan.regions) // 2
    both = helped(luma, plan)
    team.add(both[:half])
    team.add([dataclasses.replace(each, device="b") for each in both[half:]])
    lead.begin(luma, team)
    lead.upscaler.refresh(0.0)
    assert set(lead.upscaler.samples) == {"a", "b"}
    assert lead.upscaler.made == [
        ("a" if place < half else "b", each.region) for place, each in enumerate(both)
    ]
    assert sum(lead.upscaler.samples.values()) == WIDTH * HEIGHT
    _, team = lead.plan(scene(1))
    lead.begin(scene(1), team)
    lead.upscaler.full()
    assert lead.upscaler.samples == {OWN: WIDTH * HEIGHT}
    assert lead.upscaler.made == [(OWN, Region(0, 0, HEIGHT, WIDTH))]


def test_without_results_in_time_a_team_frame_is_as_the_lead_alone_makes_it() -> None:
    lead, own = Lead(), Lead()
    for step in range(4):
        luma = scene(step)
        _, team = lead.plan(luma)
        fractions = lead.begin(luma, team), own.begin(luma, None)
        assert fractions[0] == fractions[1]
        for each in (lead, own):
            each.upscaler.full() if fractions[0] == 1.0 else each.upscaler.refresh(0.2)
        assert np.array_equal(lead.target.y, own.target.y)


def test_a_damaged_result_leaves_the_rest() -> None:
    lead, luma = Lead(), scene(0)
    plan, team = lead.plan(luma)
    came = helped(luma, plan)
    came[3] = dataclasses.replace(came[3], coded=b"damaged")
    team.add(came)
    assert 0.0 < lead.begin(luma, team) < 0.3
    assert team.unreadable == 1
    lead.upscaler.refresh(1.0)
    apart = np.abs(lead.target.y.astype(int) - made_of(luma))
    assert apart.max() <= 1


def test_the_planner_learns_what_the_composed_picture_is_like() -> None:
    lead, luma = Lead(), scene(0)
    _, team = lead.plan(luma)
    # All of it was ordered, so there is nothing to do for the next one.
    assert not lead.plan(luma)[0].regions
    lead.begin(luma, team)
    lead.upscaler.refresh(0.0)  # nothing came, and the lead has no time
    again, _ = lead.plan(luma)
    assert sum(each.height * each.width for each in again.regions) > 0.4 * WIDTH * HEIGHT


def test_a_frame_that_is_left_out_does_no_harm() -> None:
    lead, luma = Lead(), scene(0)
    plan, team = lead.plan(luma)
    team.add(helped(luma, plan))
    lead.begin(luma, team)
    lead.upscaler.refresh(0.0)
    lead.plan(scene(1))  # dropped
    lead.upscaler.miss()
    plan, team = lead.plan(scene(2))
    team.add(helped(scene(2), plan))
    lead.begin(scene(2), team)
    lead.upscaler.refresh(1.0)
    apart = (lead.target.y.astype(float) - made_of(scene(2))) ** 2
    plain = cv2.resize(scene(2), (2 * WIDTH, 2 * HEIGHT), interpolation=cv2.INTER_CUBIC)
    assert apart.mean() < 0.35 * ((plain.astype(float) - made_of(scene(2))) ** 2).mean()
