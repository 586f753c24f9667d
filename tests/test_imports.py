"""The arrows of the architecture between packages, broad handlers and names of files.

Every import counts: inside functions and under ``TYPE_CHECKING`` too. A package that does not exist
has no faults.
"""

from __future__ import annotations

import ast

import pytest

from tests.source_tree import SOURCE, Module, imported, modules

OURS = {*SOURCE, "tests"}

ARROWS: dict[str, tuple[str, ...]] = {
    "media": ("media",),
    "wire": ("wire", "media"),
    "models": ("models", "wire.telemetry"),
    "app": ("app", "wire", "media"),
    "app.ice": ("app.ice", "app.token_bucket", "wire.state_machine"),
    "app.gateway": (
        "app.gateway",
        "app.buckets",
        "app.client_address",
        "app.open_files",
        "app.task_set",
        "wire",
    ),
    "workers": ("workers", "wire", "media", "models.manifest", "models.errors"),
    "workers.tuning": (
        "workers",
        "wire",
        "models.manifest",
        "models.errors",
        "models.tuning.messages",
    ),
    "workers.engines.openvino": (
        "workers",
        "wire",
        "models.manifest",
        "models.openvino_core",
    ),
    "workers.engines.torch": (
        "workers",
        "wire",
        "media",
        "models.manifest",
        "models.errors",
        "models.nets",
    ),
    "cli": ("cli", "app", "workers", "models", "wire", "media", "benchmarks"),
    # It judges the server, and so knows nothing of it.
    "cli.conformance": ("cli.conformance", "cli.errors"),
}
"""Who may import what of ours; the longest name that fits the importer counts. Whoever is not
here may import all."""

INFERENCE = ("torch", "openvino", "onnxruntime", "onnx", "tensorrt", "pycuda", "cv2")
PEERS = ("aiortc", "aioice")
WEB = ("fastapi", "starlette", "uvicorn")

FORBIDDEN: dict[str, tuple[str, ...]] = {
    "media": (*INFERENCE, *PEERS, *WEB, "av", "numpy", "redis"),
    "wire": (*INFERENCE, *PEERS, *WEB, "av", "numpy"),
    "models": (*PEERS, *WEB),
    "app": (*INFERENCE, *PEERS, "av"),
    "app.webrtc": (*INFERENCE, "aioice"),
    "workers": (*PEERS, *WEB, "tensorrt", "pycuda", "redis"),
    "workers.engines.tensorrt.device": (*PEERS, *WEB, "redis"),
    "cli": PEERS,
    "cli.conformance.peer": INFERENCE,
}
"""Who must not import which packages of others; the longest name that fits counts."""

SERIALISERS = ("pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve")
GRAB_BAGS = {"utils", "util", "helpers", "common", "misc", "manager"}

