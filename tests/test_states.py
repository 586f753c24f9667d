"""``docs/states.md`` shows all transition tables as they are."""

from __future__ import annotations

import ast
import re

import pytest

from docs import draw_states
from tests.source_tree import PRODUCT, ROOT, modules


def test_the_page_is_what_the_tables_say() -> None:
    assert draw_states.PAGE.read_text() == draw_states.draw(), "run `make docs`"


def test_every_table_of_the_python_side_is_drawn() -> None:
    found = {
        f"{module.name}:{node.targets[0].id}"
        for module in modules(*PRODUCT)
        for node in module.tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and ast.unparse(node.value).startswith("TransitionTable(")
    }
    assert found == set(draw_states.TABLES)


def test_every_table_of_the_pages_is_drawn() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "static/js").rglob("*.js")
        if re.search(r"^const TABLE = ", path.read_text(), re.MULTILINE)
    }
    assert found == set(draw_states.PAGE_TABLES)


@pytest.mark.parametrize("place", draw_states.TABLES)
def test_every_state_can_be_reached(place: str) -> None:
    table = draw_states.load(place)
    assert table.unreachable() == set()
    assert list(table.moves) == list(type(table.initial))


@pytest.mark.parametrize("path", draw_states.PAGE_TABLES)
def test_every_state_of_the_pages_can_be_reached(path: str) -> None:
    initial, moves = draw_states.page_table((ROOT / path).read_text())
    reached = {initial} | {after for row in moves.values() for after in row.values()}
    assert reached == set(moves)


def test_a_diagram_joins_events_and_ends_final_states() -> None:
    moves = {"open": {"shut": "closed", "fall_shut": "closed"}, "closed": {"shut": "closed"}}
    assert list(draw_states.diagram("open", moves))[2:-1] == [
        "    [*] --> open",
        "    open --> closed: shut, fall shut",
        "    closed --> closed: shut",
        "    closed --> [*]",
    ]
