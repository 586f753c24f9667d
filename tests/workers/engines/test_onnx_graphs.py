"""ONNX graphs as engines read and change them."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("onnx")

from onnx import TensorProto

from workers.engines.onnx_graphs import read, shapes_of, types_of, with_shapes
from workers.errors import NetUnusable


def test_the_shapes_of_all_tensors_follow_from_the_inputs(zoo: Path) -> None:
    model = read(zoo / "tiny" / "fp32.onnx")
    fixed = with_shapes(model, {"luma": (1, 1, 6, 8)})
    shapes = shapes_of(fixed)
    assert shapes["luma"] == (1, 1, 6, 8)
    assert shapes["enhanced"] == (1, 1, 12, 16)
    assert len(shapes) > 2
    batch = shapes_of(with_shapes(model, {"luma": (3, 1, 6, 8)}))
    assert batch["enhanced"] == (3, 1, 12, 16)


def test_the_model_that_is_given_stays_as_it_is(zoo: Path) -> None:
    model = read(zoo / "tiny" / "fp32.onnx")
    before = model.SerializeToString()
    first = with_shapes(model, {"luma": (1, 1, 6, 8)})
    assert model.SerializeToString() == before
    assert first.SerializeToString() != before
    # Sizes may be fixed again, whatever was fixed before.
    second = with_shapes(first, {"luma": (1, 1, 20, 10)})
    assert shapes_of(second)["enhanced"] == (1, 1, 40, 20)


def test_open_sizes_are_no_shapes(zoo: Path) -> None:
    assert "luma" not in shapes_of(read(zoo / "tiny" / "fp32.onnx"))


def test_types_are_known_of_tensors_and_constants(zoo: Path) -> None:
    types = types_of(read(zoo / "looks" / "fp32.onnx"))
    assert types["luma"] == types["enhanced"] == TensorProto.UINT8
    assert types["strength"] == types["hundred"] == TensorProto.FLOAT


def test_every_input_must_be_given(zoo: Path) -> None:
    model = read(zoo / "looks" / "fp32.onnx")
    with pytest.raises(KeyError, match="strength"):
        with_shapes(model, {"luma": (1, 1, 6, 8)})


@pytest.mark.parametrize("content", [b"", b"text", b"\x08\x08"])
def test_what_is_no_graph_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with pytest.raises(NetUnusable, match=r"^net\.onnx is no ONNX file, or a damaged one\.$"):
        read(path)


def test_a_graph_that_is_cut_or_missing_is_one_sentence(zoo: Path, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    with pytest.raises(NetUnusable, match=r"^net\.onnx cannot be read: No such file"):
        read(path)
    whole = (zoo / "tiny" / "fp32.onnx").read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(NetUnusable, match="damaged"):
        read(path)
