"""A pill for the state of enhancement (``ui/enhancement-badge.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run
from workers.session.rendition_state import RenditionState

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


@pytest.mark.parametrize(
    ("state", "words", "tone"),
    [
        ("enhancing", "Enhancing", "good"),
        ("idle", "Not watched", "quiet"),
        ("starting", "Starting", "warn"),
        ("bypass", "Not enhanced", "warn"),
        ("off", "Enhancement off", "quiet"),
        ("waiting", "Waiting for a worker", "warn"),
        ("asleep", "asleep", "quiet"),
    ],
)
async def test_each_state_has_words_and_a_tone(run: Run, state: str, words: str, tone: str) -> None:
    body = """
      const badge = new m.EnhancementBadge();
      badge.update({state: 'off', reason: 'before'});
      badge.update({state: given, reason: 'It is so.'});
      return [badge.root.textContent, badge.root.dataset.tone, badge.root.title];
    """
    assert await run("ui/enhancement-badge", body, state) == [words, tone, "It is so."]


async def test_every_state_of_the_worker_side_has_words(run: Run) -> None:
    states = [state.value for state in RenditionState]
    body = """
      const { stateWords } = await import('/static/js/ui/format.js');
      return given.filter((state) => stateWords(state) === state);
    """
    unsaid = await run("ui/enhancement-badge", body, states)
    assert set(unsaid) <= {"ended"}
