"""Errors of the models."""

from __future__ import annotations

import inspect

from models import errors
from models.errors import BadManifest, BadModelFile, ModelError, UnknownModel


def test_all_have_one_root_and_stand_in_the_list() -> None:
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        assert issubclass(kind, ModelError)
        assert name in (errors.__doc__ or "")
        assert name in errors.__all__


def test_messages_name_the_model_and_carry_it() -> None:
    unknown = UnknownModel("live-x")
    assert (str(unknown), unknown.name) == ("there is no model named 'live-x' in the zoo", "live-x")
    bad = BadManifest("live-x", "no scale")
    assert (bad.name, bad.reason) == ("live-x", "no scale")
    assert str(bad) == "the manifest of model 'live-x' is bad: no scale"
    file = BadModelFile("live-x", "int8", "it is missing")
    assert (file.name, file.precision, file.reason) == ("live-x", "int8", "it is missing")
    assert str(file) == "the int8 file of model 'live-x' cannot be used: it is missing"
