from __future__ import annotations

import pytest

from wire.state_machine import IllegalTransition
from workers.session.rendition_state import (
    RENDITION,
    RenditionEvent,
    RenditionState,
    rendition_life,
)


def test_a_rendition_is_led_enhanced_left_alone_and_led_again() -> None:
    life = rendition_life("cam1", "sharp")
    path = [
        (RenditionEvent.TAKE, RenditionState.STARTING),
        (RenditionEvent.PREPARE, RenditionState.STARTING),
        (RenditionEvent.ENHANCE, RenditionState.ENHANCING),
        (RenditionEvent.SLEEP, RenditionState.IDLE),
        (RenditionEvent.ENHANCE, RenditionState.ENHANCING),
        (RenditionEvent.REFUSE, RenditionState.BYPASS),
        (RenditionEvent.SWITCH_OFF, RenditionState.OFF),
        (RenditionEvent.LOSE, RenditionState.WAITING),
        (RenditionEvent.TAKE, RenditionState.STARTING),
        (RenditionEvent.END, RenditionState.ENDED),
    ]
    assert [life.apply(event) for event, _ in path] == [state for _, state in path]


@pytest.mark.parametrize("event", list(RenditionEvent))
def test_nothing_happens_to_a_rendition_that_has_ended(event: RenditionEvent) -> None:
    life = rendition_life("cam1", "sharp")
    life.apply(RenditionEvent.END)
    with pytest.raises(IllegalTransition, match=r"rendition sharp of stream cam1: \w+ is not"):
        life.apply(event)


def test_a_rendition_that_waits_is_neither_made_nor_lost() -> None:
    life = rendition_life("cam1", "sharp")
    for event in set(RenditionEvent) - {RenditionEvent.TAKE, RenditionEvent.END}:
        assert not life.accepts(event)


def test_each_state_can_be_reached_and_the_end_is_the_only_one() -> None:
    assert RENDITION.unreachable() == set()
    assert RENDITION.final() == {RenditionState.ENDED}
