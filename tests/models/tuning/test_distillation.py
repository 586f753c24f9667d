"""``models.tuning.distillation``: a net comes nearer to its teacher, on pictures it did not see."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.graph.plain import PlainNet
from models.tuning.distillation import DistillationConfig, Lesson, distil
from models.tuning.tunable_net import TunableNet
from tests.models.tuning import samples

FEW = DistillationConfig(steps=40, batch=4, side=32)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def error(net: PlainNet, lessons: list[Lesson], strength: float) -> float:
    run = TunableNet(net)
    found = []
    for lesson in lessons:
        luma = torch.from_numpy(lesson.luma.astype(np.float32))[None, None]
        with torch.no_grad():
            made = run(luma, torch.full((1, 1, 1, 1), strength)).clamp(0, 255)[0, 0].numpy()
        wanted = lesson.crisp if strength else lesson.faithful
        found.append(float(np.mean((made - wanted.astype(np.float32)) ** 2)))
    return float(np.mean(found))


def test_it_comes_nearer_to_its_teacher_in_both_styles() -> None:
    lessons = samples.lessons(samples.pictures(6))
    shown, held_back = lessons[::2], lessons[1::2]
    before = samples.net()
    after = distil(before, shown, FEW)
    for strength in (0.0, 1.0):
        assert error(after, held_back, strength) < 0.95 * error(before, held_back, strength)


def test_the_same_pictures_give_the_same_net() -> None:
    lessons = samples.lessons(samples.pictures(2))
    few = DistillationConfig(steps=3, batch=2, side=16)
    one, other = (distil(samples.net(), lessons, few) for _ in range(2))
    np.testing.assert_array_equal(one.head.weight, other.head.weight)
    assert np.any(one.head.weight != samples.net().head.weight)


def test_pictures_smaller_than_a_patch_are_taken_whole() -> None:
    small = [each[:20, :24] for each in samples.pictures(2)]
    lessons = samples.lessons([np.ascontiguousarray(each) for each in small])
    tuned = distil(samples.net(), lessons, DistillationConfig(steps=2, batch=2, side=48))
    assert np.isfinite(tuned.head.weight).all()
