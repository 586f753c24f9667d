"""Costs of the parts of a net."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from models.split.chain import Chain, Part, Tensors, count_macs, measure  # noqa: E402


def small_chain() -> Chain:
    torch.manual_seed(0)
    grow, keep = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)

    def first(frames: Tensor, carried: Tensors, memory: Tensors) -> Tensors:
        return (grow(frames),)

    def recall(frames: Tensor, carried: Tensors, memory: Tensors) -> Tensors:
        return (keep(carried[0]) + memory[0],)

    def last(frames: Tensor, carried: Tensors, memory: Tensors) -> Tensors:
        return (carried[0].sum(1, keepdim=True) + frames,)

    return Chain((Part("first", first), Part("recall", recall, True), Part("last", last)))


def test_parts_run_one_after_the_other_and_the_memory_comes_back() -> None:
    chain, frames = small_chain(), torch.rand(1, 1, 6, 8)
    memory = (torch.ones(1, 4, 6, 8),)
    with torch.no_grad():
        first, kept = chain.run(frames, memory)
        assert kept[0].shape == (1, 4, 6, 8)
        assert torch.allclose(first, kept[0].sum(1, keepdim=True) + frames)
        second, _ = chain.run(frames, kept)
    assert not torch.allclose(first, second)


def test_a_chain_without_a_loop_remembers_nothing() -> None:
    chain = Chain((small_chain().parts[0],))
    assert chain.run(torch.rand(1, 1, 4, 4))[1] == ()


def test_costs_are_counted() -> None:
    memory = (torch.zeros(1, 4, 6, 8),)
    stages = measure(small_chain(), torch.rand(1, 1, 6, 8), memory, value_bits=8, result_bits=100)
    pixels = 6 * 8
    assert [s.name for s in stages] == ["first", "recall", "last"]
    assert [s.macs for s in stages] == [9 * 4 * pixels, 9 * 16 * pixels, 0]
    assert [s.passed_bits for s in stages] == [8 * 4 * pixels, 8 * 4 * pixels, 100]
    assert [s.is_in_loop for s in stages] == [False, True, False]


def test_matrix_products_count_too() -> None:
    a, b = torch.rand(3, 5), torch.rand(5, 7)

    assert count_macs(lambda: a @ b) == 3 * 5 * 7
    assert count_macs(lambda: torch.matmul(a, b)) == 3 * 5 * 7
    assert count_macs(lambda: torch.einsum("ik,kj->ij", a, b)) == 3 * 5 * 7
    assert count_macs(lambda: a + a) == 0
