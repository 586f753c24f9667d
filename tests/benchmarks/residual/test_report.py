"""Rates and fractions between the measured points, and the page from figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.residual.material import MEASURED
from benchmarks.residual.report import Figure, draw, fraction_at, markdown, measured, rate_for
from benchmarks.residual.ways import WAYS, residual
from tests.benchmarks.residual.films import made_film


def test_rates_between_points_go_by_their_logarithm() -> None:
    points = [(8.0, 1.0), (1.0, 0.4), (2.0, 0.8)]
    assert rate_for(points, 0.6) == pytest.approx(2**0.5)
    assert rate_for(points, 0.8) == pytest.approx(2.0)
    assert rate_for(points, 0.2) == 1.0
    assert rate_for(points, 1.1) is None
    assert fraction_at(points, 4.0) == pytest.approx(0.9)


def test_a_dip_in_the_fractions_is_passed_over() -> None:
    assert rate_for([(1.0, 0.5), (2.0, 0.4), (4.0, 0.9)], 0.65) == pytest.approx(2 * 2**0.5)


def test_a_clip_is_measured_for_pictures_of_the_usual_size() -> None:
    figure = measured("speaker", made_film(), "residual codec", "quality 20", residual(20))
    assert 0.8 < figure.gain < 1.2 and 0.9 < figure.energy < 1.0
    assert figure.mbit > 0 and figure.encode_ms > 0 and figure.decode_ms > 0


def figures() -> list[Figure]:
    found = []
    for clip in MEASURED:
        for kind, settings in WAYS.items():
            for number, setting in enumerate(settings):
                fraction = 0.5 + 0.04 * number
                found.append(
                    Figure(clip, kind, setting, 2.0**number, fraction, fraction, 9.0, 6.0, 0.5)
                )
    return found


def test_the_page_names_each_clip_and_way(tmp_path: Path) -> None:
    text = markdown(figures(), "a machine", "live-m", 12)
    for name in (*MEASURED, *WAYS):
        assert f"| {name} |" in text
    assert "1024.00 Mbit/s** (target: 4 Mbit/s)" in text
    draw(figures(), tmp_path / "rate.png")
    assert (tmp_path / "rate.png").stat().st_size > 5000
