"""What a link to the broadcast page asks for (``media/broadcast-query.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


DEFAULTS = {
    "stream": "",
    "source": "camera",
    "width": 480,
    "height": 270,
    "asksSize": False,
    "kbps": 800,
    "fps": 30,
    "microphone": True,
    "auto": False,
}


@pytest.mark.parametrize(
    ("query", "changes"),
    [
        ("", {}),
        ("?", {}),
        ("?unknown=1", {}),
        ("?stream=kite", {"stream": "kite"}),
        ("?stream=a%20b%2Fc", {"stream": "a b/c"}),
        ("?source=screen", {"source": "screen"}),
        ("?source=file", {"source": "file"}),
        ("?source=Screen", {}),
        ("?source=", {}),
        ("?width=640&height=360", {"width": 640, "height": 360, "asksSize": True}),
        ("?width=1&height=99999", {"width": 16, "height": 1920, "asksSize": True}),
        ("?kbps=99&fps=0", {"kbps": 100, "fps": 1}),
        ("?kbps=8001&fps=61", {"kbps": 8000, "fps": 60}),
        ("?kbps=&fps=", {}),
        ("?mic=0", {"microphone": False}),
        ("?mic=no", {}),
        ("?auto=1", {"auto": True}),
        ("?auto=true", {}),
        ("?fps=15&fps=60", {"fps": 15}),
    ],
)
async def test_what_a_query_names_is_taken_and_all_else_is_usual(
    run: Run, query: str, changes: dict[str, object]
) -> None:
    found = await run("media/broadcast-query", "return m.parseQuery(given);", query)
    assert found == {**DEFAULTS, **changes}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (None, 7),
        ("", 7),
        ("5", 5),
        ("005", 5),
        ("0", 2),
        ("10", 9),
        ("99999999999999999999", 9),
        ("-5", 7),
        ("+5", 7),
        ("5.5", 7),
        ("5e0", 7),
        ("0x5", 7),
        (" 5", 7),
        ("five", 7),
    ],
)
async def test_only_whole_numbers_are_numbers_and_limits_hold(
    run: Run, text: str | None, number: int
) -> None:
    found = await run("media/broadcast-query", "return m.wholeNumber(given, 2, 9, 7);", text)
    assert found == number
