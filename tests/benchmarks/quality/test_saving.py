"""What half the size saves of an uplink."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("bjontegaard")
pytest.importorskip("openvino")

from benchmarks.quality.saving import bd_rate, bd_rates, leads, mean_leads, pays_up_to
from benchmarks.quality.uplink import KBPS
from tests.benchmarks.quality.material import HALF, points


def test_half_the_bits_for_the_same_score_is_minus_fifty_percent() -> None:
    ((clip, delta),) = bd_rates(points("street"), HALF, "vmaf")
    assert clip == "street" and delta == pytest.approx(-50, abs=0.5)


def test_the_mean_is_that_of_kinds() -> None:
    natural = [p for clip in ("street", "dashcam", "motion") for p in points(clip, cheaper=0.9)]
    found = natural + points("screen", cheaper=0.5)
    assert bd_rate(found, HALF, "vmaf") == pytest.approx(-30, abs=0.5)


def test_curves_that_do_not_overlap_have_no_delta() -> None:
    apart = [p for p in points("street") if p.way != HALF] + [
        p for p in points("street") if p.way == HALF
    ][:2]
    assert bd_rate(apart, HALF, "vmaf") is None


def test_a_lead_is_over_the_large_picture_at_the_same_bitrate() -> None:
    found = leads(points("street", cheaper=1.0), HALF, "vmaf", "street", "h264")
    assert [kbps for kbps, _ in found] == [float(kbps) for kbps in KBPS]
    assert [lead for _, lead in found] == pytest.approx([0.0] * len(KBPS))
    ahead = leads(points("street", cheaper=0.5), HALF, "vmaf", "street", "h264")
    assert all(lead > 0 for _, lead in ahead[1:])


def test_it_pays_up_to_where_the_lead_ends() -> None:
    assert pays_up_to([(100.0, 2.0), (400.0, -2.0)]) == pytest.approx(200)
    assert pays_up_to([(100.0, -1.0), (200.0, 1.0), (400.0, -1.0)]) == pytest.approx(200 * 2**0.5)
    assert pays_up_to([(100.0, 2.0), (400.0, 1.0)]) == math.inf
    assert pays_up_to([(100.0, -2.0), (400.0, 0.0)]) == 0
    assert pays_up_to([]) == 0


def test_the_mean_lead_counts_kinds_alike() -> None:
    natural = [p for clip in ("street", "dashcam", "motion") for p in points(clip, cheaper=1.0)]
    (first, *_, last) = mean_leads(natural + points("screen", cheaper=0.5), HALF, "vmaf")
    (screen, *_) = leads(points("screen"), HALF, "vmaf", "screen", "h264")
    assert first[1] == pytest.approx(screen[1] / 2)
    assert last[0] == pytest.approx((800 + 400) / 2)
    assert mean_leads([], HALF, "vmaf") == []


@given(
    st.lists(st.floats(-5, 5).filter(lambda x: abs(x) > 1e-6), min_size=2, max_size=6),
)
def test_beyond_where_it_pays_there_is_no_lead(values: list[float]) -> None:
    found = [(100.0 * 2**n, value) for n, value in enumerate(values)]
    until = pays_up_to(found)
    assert all(lead < 0 for kbps, lead in found if kbps > until)
    assert until == 0 or until >= 100
