"""The floors inside ``app`` and ``workers``: rooms import from floors below only, in no circle."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Iterator

import pytest

from tests.source_tree import SOURCE, Module, imported, modules

FLOORS: dict[str, tuple[tuple[str, ...], ...]] = {
    "app": (
        ("main",),
        ("http",),
        ("node",),
        ("node_events", "node_figures"),
        ("hls", "external_access"),
        ("delivery", "session_router", "gateway", "recording", "webhooks"),
        ("streams",),
        ("webrtc",),
        ("rtp", "ice"),
        ("access", "admission", "bounded_threads", "buckets"),
        (
            "audience",
            "client_address",
            "errors",
            "loop_lag",
            "open_files",
            "siblings",
            "task_set",
            "token_bucket",
        ),
    ),
    "workers": (
        ("__main__",),
        ("process",),
        ("session", "transcode"),
        ("team",),
        ("source", "tuning"),
        ("decode", "upscale", "encode"),
        ("scheduling", "temporal", "engines"),
        ("bitstream",),
        ("media",),
        ("kernels", "runtime"),
        ("errors",),
    ),
}
"""From the top to the ground. Rooms of one floor do not know each other. A new package or a new
file beside the packages gets its place here."""


def room_of(name: str, package: str) -> str:
    """The room of a module: the part after the package's name; "" for the package itself."""
    parts = name.split(".")
    return parts[1] if parts[0] == package and len(parts) > 1 else ""


def floor_faults(module: Module) -> Iterator[str]:
    """Imports that do not lead downwards."""
    package = module.name.split(".")[0]
    own = room_of(module.name, package)
    if package not in FLOORS or not own:
        return
    depth = {room: number for number, floor in enumerate(FLOORS[package]) for room in floor}
    if own not in depth:
        yield f"{module.name} is on no floor of FLOORS"
        return
    for name in imported(module):
        other = room_of(name, package)
        if other in depth and other != own and depth[other] <= depth[own]:
            yield f"{module.name} imports {name}, which is not below it"


def circles(found: Iterable[Module]) -> list[list[str]]:
    """Groups of modules that import each other, directly or through others (Tarjan, 1972)."""
    all_modules = {module.name: module for module in found}
    imports = {
        name: {_module(target, all_modules) for target in imported(module)} - {name, ""}
        for name, module in all_modules.items()
    }
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        stack.append(name)
        for other in imports[name]:
            if other not in number:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], number[other])
        if lowest[name] == number[name]:
            group = stack[stack.index(name) :]
            del stack[-len(group) :]
            if len(group) > 1:
                groups.append(sorted(group))

    for name in all_modules:
        if name not in number:
            visit(name)
    return groups


def _module(target: str, known: dict[str, Module]) -> str:
    """The module that an imported name belongs to; "" for others' modules."""
    while target and target not in known:
        target = target.rpartition(".")[0]
    return target


def test_every_import_inside_a_package_leads_downwards() -> None:
    found = modules(*FLOORS)
    assert [fault for module in found for fault in floor_faults(module)] == []


def test_every_room_of_the_floors_exists() -> None:
    there = collections.defaultdict(set)
    for module in modules(*FLOORS):
        package = module.name.split(".")[0]
        there[package].add(room_of(module.name, package))
    for package, floors in FLOORS.items():
        assert {room for floor in floors for room in floor} == there[package] - {""}


def test_no_modules_import_each_other() -> None:
    assert circles(modules(*SOURCE)) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("app.rtp.x", "from app.webrtc.peer import Peer"),
        ("app.streams.x", "def f():\n    import app.delivery.viewers"),
        ("workers.decode.x", "from workers.encode.step import EncodeStep"),
        ("workers.media.x", "from workers.scheduling import allocation"),
        ("workers.new.x", "import wire"),
    ],
)
def test_an_import_upwards_or_sideways_is_found(name: str, text: str) -> None:
    assert len(list(floor_faults(Module(name, False, text)))) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("app.http.x", "from app.webrtc.ice import Route\nimport wire.keys, app.errors"),
        ("workers.session.x", "from workers.upscale.step import EnhanceStep"),
        ("workers.decode.x", "from workers.decode.step import DecodeStep"),
        ("wire.x", "import app.rtp"),
    ],
)
def test_an_import_downwards_is_not_a_fault(name: str, text: str) -> None:
    assert list(floor_faults(Module(name, False, text))) == []


def test_circles_are_found_over_any_number_of_modules() -> None:
    three = [
        Module("a.x", False, "from a.y import f"),
        Module("a.y", False, "import a.z"),
        Module("a.z", False, "def g():\n    from a import x"),
        Module("a.w", False, "import a.x"),
    ]
    assert circles(three) == [["a.x", "a.y", "a.z"]]
    assert circles(three[:2]) == []
