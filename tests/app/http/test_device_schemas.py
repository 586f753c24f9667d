"""The JSON of devices: what an operator may send, and that every field is described or plain."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from app.http import device_schemas
from app.http.device_schemas import DeviceRequest, NewDevice, WaitingToken


def test_an_operator_may_leave_the_name_to_the_device() -> None:
    assert DeviceRequest.model_validate_json("{}").name == ""
    assert DeviceRequest.model_validate_json('{"name": "attic"}').name == "attic"


@pytest.mark.parametrize(
    "text", ['{"name": 3}', '{"name": null}', f'{{"name": "{"a" * 65}"}}', '{"token": "x"}', "[]"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        DeviceRequest.model_validate_json(text)


def test_only_the_answer_that_makes_a_token_has_it() -> None:
    with_token = [
        name
        for name, value in vars(device_schemas).items()
        if isinstance(value, type) and "token" in getattr(value, "model_fields", {})
    ]
    assert with_token == [NewDevice.__name__]
    assert set(WaitingToken.model_fields) < set(NewDevice.model_fields)
