"""One way to log: a logger per module, one adapter for stream and session, an action per line."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.source_tree import PRODUCT, Module, modules

LEVELS = ("info", "warning", "error", "exception", "critical")
"""Lines of these levels have an ``action``, which tests and log readers go by."""

SET_UP = ("cli.logs", "wire.log_limit", "wire.log_lines")
"""Modules that set logging up, and so name other loggers."""


def _calls(module: Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))


def logger_faults(module: Module) -> list[str]:
    """Loggers that are not ``log = logging.getLogger(__name__)`` at the top of the module."""
    right = {
        id(node.value)
        for node in module.tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node) == "log = logging.getLogger(__name__)"
    }
    return [
        f"{module.name} line {call.lineno} makes another logger than log"
        for call in _calls(module)
        if ast.unparse(call.func).endswith("getLogger") and id(call) not in right
    ]


def prefix_faults(module: Module) -> list[str]:
    """Prefixes typed by hand."""
    return [
        f"{module.name} line {node.lineno} types the prefix of StreamLogger"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith(("[stream", "[session", "[rendition"))
    ]


def action_faults(module: Module) -> list[str]:
    """Lines at info and above without an action."""
    faults = []
    for call in _calls(module):
        function = call.func
        if not isinstance(function, ast.Attribute) or function.attr not in LEVELS:
            continue
        if not ast.unparse(function.value).endswith(("log", "logger", ")")):
            continue
        words = {word.arg: ast.unparse(word.value) for word in call.keywords}
        if "'action'" not in words.get("extra", ""):
            faults.append(f"{module.name} line {call.lineno} logs without an action")
    return faults


def test_each_module_has_one_logger_of_its_own_name() -> None:
    found = [each for each in modules(*PRODUCT) if each.name not in SET_UP]
    assert [fault for module in found for fault in logger_faults(module)] == []


def test_stream_and_session_are_named_by_the_adapter() -> None:
    assert [fault for module in modules(*PRODUCT) for fault in prefix_faults(module)] == []


def test_every_exception_is_needed() -> None:
    found = {each.name: each for each in modules(*PRODUCT)}
    assert [name for name in SET_UP if not logger_faults(found[name])] == []


def test_each_line_has_an_action() -> None:
    assert [fault for module in modules(*PRODUCT) for fault in action_faults(module)] == []


@pytest.mark.parametrize(
    "text",
    [
        "logger = logging.getLogger(__name__)",
        "log = logging.getLogger('sharpcast')",
        "def f():\n    logging.getLogger(__name__).info('x', extra={'action': 'a'})",
    ],
)
def test_another_logger_is_found(text: str) -> None:
    assert len(logger_faults(Module("x", False, text))) == 1


def test_hand_typed_prefixes_and_lines_without_action_are_found() -> None:
    text = 'log.info("[stream %s] began", stream)'
    assert len(prefix_faults(Module("x", False, text))) == 1
    assert len(action_faults(Module("x", False, text))) == 1
    assert len(action_faults(Module("x", False, "self._log.warning('x')"))) == 1
    assert len(action_faults(Module("x", False, "logger_for(job).error('x')"))) == 1
    for right in (
        'log.info("began", extra={"action": "begin"})',
        'log.debug("began")',
        "future.exception()",
        "log = logging.getLogger(__name__)",
    ):
        module = Module("x", False, right)
        assert action_faults(module) + prefix_faults(module) + logger_faults(module) == []
