"""``benchmarks.tuning``: one clip, and the table."""

from __future__ import annotations

import pytest
import torch

from benchmarks.tuning import Gain, markdown, measure
from workers.tuning.tuning_policy import MIN_GAIN_DB


@pytest.mark.slow
def test_a_clip_gives_its_gains() -> None:
    torch.set_num_threads(1)
    found = measure("talking")
    assert found.clip == "talking"
    # The teacher is better on this clip, and the shipped training brings the net nearer to it.
    assert 0.0 < found.teacher_db < 2.0
    assert 0.0 < found.tuned_db < found.teacher_db + 0.2
    assert found.is_used


def test_a_model_without_a_teacher_is_said() -> None:
    with pytest.raises(ValueError, match="No net of the zoo is better than live-m"):
        measure("talking", model="live-m")


def test_the_table_shows_each_clip_and_the_mean() -> None:
    found = [
        Gain("screen", 0.2, 0.3, MIN_GAIN_DB),
        Gain("street", 0.1, -0.1, MIN_GAIN_DB - 0.01),
    ]
    text = markdown(found, "machine")
    assert "| screen | +0.20 | +0.30 | +0.50 | yes |" in text
    assert "| street | +0.10 | -0.10 | +0.49 | no |" in text
    assert text.endswith("| mean | +0.15 | +0.10 | | |")
