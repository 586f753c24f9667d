"""Errors of the workers."""

from __future__ import annotations

import inspect

from media.limits import too_large
from workers import errors
from workers.errors import BrokenUnit, EngineUnavailable, NoDecoder, PictureTooLarge, WorkerError


def test_all_have_one_root_and_stand_in_the_list() -> None:
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        assert issubclass(kind, WorkerError)
        assert name in (errors.__doc__ or "")


def test_an_engine_says_its_name_and_reason_in_one_sentence() -> None:
    error = EngineUnavailable("torch", "torch is not installed")
    assert (error.name, error.reason) == ("torch", "torch is not installed")
    assert str(error) == "Engine 'torch' cannot be used: torch is not installed."


def test_units_that_no_decoder_takes_are_broken_ones_with_a_reason() -> None:
    large, missing = PictureTooLarge(9000, 10), NoDecoder("AV1", "libdav1d")
    assert isinstance(large, BrokenUnit) and isinstance(missing, BrokenUnit)
    assert str(large) == too_large(9000, 10) and "9000x10" in str(large)
    assert "AV1" in str(missing) and "libdav1d" in str(missing)
    assert str(missing).endswith("The source is passed on as it is.")
