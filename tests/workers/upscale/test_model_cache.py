from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from models.manifest import list_models
from workers.errors import NetUnusable
from workers.upscale.model_cache import MAX_NETS, ModelCache, ModelRequest, smaller_net

from ..fakes import SlowEngine
from ..zoo import make_model


def test_ready_never_waits_and_has_the_net_soon(nets: ModelCache) -> None:
    deadline = time.monotonic() + 5
    assert nets.ready("tiny", 64, 48) is None
    while (net := nets.ready("tiny", 64, 48)) is None:
        assert time.monotonic() < deadline
    assert nets.load("tiny", 64, 48) is net


def test_a_net_is_compiled_for_the_padded_size(nets: ModelCache) -> None:
    net = nets.load("tiny4", 61, 45)
    assert (net.width, net.height) == (64, 48)


@pytest.mark.parametrize("model", ["nowhere", "../tiny"])
def test_an_unknown_model_is_refused_in_a_sentence(nets: ModelCache, model: str) -> None:
    with pytest.raises(NetUnusable, match=r"^There is no model named .* in the zoo\.$"):
        nets.load(model, 64, 48)
    with pytest.raises(NetUnusable):
        nets.ready(model, 64, 48)


def test_a_manifest_is_found_by_its_name(nets: ModelCache) -> None:
    found = nets.manifest("tiny3")
    assert found is not None and found.scale == 3
    assert nets.manifest("nowhere") is None and nets.manifest("../tiny3") is None


def test_the_smaller_net_is_the_largest_graph_of_the_scale_that_saves_half() -> None:
    zoo = list_models()
    assert smaller_net("live-m", zoo) == "live-s"
    # ``live-t`` is larger than ``live-m``, but needs the pictures before.
    assert smaller_net("live-l", zoo) == "live-m"
    assert smaller_net("live-t", zoo) == "live-s"
    for none in ("live-s", "live-m-x3", "nowhere"):
        assert smaller_net(none, zoo) is None


def test_a_cache_knows_its_zoo(nets: ModelCache) -> None:
    assert nets.smaller("large") == "small"
    assert nets.smaller("tiny") is None


def test_a_damaged_zoo_has_no_smaller_net(tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "manifest.json").write_text("{")
    cache = ModelCache(SlowEngine(0.0), zoo=tmp_path)
    assert cache.smaller("bad") is None
    cache.close()


def test_the_oldest_nets_are_forgotten(nets: ModelCache) -> None:
    first = nets.load("tiny", 2, 2)
    for side in range(4, 4 + 2 * MAX_NETS, 2):
        nets.load("tiny", side, side)
    assert nets.load("tiny", 2, 2) is not first


def test_a_stream_that_changes_its_size_in_every_picture_keeps_no_other_waiting(
    zoo: Path,
) -> None:
    cache = ModelCache(SlowEngine(0.0, compile_s=0.2), zoo=zoo)
    try:
        for number in range(300):
            cache.ready("tiny", 64 + 2 * number, 48, request=ModelRequest("restless", "full"))
        asked = time.monotonic()
        while cache.ready("tiny", 64, 64, request=ModelRequest("other", "full")) is None:
            assert time.monotonic() - asked < 5.0
            time.sleep(0.01)
        # What was begun, the restless one's newest request, its own; and the machine may be busy.
        assert (
            cache.ready("tiny", 64 + 2 * 100, 48, request=ModelRequest("a", "full", False)) is None
        )
    finally:
        cache.close()


def test_what_may_not_be_begun_is_had_once_somebody_else_began_it(nets: ModelCache) -> None:
    patient = ModelRequest("a", "full", may_begin=False)
    assert nets.ready("tiny", 80, 48, request=patient) is None
    net = nets.load("tiny", 80, 48)
    assert nets.ready("tiny", 80, 48, request=patient) is net


def test_who_waits_gets_a_net_that_another_stream_asked_for_and_gave_up(zoo: Path) -> None:
    cache = ModelCache(SlowEngine(0.0, compile_s=0.3), zoo=zoo)
    try:
        cache.ready("tiny", 16, 16, request=ModelRequest("a", "full"))
        cache.ready("tiny", 32, 32, request=ModelRequest("b", "full"))
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(cache.load, "tiny", 32, 32)
            time.sleep(0.1)
            cache.ready("tiny", 48, 48, request=ModelRequest("b", "full"))  # instead
            assert waiting.result(10).width == 32
    finally:
        cache.close()


def test_a_tuned_net_is_loaded_from_its_own_folder(nets: ModelCache, tmp_path: Path) -> None:
    make_model(tmp_path, "tiny.tuned-1", inverted=True)
    assert nets.shipped("tiny.tuned-1") == "tiny.tuned-1"
    nets.add_variant("tiny.tuned-1", "tiny", tmp_path)
    net = nets.load("tiny.tuned-1", 8, 8)
    assert net.manifest.name == "tiny.tuned-1" and nets.shipped("tiny.tuned-1") == "tiny"
    nets.remove_variant("tiny.tuned-1")
    nets.remove_variant("tiny.tuned-1")
    with pytest.raises(NetUnusable):
        nets.load("tiny.tuned-1", 8, 8)
    # A net in use stays usable.
    assert net.session() is not None


def test_a_tuned_net_has_the_smaller_net_of_its_model(nets: ModelCache, tmp_path: Path) -> None:
    nets.add_variant("large.tuned-1", "large", tmp_path)
    assert nets.smaller("large.tuned-1") == nets.smaller("large") == "small"


def test_the_file_that_runs_is_named(nets: ModelCache) -> None:
    assert nets.file_of("tiny") == "fp32"
    with pytest.raises(NetUnusable):
        nets.file_of("nowhere")
