"""What training runs share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from models.training.run import Run

SETTINGS = {"kind": "line", "width": 2}


def begun(steps: int = 20, warm_up: int = 4, **identity: Any) -> Run:
    torch.manual_seed(1)
    return Run.begin(
        nn.Linear(2, 1),
        nn.Linear(2, 1),
        {**SETTINGS, **identity},
        rate=0.1,
        warm_up=warm_up,
        steps=steps,
    )


def walk(run: Run, steps: range) -> None:
    for number in steps:
        x = torch.tensor([[1.0, float(number % 3)]])
        run.step(((run.net(x) - 3) ** 2).mean(), number, 0.9)


def test_the_average_begins_as_the_net_and_follows_it() -> None:
    run = begun()
    assert torch.equal(run.net.weight, run.average.weight)  # type: ignore[arg-type]
    walk(run, range(20))
    apart = [
        float((a - b).abs().max().detach())
        for a, b in zip(run.net.parameters(), run.average.parameters(), strict=True)
    ]
    assert 0 < max(apart) < 2


def test_the_rate_rises_in_a_line_and_falls_to_a_hundredth() -> None:
    run = begun(steps=40, warm_up=4)
    rates = []
    for number in range(40):
        rates.append(run.schedule.get_last_lr()[0])
        walk(run, range(number, number + 1))
    assert rates[:4] == pytest.approx([0.025, 0.05, 0.075, 0.1])
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert run.schedule.get_last_lr()[0] == pytest.approx(0.001)


def test_no_step_follows_one_wild_patch() -> None:
    run = begun()
    wild = ((run.net(torch.tensor([[1e6, 1e6]])) - 3) ** 2).mean()
    before = [p.detach().clone() for p in run.net.parameters()]
    run.step(wild, 0, 0.9)
    for old, new in zip(before, run.net.parameters(), strict=True):
        assert float((old - new).abs().max().detach()) < 0.1


def test_a_run_goes_on_from_its_checkpoint_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    whole, first, second = begun(), begun(), begun()
    walk(whole, range(12))
    walk(first, range(7))
    first.save(tmp_path / "a.pt", {"steps": 20}, 7)
    assert second.resume(tmp_path / "a.pt") == 7
    walk(second, range(7, 12))
    for a, b in zip(whole.average.parameters(), second.average.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-7)


def test_nothing_to_resume_is_a_beginning_and_another_net_is_refused(tmp_path: Path) -> None:
    run = begun()
    assert run.resume(tmp_path / "a.pt") == 0
    run.save(tmp_path / "a.pt", {}, 3)
    with pytest.raises(ValueError, match=r"a\.pt holds another net: .*'width': 2"):
        begun(width=4).resume(tmp_path / "a.pt")


def test_a_checkpoint_is_whole_or_the_one_before(tmp_path: Path) -> None:
    run = begun()
    run.save(tmp_path / "a.pt", {"steps": 20}, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]
    content = torch.load(tmp_path / "a.pt", weights_only=True)
    assert content["training"] == {"steps": 20} and content["kind"] == "line"
    assert len(content["revision"]) in (7, 40)
