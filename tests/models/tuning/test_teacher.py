"""``models.tuning.teacher``: who teaches whom."""

from __future__ import annotations

import msgspec
import pytest

from models.manifest import list_models, load_manifest
from models.tuning.teacher import can_learn, gain_db, teacher_of

ZOO = list_models()


def test_a_small_net_learns_from_the_better_one_of_its_scale() -> None:
    teacher = teacher_of(load_manifest("live-s"), ZOO)
    assert teacher is not None and teacher.name == "live-m"
    assert gain_db(teacher) > gain_db(load_manifest("live-s"))


def test_the_best_net_has_no_teacher() -> None:
    assert teacher_of(load_manifest("live-m"), ZOO) is None
    assert teacher_of(load_manifest("live-m-x3"), ZOO) is None


def test_nobody_teaches_what_was_not_measured_to_be_better() -> None:
    unknown = msgspec.structs.replace(load_manifest("live-m"), mean_gain_db={})
    assert teacher_of(load_manifest("live-s"), [unknown]) is None
    assert teacher_of(load_manifest("live-s"), []) is None


@pytest.mark.parametrize("name", ["live-s", "live-m", "live-l", "live-m-x4"])
def test_plain_nets_can_learn(name: str) -> None:
    assert can_learn(load_manifest(name))


@pytest.mark.parametrize("name", ["live-t", "basicvsr-causal", "edvr-m", "tdan", "unet-xs"])
def test_nets_that_remember_or_see_several_pictures_cannot(name: str) -> None:
    assert not can_learn(load_manifest(name))


def test_a_teacher_has_the_same_styles() -> None:
    plain = msgspec.structs.replace(load_manifest("live-m"), strength=False)
    assert teacher_of(load_manifest("live-s"), [plain]) is None