MAX_TEST_FILE = 600
MAX_TEST = 60


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def rule_for(module: str, table: dict[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    fitting = [package for package in table if is_within(module, package)]
    return table[max(fitting, key=len)] if fitting else None


def arrow_faults(module: Module) -> list[str]:
    allowed = rule_for(module.name, ARROWS)
    forbidden = rule_for(module.name, FORBIDDEN) or ()
    faults = []
    for name in imported(module):
        if name.split(".")[0] in OURS:
            if allowed is not None and not any(is_within(name, each) for each in allowed):
                faults.append(f"{module.name} must not import {name}")
        elif any(is_within(name, each) for each in (*forbidden, *SERIALISERS)):
            faults.append(f"{module.name} must not import {name}")
    return faults


def is_loud(handler: ast.ExceptHandler) -> bool:
    """True if it raises again, or logs the trace (the border of a thread)."""
    return any(
        isinstance(node, ast.Raise)
        or (isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".exception"))
        for node in ast.walk(handler)
    )


def broad_excepts(module: Module) -> list[str]:
    """Handlers that catch everything and are not loud."""
    faults = []
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        names = {each.id for each in caught if isinstance(each, ast.Name)}
        is_broad = node.type is None or names & {"Exception", "BaseException"}
        if is_broad and not is_loud(node):
            faults.append(f"{module.name} line {node.lineno} catches everything")
    return faults


def docstring_faults(module: Module) -> list[str]:
    lines = (ast.get_docstring(module.tree) or "").splitlines()
    if module.is_package and not 3 <= len(lines) <= 12:
        return [f"{module.name} has a docstring of {len(lines)} lines, not 3 to 12"]
    return []


def test_imports_follow_the_arrows() -> None:
    assert [fault for module in modules(*SOURCE) for fault in arrow_faults(module)] == []


def test_every_arrow_is_needed() -> None:
    """What a package may import of ours and does not is no longer allowed. A package with a rule of
    its own may do at least what the one around it may.
    """
    used: dict[str, set[str]] = {package: set() for package in ARROWS}
    for module in modules(*SOURCE):
        fitting = [package for package in ARROWS if is_within(module.name, package)]
        if fitting:
            package = max(fitting, key=len)
            names = list(imported(module))
            used[package] |= {a for a in ARROWS[package] if any(is_within(n, a) for n in names)}
    for package, allowed in ARROWS.items():
        around = rule_for(package.rpartition(".")[0], ARROWS) or ()
        assert set(allowed) - set(around) - used[package] == set(), package


def test_every_package_with_a_rule_of_its_own_needs_it() -> None:
    """It imports something that the rule of the package around it forbids."""
    found = list(modules(*SOURCE))
    for package in FORBIDDEN:
        outer = rule_for(package.rpartition(".")[0], FORBIDDEN)
        names = {n for m in found if is_within(m.name, package) for n in imported(m)}
        freed = set(outer or ()) - set(FORBIDDEN[package])
        assert outer is None or any(is_within(n, each) for n in names for each in freed), package


def test_no_test_file_and_no_test_is_too_long() -> None:
    for module in modules("tests"):
        assert module.text.count("\n") <= MAX_TEST_FILE, module.name
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                assert lines <= MAX_TEST, f"{module.name}.{node.name}"


def test_nothing_is_caught_and_forgotten() -> None:
    assert [fault for module in modules(*SOURCE, "tests") for fault in broad_excepts(module)] == []


def test_every_package_says_what_it_is() -> None:
    assert [fault for module in modules(*SOURCE) for fault in docstring_faults(module)] == []


def test_the_app_has_no_peer_connection_of_aiortc() -> None:
    """ICE and the answer are our own; of aiortc its DTLS, SRTP and parsers are used."""
    found = [m.name for m in modules("app") if "RTCPeerConnection" in m.text]
    assert found == []


def test_no_file_is_a_grab_bag() -> None:
    found = [each.name for each in modules(*SOURCE, "tests")]
    assert [name for name in found if name.split(".")[-1] in GRAB_BAGS] == []


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("wire.x", "import app"),
        ("wire.x", "from models.manifest import load"),
        ("wire.x", "import numpy as np"),
        ("models.x", "from wire import keys"),
        ("app.x", "def f():\n    from workers.scheduling import x"),
        ("app.x", "import models.manifest"),
        ("app.x", "import cv2"),
        ("app.http.x", "from aiortc import RTCPeerConnection"),
        ("app.streams.x", "import av"),
        ("app.webrtc.x", "import torch"),
        ("app.webrtc.x", "from aioice import ice"),
        ("app.ice.x", "from app.webrtc import peer"),
        ("workers.x", "from app.webrtc import x"),
        ("workers.x", "from models import nets"),
        ("workers.engines.ort", "from models.nets.live import Live"),
        ("workers.engines.torchx", "from models.nets.live import Live"),
        ("workers.x", "from fastapi import FastAPI"),
        ("workers.x", "if TYPE_CHECKING:\n    import aiortc"),
        ("models.x", "import cli.main"),
        ("cli.conformance.x", "from app.webrtc.sdp_offer import Offer"),
        ("cli.conformance.rule", "import aiortc"),
        ("app.webrtc.x", "from ..http import y\nfrom . import z\nimport workers"),
        ("workers.x", "import pickle"),
        ("workers.engines.tensorrt.engine", "import tensorrt"),
        ("workers.engines.tensorrt.engine", "import pycuda.driver as cuda"),
        ("benchmarks.x", "from pickle import loads"),
    ],
)
def test_a_wrong_import_is_found(module: str, text: str) -> None:
    assert len(arrow_faults(Module(module, False, text))) == 1


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("app.x", "from wire import keys\nimport appdirs\nimport modelsx"),
        ("app.webrtc.x", "import aiortc, av\nfrom .y import z"),
        ("workers.x", "from models import manifest\nfrom models.errors import BadManifest"),
        ("workers.engines.torch", "def f():\n    from models.nets.live import Live"),
        ("workers.engines.torch.net", "import torch, models.nets"),
        ("workers.engines.tensorrt.device", "import tensorrt, pycuda.driver"),
        ("cli.x", "import app, workers, models, wire, cli.y"),
        ("cli.conformance.peer", "import aiortc"),
        ("tests.x", "import app, cli, aiortc"),
        ("wire.x", "import picklex"),
    ],
)
def test_a_right_import_is_not_a_fault(module: str, text: str) -> None:
    assert arrow_faults(Module(module, False, text)) == []


def test_broad_handlers_are_found() -> None:
    for caught in ("", " Exception", " (ValueError, BaseException)"):
        text = f"try:\n    a()\nexcept{caught}:\n    b()\n"
        assert len(broad_excepts(Module("x", False, text))) == 1
        assert broad_excepts(Module("x", False, text + "    raise\n")) == []
        assert broad_excepts(Module("x", False, text + "    log.exception('x')\n")) == []
    assert docstring_faults(Module("x", True, '"""One line."""')) != []
