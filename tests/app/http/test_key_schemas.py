"""The JSON of keys: what is taken and what is not."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import ValidationError

from app.http.key_schemas import (
    MAX_LIFE_S,
    MAX_VIEW_LIFE_S,
    KeyRotation,
    KeySettings,
    ViewChange,
    ViewName,
    ViewTokenRequest,
)
from wire.stream_keys import View


def test_the_permissions_are_those_of_the_tables() -> None:
    assert list(get_args(ViewName)) == [view.value for view in View]


def test_a_key_has_no_limits_unless_asked() -> None:
    asked = KeySettings(streams="cam1")
    assert (asked.life_s, asked.view) == (0, "public")
    assert set(asked.limits.model_dump().values()) == {0}


@pytest.mark.parametrize("note", ["", "Ann's phone", "Zoë – 相机 📷", "a\xa0b"])
def test_a_note_is_any_text_of_one_line(note: str) -> None:
    assert KeySettings(streams="a", note=note).note == note


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (KeySettings, {"streams": 1}),
        (KeySettings, {"streams": "a", "life_s": MAX_LIFE_S + 1}),
        (KeySettings, {"streams": "a", "note": "n" * 201}),
        (KeySettings, {"streams": "a", "note": "\x1b[2J"}),
        (KeySettings, {"streams": "a", "note": "two\nlines"}),
        (KeySettings, {"streams": "a", "note": "ends\n"}),
        (KeySettings, {"streams": "a", "note": "two\u2028lines"}),
        (KeySettings, {"streams": "a", "note": "\x9b2J"}),
        (KeySettings, {"streams": "a", "limits": {"kbps": 2**31}}),
        (KeyRotation, {"grace_s": -1}),
        (ViewChange, {"view": ""}),
        (ViewTokenRequest, {"life_s": MAX_VIEW_LIFE_S + 1}),
        (ViewTokenRequest, {"life_s": True}),
    ],
)
def test_what_is_out_of_range_is_refused(model: type, values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        model(**values)
