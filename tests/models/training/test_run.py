"""What training runs share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from models.training.run import Progress, Run

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


def followed(path: Path, said: list[str], *, first: int = 0, steps: int = 10) -> Progress:
    return Progress(
        run=begun(),
        checkpoint=path,
        training={"seed": 1},
        report=said.append,
        first=first,
        steps=steps,
        every=4,
    )


def test_progress_is_saved_and_told_every_few_steps_and_at_the_end(tmp_path: Path) -> None:
    said: list[str] = []
    progress = followed(tmp_path / "a.pt", said)
    saved = []
    for step in range(10):
        progress.add(torch.tensor(float(step)), step)
        if (tmp_path / "a.pt").exists():
            saved.append(torch.load(tmp_path / "a.pt", weights_only=True)["step"])
    assert saved == [4] * 4 + [8] * 2 + [10]
    assert [text.split(":")[0] for text in said] == ["step 4", "step 8", "step 10"]
    # The mean is that of the last few losses alone.
    losses = [float(text.split("loss ")[1].split(",")[0]) for text in said]
    assert losses == [1.5, 5.5, 7.5]
    assert said[-1].endswith("0.0 min left")


def test_a_run_that_goes_on_counts_its_own_steps(tmp_path: Path) -> None:
    said: list[str] = []
    progress = followed(tmp_path / "a.pt", said, first=8)
    for step in (8, 9):
        progress.add(torch.tensor(2.0), step)
    assert len(said) == 1 and said[0].startswith("step 10: loss 2.00000, ")


@pytest.mark.parametrize(("warm_up", "steps"), [(1, 2), (4, 40), (10, 10), (20, 10)])
def test_the_rate_is_never_above_its_peak_nor_below_a_hundredth(warm_up: int, steps: int) -> None:
    run = begun(steps=steps, warm_up=warm_up)
    rates = []
    for number in range(steps + 3):
        rates.append(run.schedule.get_last_lr()[0])
        walk(run, range(number, number + 1))
    assert max(rates) <= 0.1 + 1e-9
    assert min(rates) >= min(0.001, 0.1 / warm_up) - 1e-9


def test_the_average_forgets_its_start_within_a_few_steps() -> None:
    """With its full decay of 0.999 it would keep nine tenths of the start for 100 steps."""
    run = begun()
    with torch.no_grad():
        run.net.weight.fill_(1.0)  # type: ignore[operator]
        run.average.weight.fill_(0.0)  # type: ignore[operator]
    for number in range(30):
        run.optimizer.param_groups[0]["lr"] = 0.0
        run.step((run.net(torch.ones(1, 2)) ** 2).mean(), number, 0.999)
    assert float(run.average.weight.detach().min()) > 0.9  # type: ignore[operator]


def test_what_does_not_learn_is_not_moved(tmp_path: Path) -> None:
    net, average = nn.Linear(2, 1), nn.Linear(2, 1)
    net.bias.requires_grad_(False)
    run = Run.begin(net, average, SETTINGS, rate=0.1, warm_up=1, steps=5)
    before = net.bias.clone()
    walk(run, range(5))
    assert torch.equal(net.bias, before) and torch.equal(average.bias, before)
    run.save(tmp_path / "a.pt", {}, 5)
    assert run.resume(tmp_path / "a.pt") == 5


def test_a_checkpoint_goes_on_at_its_own_rate(tmp_path: Path) -> None:
    run, other = begun(steps=40), begun(steps=40)
    walk(run, range(20))
    run.save(tmp_path / "a.pt", {}, 20)
    other.resume(tmp_path / "a.pt")
    walk(run, range(20, 21))
    walk(other, range(20, 21))
    assert other.schedule.get_last_lr() == pytest.approx(run.schedule.get_last_lr())


def test_a_kill_while_writing_leaves_the_checkpoint_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun()
    run.save(tmp_path / "a.pt", {}, 1)
    before = (tmp_path / "a.pt").read_bytes()

    def killed(content: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        run.save(tmp_path / "a.pt", {}, 2)
    assert (tmp_path / "a.pt").read_bytes() == before
