"""``models.tuning.tuner``: a request gives a net that any worker can load."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from models.manifest import load_manifest, model_file
from models.measure.graph_runner import OpenNet
from models.tuning.distillation import DistillationConfig
from models.tuning.messages import Request
from models.tuning.tuner import Tuner
from tests.models.tuning import samples

SHOWN, HELD_BACK = 4, 2


def request(folder: Path, **changes: object) -> Request:
    wanted = Request(
        kind="tune",
        model="live-s",
        precision="int8",
        width=samples.WIDTH,
        height=samples.HEIGHT,
        shown=SHOWN,
        held_back=HELD_BACK,
        name="live-s.tuned-1",
        folder=str(folder),
    )
    return msgspec.structs.replace(wanted, **changes)


def body(count: int = SHOWN + HELD_BACK) -> bytes:
    return b"".join(picture.tobytes() for picture in samples.pictures(count))


@pytest.fixture
def tuner() -> Tuner:
    return Tuner(config=DistillationConfig(steps=40, batch=4, side=32))


def test_a_tuned_net_is_a_model_that_runs(tuner: Tuner, tmp_path: Path) -> None:
    answer = tuner.answer(request(tmp_path), body())
    assert answer.fault == "" and answer.teacher == "live-m"
    assert answer.gain_db > 0.1
    tuned, shipped = load_manifest("live-s.tuned-1", tmp_path), load_manifest("live-s")
    assert (tuned.scale, tuned.strength) == (shipped.scale, shipped.strength)
    assert tuned.mean_gain_db == {} and tuned.metrics == ()
    luma = samples.pictures(1)[0]
    made = OpenNet(model_file(tuned, "int8", tmp_path), *luma.shape)(luma)
    assert made.shape == (2 * samples.HEIGHT, 2 * samples.WIDTH)


def test_it_is_judged_again_on_other_pictures(tuner: Tuner, tmp_path: Path) -> None:
    tuned = tuner.answer(request(tmp_path), body())
    judged = tuner.answer(request(tmp_path, kind="judge", shown=0, held_back=3), body(3))
    assert judged.fault == ""
    assert judged.gain_db == pytest.approx(tuned.gain_db, abs=3.0)


def test_float_engines_get_a_float_graph(tuner: Tuner, tmp_path: Path) -> None:
    answer = tuner.answer(request(tmp_path, precision="fp32"), body())
    assert answer.fault == ""
    assert set(load_manifest("live-s.tuned-1", tmp_path).files) == {"fp32"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "live-m"}, "No net of the zoo is better than live-m."),
        ({"model": "live-t"}, "live-t cannot be tuned."),
        ({"model": "nobody"}, "nobody"),
        ({"precision": "fp16"}, "live-s cannot be tuned."),
        ({"kind": "judge", "name": "lost"}, "lost"),
    ],
)
def test_what_cannot_be_done_is_said(
    tuner: Tuner, tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    answer = tuner.answer(request(tmp_path, **changes), body())
    assert words in answer.fault
    assert list(tmp_path.iterdir()) == []
