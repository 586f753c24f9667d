from __future__ import annotations

import pytest

from media.codec import Codec
from workers.encode.step import OutputConfig
from workers.errors import NetUnusable
from workers.process import calibration
from workers.process.calibration import Speed
from workers.scheduling.capacity import Capacity
from workers.upscale.model_cache import ModelCache

from ..studio import BITRATES

OUTPUT = OutputConfig(codec=Codec.H264, preset="ultrafast", bitrates=BITRATES)


def test_a_machine_is_measured_with_the_net_and_the_encoder(nets: ModelCache) -> None:
    measured = calibration.measure(nets, OUTPUT, model="tiny")
    assert measured.ms_per_frame > 0
    assert 0 < measured.streams < 0.9 * 1000 / 30 / measured.ms_per_frame


def test_the_operators_number_replaces_the_measured_one(nets: ModelCache) -> None:
    speed = Speed(streams=2.0, ms_per_frame=3.0)
    assert calibration.capacity_of(nets, speed, [], model="tiny", override=7.5).streams == 7.5
    found = calibration.capacity_of(nets, speed, [], model="tiny", override=0.0)
    assert (found.streams, found.ms_per_frame, found.model) == (2.0, 3.0, "tiny")


def test_a_default_net_that_is_not_there_is_said(nets: ModelCache) -> None:
    with pytest.raises(NetUnusable, match="nowhere"):
        calibration.measure(nets, OUTPUT, model="nowhere")


def test_time_grows_with_pixels_and_with_the_nets_weight() -> None:
    known = Capacity(streams=1.0, ms_per_frame=20.0, macs={"small": 10, "large": 30}, model="small")
    assert known.frame_ms("small", 480, 270) == 20.0
    assert known.frame_ms("small", 960, 540) == 80.0
    assert known.frame_ms("large", 480, 270) == 60.0
    assert known.frame_ms("unheard-of", 480, 270) == 20.0


def test_the_time_of_cores_is_measured_beside_what_passes(nets: ModelCache) -> None:
    measured = calibration.measure(nets, OUTPUT, model="tiny")
    assert 0.0 < measured.coding_ms < measured.core_ms
    found = calibration.capacity_of(nets, measured, [], model="tiny", override=0.0)
    assert found.within(0.01) < found.streams == found.within(64.0)
    fixed = calibration.capacity_of(nets, measured, [], model="tiny", override=3.0)
    assert fixed.within(0.01) == 3.0


def test_a_composer_is_measured_by_its_encoder_and_not_by_a_net() -> None:
    slow = Speed(streams=0.2, ms_per_frame=300.0, core_ms=160.0, coding_ms=4.0)
    found = calibration.composing(slow)
    assert found.ms_per_frame == 300.0 and found.coding_ms == 4.0
    assert found.core_ms == 4.0 + calibration.PLANNING_MS + calibration.COMPOSING_MS
    assert 1.0 < found.streams < 5.0
    assert calibration.composing(Speed(9.0, 1.0, 5.0, coding_ms=40.0)).streams < found.streams


def test_a_quota_does_not_make_the_net_look_slow() -> None:
    took = calibration._Took(elapsed_ms=30.0, core_ms=12.0)
    assert took.without_waiting(1) == 12.0 and took.without_waiting(2) == 6.0
    # A device works while no core does.
    assert took.without_waiting(0) == 30.0
    assert calibration._Took(elapsed_ms=10.0, core_ms=12.0).without_waiting(1) == 10.0


def test_it_is_known_what_is_propagated_and_what_planning_takes(nets: ModelCache) -> None:
    slow = Speed(streams=0.2, ms_per_frame=300.0, core_ms=160.0, coding_ms=8.0)
    found = calibration.capacity_of(nets, slow, [], model="tiny", override=0.0)
    assert found.propagating == frozenset() and found.planning_ms == 4.0
    quick = calibration.capacity_of(nets, Speed(9.0, 3.0), [], model="tiny", override=0.0)
    assert quick.planning_ms == calibration.PLANNING_MS
