from __future__ import annotations

import pytest

from wire.state_machine import IllegalTransition
from workers.team.helper_state import HELPER, HelperEvent, HelperState, helper_life

ENDS = [HelperEvent.DISMISS, HelperEvent.LAPSE, HelperEvent.FAIL, HelperEvent.STOP]


@pytest.mark.parametrize("event", ENDS)
@pytest.mark.parametrize("is_ready", [False, True])
def test_every_end_is_final(event: HelperEvent, is_ready: bool) -> None:
    life = helper_life("cam1", "enhanced", "w1")
    assert life.state is HelperState.PREPARING
    if is_ready:
        assert life.apply(HelperEvent.PREPARE) is HelperState.READY
    assert life.apply(event) is HelperState.ENDED
    with pytest.raises(IllegalTransition, match="w1 for enhanced of cam1"):
        life.apply(HelperEvent.PREPARE)


def test_the_only_end_is_the_last_state() -> None:
    assert HELPER.final() == {HelperState.ENDED} and HELPER.unreachable() == set()
