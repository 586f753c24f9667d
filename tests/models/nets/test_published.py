"""The large nets have the parameters of the published ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from models.nets.checkpoint import BadCheckpoint, load_published  # noqa: E402
from models.nets.table import build  # noqa: E402

PUBLISHED = json.loads((Path(__file__).parent / "state_dicts.json").read_text())
NETS: dict[str, tuple[str, dict[str, Any], int]] = {
    "EDVR_M": ("edvr", {}, 3_300_131),
    "EDVR_M_woTSA": ("edvr", {"attention": False}, 2_996_259),
    "EDVR_L": ("edvr", {"channels": 128, "reconstruct": 40}, 20_633_827),
    "TDAN": ("tdan", {}, 1_970_819),
    "BasicVSR": ("basicvsr", {}, 6_291_311),
}


@pytest.mark.parametrize("name", NETS)
def test_names_shapes_and_counts_are_the_published_ones(name: str) -> None:
    net, config, count = NETS[name]
    with torch.device("meta"):
        made = build(net, config)
    assert {k: list(v.shape) for k, v in made.state_dict().items()} == PUBLISHED[name]
    assert sum(p.numel() for p in made.parameters()) == count


def test_the_causal_basicvsr_is_the_forward_half() -> None:
    with torch.device("meta"):
        made = build("basicvsr-causal", {})
    assert sum(p.numel() for p in made.parameters()) == 4_028_719
    assert set(made.state_dict()) < set(PUBLISHED["BasicVSR"])


SMALL = {"channels": 8, "groups": 2, "extract": 1, "reconstruct": 1, "tail": 8}


@pytest.mark.parametrize("key", ["params", "params_ema", None])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_basicsr_file_loads_unchanged(tmp_path: Path, key: str | None, zipped: bool) -> None:
    source, target = build("edvr", SMALL), build("edvr", SMALL)
    content = source.state_dict() if key is None else {key: source.state_dict()}
    path = tmp_path / "net.pth"
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    loaded = load_published(target, path)
    assert loaded.missing == loaded.left_over == ()
    for name, tensor in target.state_dict().items():
        assert torch.equal(tensor, source.state_dict()[name])


# Written out by hand from the other project's module names, not by the loader's own rules.
MMAGIC = {
    "edvr": {
        "conv_first.weight": "conv_first.weight",
        "conv_l2_1.weight": "feat_l2_conv1.conv.weight",
        "conv_l3_2.bias": "feat_l3_conv2.conv.bias",
        "pcd_align.offset_conv2.l3.weight": "pcd_alignment.offset_conv2.l3.conv.weight",
        "pcd_align.feat_conv.l1.bias": "pcd_alignment.feat_conv.l1.conv.bias",
        "pcd_align.dcn_pack.l2.conv_offset.weight": "pcd_alignment.dcn_pack.l2.conv_offset.weight",
        "pcd_align.cas_offset_conv1.weight": "pcd_alignment.cas_offset_conv1.conv.weight",
        "pcd_align.cas_dcnpack.weight": "pcd_alignment.cas_dcnpack.weight",
        "fusion.temporal_attn1.weight": "fusion.temporal_attn1.weight",
        "fusion.feat_fusion.weight": "fusion.feat_fusion.conv.weight",
        "fusion.spatial_attn4.bias": "fusion.spatial_attn4.conv.bias",
        "fusion.spatial_attn_l2.weight": "fusion.spatial_attn_l2.conv.weight",
        "fusion.spatial_attn_add1.weight": "fusion.spatial_attn_add1.conv.weight",
        "upconv1.weight": "upsample1.upsample_conv.weight",
        "upconv2.bias": "upsample2.upsample_conv.bias",
    },
    "basicvsr": {
        "backward_trunk.main.2.0.conv1.weight": "backward_resblocks.main.2.0.conv1.weight",
        "forward_trunk.main.0.bias": "forward_resblocks.main.0.bias",
        "spynet.basic_module.1.basic_module.4.weight": (
            "spynet.basic_module.1.basic_module.2.conv.weight"
        ),
        "upconv1.weight": "upsample1.upsample_conv.weight",
    },
}


@pytest.mark.parametrize("net", MMAGIC)
def test_an_mmagic_file_loads_by_its_own_names(tmp_path: Path, net: str) -> None:
    small = SMALL if net == "edvr" else {"channels": 8, "blocks": 1, "tail": 8, "flow_channels": 8}
    source, target = build(net, small), build(net, small)
    renamed = {
        f"generator.{MMAGIC[net].get(name, name)}": tensor
        for name, tensor in source.state_dict().items()
    }
    content = {"state_dict": renamed | {"generator_ema.step": torch.zeros(1)}}
    content["state_dict"]["step_counter"] = torch.zeros(1)
    torch.save(content, tmp_path / "net.pth")
    load_published(target, tmp_path / "net.pth")
    for name in MMAGIC[net]:
        assert torch.equal(target.state_dict()[name], source.state_dict()[name])


def test_a_two_way_file_fills_the_causal_net_partly(tmp_path: Path) -> None:
    small = {"channels": 8, "blocks": 1, "tail": 8, "flow_channels": 8}
    torch.save({"params": build("basicvsr", small).state_dict()}, tmp_path / "net.pth")
    causal = build("basicvsr-causal", small)
    with pytest.raises(BadCheckpoint, match="too many"):
        load_published(causal, tmp_path / "net.pth")
    loaded = load_published(causal, tmp_path / "net.pth", partly=True)
    assert loaded.missing == ()
    assert {name.split(".")[0] for name in loaded.left_over} == {"backward_trunk", "fusion"}


def test_a_file_of_another_size_changes_nothing(tmp_path: Path) -> None:
    torch.save({"params": build("edvr", SMALL | {"channels": 16}).state_dict()}, tmp_path / "a.pth")
    net = build("edvr", SMALL)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    with pytest.raises(BadCheckpoint, match="has shape"):
        load_published(net, tmp_path / "a.pth")
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())


class Custom:
    """What a file must not bring with it."""


@pytest.mark.parametrize("content", [{"net": Custom()}, {"params": {}}, [1, 2]])
def test_a_file_that_is_no_plain_weights_is_refused(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(BadCheckpoint):
        load_published(build("edvr", SMALL), tmp_path / "a.pth")


def test_a_damaged_or_missing_file_is_told(tmp_path: Path) -> None:
    for content in (b"not weights", b"this is no net", b"\x80\x02", b"", b"N."):
        (tmp_path / "a.pth").write_bytes(content)
        with pytest.raises(BadCheckpoint, match="damaged"):
            load_published(build("edvr", SMALL), tmp_path / "a.pth")
    with pytest.raises(BadCheckpoint, match="cannot be read"):
        load_published(build("edvr", SMALL), tmp_path / "b.pth")
