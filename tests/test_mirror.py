"""Every product module has a test module of its own, in the same place below ``tests``.

``a/b/c.py`` has ``tests/a/b/test_c.py``; what only makes sense with a real server has it in
``tests/contract``. Packages' own files and ``__main__`` have none.
"""

from __future__ import annotations

from tests.source_tree import PRODUCT, ROOT, Module, modules


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


def test_every_module_has_a_test_module_of_its_own() -> None:
    assert sorted(_without_test()) == []
