"""JSON of recordings: what may be chosen, and what cannot be misread."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from app.http.recording_schemas import RecordingChoice, RecordingList


@pytest.mark.parametrize("mode", ["off", "source", "enhanced", "both", None])
def test_each_mode_may_be_chosen(mode: str | None) -> None:
    assert RecordingChoice.model_validate({"mode": mode}).mode == mode


@pytest.mark.parametrize(
    "body", [{"mode": "all"}, {"mode": ""}, {"mode": True}, {"mode": ["source"]}, {"other": 1}]
)
def test_nothing_else_may_be_chosen(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RecordingChoice.model_validate(body)


def test_a_list_without_recordings_is_plain() -> None:
    found = RecordingList(recordings=[], before=None, free_bytes=None)
    assert found.model_dump_json() == '{"recordings":[],"before":null,"free_bytes":null}'
