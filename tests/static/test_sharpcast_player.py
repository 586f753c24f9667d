"""The stable address of the embedded player, ``static/sharpcast-player.js``."""

from __future__ import annotations

import pytest

from tests.static.fakes import STATIC
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_it_defines_the_element_and_gives_its_class(run: Run) -> None:
    found = await run(
        "player/sharpcast-player",
        """
        const stable = await import('/static/sharpcast-player.js');
        return [customElements.get('sharpcast-player') === stable.SharpcastPlayer,
                stable.SharpcastPlayer === m.SharpcastPlayer];
        """,
    )
    assert found == [True, True]


async def test_loading_it_twice_is_harmless(run: Run) -> None:
    found = await run(
        "player/sharpcast-player",
        """
        await import('/static/sharpcast-player.js?one');
        await import('/static/sharpcast-player.js?two');
        return customElements.get('sharpcast-player') !== undefined;
        """,
    )
    assert found is True


async def test_it_imports_its_siblings_alone() -> None:
    text = (STATIC / "sharpcast-player.js").read_text()
    assert text.count("import ") == 1 and "from './js/player/sharpcast-player.js'" in text
