from __future__ import annotations

import numpy as np
import pytest

from workers.engines.tensorrt.buffers import ALIGNMENT, BufferPlan

PLAN = BufferPlan.of(
    {
        "luma": ("uint8", (1, 1, 27, 31)),
        "previous": ("uint8", (1, 1, 54, 62)),
        "strength": ("float32", (1,)),
    },
    ("enhanced", "uint8", (1, 1, 54, 62)),
)


def test_every_tensor_begins_at_a_multiple_of_the_alignment() -> None:
    slots = (*PLAN.inputs, PLAN.output)
    assert [slot.offset for slot in slots] == [0, 1024, 4608, 4864]
    assert all(slot.offset % ALIGNMENT == 0 for slot in slots)
    assert [slot.nbytes for slot in slots] == [837, 3348, 4, 3348]


def test_tensors_do_not_overlap_and_all_fit() -> None:
    ends = [slot.offset + slot.nbytes for slot in (*PLAN.inputs, PLAN.output)]
    starts = [slot.offset for slot in (*PLAN.inputs[1:], PLAN.output)]
    assert all(end <= start for end, start in zip(ends, starts, strict=False))
    assert PLAN.input_bytes == 4612 and PLAN.output.offset >= PLAN.input_bytes
    assert PLAN.size == 8448 and PLAN.size >= ends[-1]


def test_views_share_the_memory() -> None:
    memory = np.zeros(PLAN.size, np.uint8)
    for number, slot in enumerate((*PLAN.inputs, PLAN.output), 1):
        view = PLAN.view(memory, slot)
        assert view.shape == slot.shape and view.dtype == slot.dtype
        view[:] = number
    assert [PLAN.view(memory, slot).max() for slot in (*PLAN.inputs, PLAN.output)] == [1, 2, 3, 4]
    assert [PLAN.view(memory, slot).min() for slot in (*PLAN.inputs, PLAN.output)] == [1, 2, 3, 4]


@pytest.mark.parametrize("memory", [np.zeros(8447, np.uint8), np.zeros(8448, np.int8)])
def test_memory_that_cannot_hold_it_is_refused(memory: np.ndarray) -> None:
    with pytest.raises(ValueError, match="8448"):
        PLAN.view(memory, PLAN.output)
