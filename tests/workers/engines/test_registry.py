"""The table of engines: how one is opened, and why one cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from workers.engines import registry
from workers.engines.engine import EngineOptions
from workers.engines.registry import GRAPHS, TABLE, UNVERIFIED, engine_reasons, make_engine
from workers.errors import EngineUnavailable


def test_without_a_number_the_net_leaves_one_core_to_others() -> None:
    engine = make_engine("auto", threads=0)
    assert engine.info.threads == max(1, (os.cpu_count() or 1) - 1)
    engine.close()


def test_an_unknown_engine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(EngineUnavailable, match="openvino"):
        make_engine("abacus", threads=1)


def test_the_table_says_why_an_engine_cannot_be_used() -> None:
    reasons = engine_reasons()
    assert list(reasons) == list(TABLE)
    assert reasons["openvino"] == ""
    assert set(UNVERIFIED) < set(GRAPHS) < set(TABLE)
    for reason in filter(None, reasons.values()):
        assert "\n" not in reason and not reason.endswith(".")


def test_no_engine_reports_to_its_maker(tmp_path: Path) -> None:
    """ONNX Runtime leaves a session file in the temporary folder where it means to."""
    pytest.importorskip("onnxruntime")
    script = "from workers.engines import registry; print(registry.engine_reasons()['onnxruntime'])"
    environ = {key: value for key, value in os.environ.items() if not key.startswith("ORT_")}
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[3],
        text=True,
        check=True,
        env={**environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
    )
    assert result.stdout == "\n"
    assert list(tmp_path.iterdir()) == []


def test_factories_are_named_by_module_and_name() -> None:
    for name, place in TABLE.items():
        module, factory = place.split(":")
        assert module.startswith("workers.engines.") and factory.isidentifier(), name


def test_a_package_that_is_not_installed_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TABLE, "missing", "no_such_package_here.engine:open")
    with pytest.raises(EngineUnavailable, match="no_such_package_here is not installed") as caught:
        make_engine("missing", threads=1)
    assert caught.value.name == "missing"
    assert engine_reasons()["missing"] == "no_such_package_here is not installed"


def test_a_library_that_is_missing_is_the_reason_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package is there, but what it links to is not."""
    (tmp_path / "half_installed.py").write_text(
        "raise ImportError('libcudart.so.13: cannot open shared object file.\\nmore of it')"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(TABLE, "half", "half_installed:open")
    with pytest.raises(EngineUnavailable) as caught:
        make_engine("half", threads=1)
    assert caught.value.reason == "libcudart.so.13: cannot open shared object file"


def test_the_package_that_an_engine_lacks_is_named_and_not_the_engines_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "engine_of_a_package.py").write_text("import some_absent_runtime")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(TABLE, "absent", "engine_of_a_package:open")
    with pytest.raises(EngineUnavailable, match="some_absent_runtime is not installed"):
        make_engine("absent", threads=1)


def test_auto_takes_the_first_that_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TABLE, "missing", "no_such_package_here.engine:open")
    monkeypatch.setattr(registry, "GRAPHS", ("missing", "openvino", "onnxruntime"))
    engine = make_engine("auto", threads=1)
    assert engine.info.name == "openvino"
    engine.close()


def test_auto_without_any_tells_each_ones_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        monkeypatch.setitem(TABLE, name, f"no_package_{name}.engine:open")
    monkeypatch.setattr(registry, "GRAPHS", ("one", "two"))
    with pytest.raises(EngineUnavailable) as caught:
        make_engine("auto", threads=1)
    assert caught.value.reason == (
        "one: no_package_one is not installed; two: no_package_two is not installed"
    )


@pytest.mark.parametrize(("threads", "opened"), [(1, 1), (3, 3)])
def test_a_number_of_threads_is_what_the_engine_gets(threads: int, opened: int) -> None:
    engine = make_engine("openvino", threads=threads)
    assert engine.info.threads == opened
    engine.close()


def test_a_factory_gets_the_folder_for_what_it_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keeping_engine.py").write_text("def open(options):\n    return options\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(TABLE, "keeping", "keeping_engine:open")
    made = make_engine("keeping", threads=2, cache_dir=tmp_path)
    assert made == EngineOptions(threads=2, cache_dir=tmp_path)
