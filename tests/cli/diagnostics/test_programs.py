"""Encoders and engines that are there, and what is said of those that are not."""

from __future__ import annotations

import av

from cli.diagnostics import programs
from cli.diagnostics.finding import Status
from tests.cli.diagnostics.seeds import assert_fault, by_name, settings
from workers.engines.registry import UNVERIFIED


def test_every_encoder_that_is_needed_is_looked_for() -> None:
    found = by_name(programs.check_encoders(settings()))
    assert set(found) == {"encoder libx264", "encoder libvpx", "encoder libopus"}
    assert all(finding.status is Status.GOOD for finding in found.values())


def test_an_encoder_that_pyav_lacks_is_a_fault_and_names_its_wheel() -> None:
    found = by_name(programs.encoders(av.codec.codecs_available - {"libx264"}))
    assert_fault(found["encoder libx264"], "no H.264 output", "pip install", "--only-binary av")
    assert found["encoder libvpx"].status is Status.GOOD


def test_engines_that_never_ran_on_hardware_are_a_note_at_most() -> None:
    found = by_name(programs.check_engines(settings()))
    assert found["engine openvino"].status is Status.GOOD
    for name in UNVERIFIED:
        assert found[f"engine {name}"].status is Status.NOTE
        assert "has not run on hardware yet" in found[f"engine {name}"].detail


def test_the_browser_of_the_tests_is_never_a_fault() -> None:
    (found,) = programs.check_browser(settings())
    assert found.what == "chromium" and found.status is not Status.FAULT
