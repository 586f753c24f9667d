"""The table of a device's connection."""

from __future__ import annotations

import pytest

from app.gateway.device_state import DEVICE, DeviceEvent, DeviceState
from wire.state_machine import IllegalTransition, StateMachine


def machine(*events: DeviceEvent) -> StateMachine[DeviceState, DeviceEvent]:
    made = StateMachine(DEVICE, owner="a device")
    for each in events:
        made.apply(each)
    return made


def test_a_device_joins_and_leaves() -> None:
    joined = machine(DeviceEvent.HELLO, DeviceEvent.WELCOME)
    assert joined.state is DeviceState.JOINED
    assert joined.apply(DeviceEvent.LEAVE) is DeviceState.ENDED


def test_a_removed_device_hears_why_before_it_ends() -> None:
    removed = machine(DeviceEvent.HELLO, DeviceEvent.WELCOME, DeviceEvent.REMOVE)
    assert removed.state is DeviceState.REFUSED
    assert removed.apply(DeviceEvent.TIME_OUT) is DeviceState.ENDED


@pytest.mark.parametrize("state", [each for each in DeviceState if each is not DeviceState.ENDED])
def test_a_device_may_vanish_and_the_gateway_may_stop_in_every_state(state: DeviceState) -> None:
    for event in (DeviceEvent.LEAVE, DeviceEvent.STOP):
        assert DEVICE.after(state, event, owner="a device") is DeviceState.ENDED


def test_nobody_works_without_a_check_and_nothing_moves_one_that_ended() -> None:
    with pytest.raises(IllegalTransition):
        machine(DeviceEvent.WELCOME)
    assert DEVICE.final() == {DeviceState.ENDED}
