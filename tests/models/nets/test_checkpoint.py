"""Published weights."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from models.nets.checkpoint import BadCheckpoint, load_published, read_published


def net() -> nn.Module:
    torch.manual_seed(2)
    return nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))


def other_weights() -> dict[str, torch.Tensor]:
    return {name: tensor + 1 for name, tensor in net().state_dict().items()}


@pytest.mark.parametrize("wrap", ["", "params", "params_ema", "state_dict"])
def test_each_form_of_file_fills_the_net(tmp_path: Path, wrap: str) -> None:
    content = other_weights()
    torch.save({wrap: content} if wrap else content, tmp_path / "a.pth")
    made = net()
    loaded = load_published(made, tmp_path / "a.pth")
    assert (loaded.missing, loaded.left_over) == ((), ())
    for name, tensor in made.state_dict().items():
        assert torch.equal(tensor, content[name])


def test_the_average_is_taken_where_both_are_there(tmp_path: Path) -> None:
    content = {"params": net().state_dict(), "params_ema": other_weights()}
    torch.save(content, tmp_path / "a.pth")
    assert torch.equal(
        read_published(tmp_path / "a.pth")["0.bias"], content["params_ema"]["0.bias"]
    )


def test_names_that_differ_are_listed_and_the_net_is_as_it_was(tmp_path: Path) -> None:
    content = other_weights()
    content["extra"] = torch.zeros(1)
    del content["1.bias"]
    torch.save(content, tmp_path / "a.pth")
    made, before = net(), net().state_dict()
    with pytest.raises(BadCheckpoint, match=r"it lacks 1\.bias and has extra too many"):
        load_published(made, tmp_path / "a.pth")
    for name, tensor in made.state_dict().items():
        assert torch.equal(tensor, before[name])
    loaded = load_published(made, tmp_path / "a.pth", partly=True)
    assert (loaded.missing, loaded.left_over) == (("1.bias",), ("extra",))
    assert torch.equal(made.state_dict()["0.bias"], content["0.bias"])


def test_many_names_are_cut_short(tmp_path: Path) -> None:
    content = other_weights() | {f"x{n}": torch.zeros(1) for n in range(9)}
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(BadCheckpoint, match="x0, x1, x2 and 6 more"):
        load_published(net(), tmp_path / "a.pth")


@pytest.mark.parametrize("partly", [False, True])
def test_another_shape_is_refused_even_partly(tmp_path: Path, partly: bool) -> None:
    torch.save(other_weights() | {"0.bias": torch.zeros(7)}, tmp_path / "a.pth")
    with pytest.raises(BadCheckpoint, match=r"0\.bias has shape \(7,\), not \(3,\)"):
        load_published(net(), tmp_path / "a.pth", partly=partly)


def test_a_file_of_quite_another_net_is_refused_even_partly(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1)}, tmp_path / "a.pth")
    with pytest.raises(BadCheckpoint, match="has no tensor of this net"):
        load_published(net(), tmp_path / "a.pth", partly=True)


class Trap:
    """Would run a command when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('executed')",))


def test_nothing_in_a_file_is_executed(tmp_path: Path) -> None:
    (tmp_path / "trap.pth").write_bytes(pickle.dumps({"params": Trap()}))
    torch.save({"params": Trap()}, tmp_path / "zip.pth")
    for name in ("trap.pth", "zip.pth"):
        with pytest.raises(BadCheckpoint, match="not loaded for safety"):
            read_published(tmp_path / name)


@pytest.mark.parametrize("content", [[], {}, 5, "text"])
def test_a_file_without_tensors_says_so(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(BadCheckpoint, match="holds no named tensors"):
        read_published(tmp_path / "a.pth")


def test_a_file_that_is_missing_or_cut_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadCheckpoint, match=r"a\.pth cannot be read: No such file"):
        read_published(tmp_path / "a.pth")
    torch.save(other_weights(), tmp_path / "a.pth")
    whole = (tmp_path / "a.pth").read_bytes()
    (tmp_path / "a.pth").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadCheckpoint, match=r"a\.pth is damaged"):
        read_published(tmp_path / "a.pth")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("feat_l2_conv1.conv.weight", "conv_l2_1.weight"),
        ("pcd_alignment.offset_conv1.l3.conv.bias", "pcd_align.offset_conv1.l3.bias"),
        ("pcd_alignment.cas_offset_conv2.conv.bias", "pcd_align.cas_offset_conv2.bias"),
        ("upsample1.upsample_conv.weight", "upconv1.weight"),
        ("backward_resblocks.main.0.bias", "backward_trunk.main.0.bias"),
        (
            "spynet.basic_module.3.basic_module.2.conv.weight",
            "spynet.basic_module.3.basic_module.4.weight",
        ),
        ("fusion.spatial_attn_add1.conv.weight", "fusion.spatial_attn_add1.weight"),
        ("conv_last.weight", "conv_last.weight"),
    ],
)
def test_mmagics_names_are_known(tmp_path: Path, theirs: str, ours: str) -> None:
    content = {f"generator.{theirs}": torch.zeros(1), "discriminator.x": torch.zeros(1)}
    torch.save({"state_dict": content}, tmp_path / "a.pth")
    assert list(read_published(tmp_path / "a.pth")) == [ours]
