from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from models.export.live import plain_live  # noqa: E402
from models.quantize.calibrate import calibrate, first_stage  # noqa: E402
from models.quantize.qat import QATConfig, RoundedNet, error, refine, rounded  # noqa: E402
from models.quantize.qdq import write_int8  # noqa: E402
from models.quantize.scheme import SCHEMES, U8S8  # noqa: E402
from tests.models.test_live_net import KINDS, by_openvino, feeds, pictures, tiny  # noqa: E402


def test_rounding_takes_whole_steps_within_the_range() -> None:
    x = torch.tensor([-1.0, 0.24, 0.26, 99.0])
    assert rounded(x, torch.tensor(0.5), 0, 3).tolist() == [0.0, 0.0, 0.5, 1.5]


def test_gradients_pass_within_the_range_and_reach_the_scale() -> None:
    x = torch.tensor([-1.0, 0.3, 99.0], requires_grad=True)
    scale = torch.tensor(0.5, requires_grad=True)
    rounded(x, scale, 0, 3).sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None and x.grad.tolist() == [0.0, 1.0, 0.0]
    # LSQ, eq. 3: the limits for what is clipped, else the rounding error.
    share = 1 / np.sqrt(3 * 3)
    assert scale.grad is not None
    assert float(scale.grad) == pytest.approx(share * (0 + (1 - 0.6) + 3), rel=1e-4)


@pytest.mark.parametrize("precision", list(SCHEMES))
@pytest.mark.parametrize("kind", ["looks", "temporal"])
def test_training_mends_ranges_that_cut_too_much(kind: str, precision: str) -> None:
    net, scheme = tiny(KINDS[kind]), SCHEMES[precision]  # type: ignore[index]
    plain, seen = plain_live(net), pictures(net, 20, 20, 8)
    start = calibrate(plain, seen, scheme, percentile=90)
    refined = refine(start, plain, seen, QATConfig(steps=60, scale_rate=1e-2), print)
    assert error(refined, plain, seen) < 0.8 * error(start, plain, seen)


def test_what_was_trained_is_what_the_graph_computes() -> None:
    net = tiny(KINDS["plain"])
    plain, seen = plain_live(net), pictures(net, 24, 24, 4)
    refined = refine(calibrate(plain, seen, U8S8), plain, seen, QATConfig(steps=5), print)
    one = pictures(net, 24, 24, 1)
    with torch.no_grad():
        heads = RoundedNet(refined)(first_stage(plain, one))
        luma = torch.from_numpy(one.luma[:1, None].astype(np.float32))
        y = torch.nn.functional.pixel_shuffle(heads, 2) + net.enlarge(luma)
    expected = y.round().clamp(0, 255)[0, 0].numpy()
    assert np.abs(by_openvino(write_int8(refined), feeds(net, one)) - expected).max() <= 1
