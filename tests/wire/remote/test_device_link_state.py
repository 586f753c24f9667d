from __future__ import annotations

import pytest

from wire.remote.device_link_state import DEVICE_LINK, DeviceLinkEvent, DeviceLinkState
from wire.state_machine import IllegalTransition, StateMachine

WAY = [
    DeviceLinkEvent.TRY,
    DeviceLinkEvent.OPEN,
    DeviceLinkEvent.WELCOME,
    DeviceLinkEvent.RESUME,
]


def test_a_link_comes_up_step_by_step() -> None:
    life = StateMachine(DEVICE_LINK, owner="a link")
    assert [life.apply(event) for event in WAY] == [
        DeviceLinkState.CONNECTING,
        DeviceLinkState.JOINING,
        DeviceLinkState.RESUMING,
        DeviceLinkState.UP,
    ]


@pytest.mark.parametrize("steps", range(5))
def test_it_can_be_lost_in_every_state(steps: int) -> None:
    life = StateMachine(DEVICE_LINK, owner="a link")
    for event in WAY[:steps]:
        life.apply(event)
    assert life.apply(DeviceLinkEvent.LOSE) is DeviceLinkState.AWAY


@pytest.mark.parametrize("event", WAY[1:])
def test_no_step_is_left_out(event: DeviceLinkEvent) -> None:
    life = StateMachine(DEVICE_LINK, owner="a link")
    with pytest.raises(IllegalTransition):
        life.apply(event)
