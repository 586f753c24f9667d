"""Every module of the pages has tests in the same place below ``tests/static``."""

from __future__ import annotations

from tests.static.fakes import STATIC

HERE = STATIC.parent / "tests/static"


def test_each_script_has_a_test_module() -> None:
    # types.js has no code.
    scripts = {path.relative_to(STATIC) for path in STATIC.rglob("*.js")} - {
        (STATIC / "js/types.js").relative_to(STATIC)
    }
    wanted = {path.parent / f"test_{path.stem.replace('-', '_')}.py" for path in scripts}
    assert sorted(path for path in wanted if not (HERE / path).is_file()) == []


def test_each_test_module_has_its_script() -> None:
    tests = {path.relative_to(HERE) for path in (HERE / "js").rglob("test_*.py")}
    wanted = {
        path.parent / f"{path.stem.removeprefix('test_').replace('_', '-')}.js": path
        for path in tests
    }
    assert [path for script, path in wanted.items() if not (STATIC / script).is_file()] == []
