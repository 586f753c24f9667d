"""Every product module has a test module of its own, in the same place below ``tests``.

``a/b/c.py`` has ``tests/a/b/test_c.py``; what only makes sense with a real server has it in
``tests/contract``. Packages' own files and ``__main__`` have none.
"""

from __future__ import annotations

from tests.source_tree import PRODUCT, ROOT, Module, modules

UNTESTED = frozenset(
    {
        "workers/engines/onnxruntime.py",
        "workers/engines/registry.py",
        "workers/engines/tensorrt/device.py",
        "workers/engines/tensorrt/gpu_api.py",
        "workers/engines/torch.py",
        "workers/upscale/method.py",
        "workers/upscale/methods/bicubic.py",
        "workers/upscale/methods/small.py",
        "workers/upscale/methods/temporal.py",
        "workers/upscale/model_io.py",
        "workers/upscale/temporal_session.py",
        "workers/upscale/whole_net.py",
    }
)
"""Modules without one; others' tests run their code. This list may only become shorter: take a
module out when it gets its test, and change its name when it moves.
"""


def _has_own_test(module: Module) -> bool:
    *folders, name = module.name.split(".")
    places = [("tests", *folders), ("tests", "contract")]
    return any((ROOT.joinpath(*place) / f"test_{name}.py").exists() for place in places)


def _without_test() -> set[str]:
    return {
        module.path
        for module in modules(*PRODUCT)
        if not module.is_package
        and not module.name.endswith("__main__")
        and not _has_own_test(module)
    }


def test_a_new_module_has_a_test_module_of_its_own() -> None:
    without = _without_test()
    unlisted = sorted(without - UNTESTED)
    assert len(without) <= len(UNTESTED), f"these have no test module of their own: {unlisted}"
