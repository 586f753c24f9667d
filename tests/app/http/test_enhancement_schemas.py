"""How the API says that a stream is enhanced: ``enhancement_schemas.py``."""

from __future__ import annotations

from app.http.enhancement_schemas import STATES, Enhancement
from workers.session.rendition_state import RenditionState


def test_a_stream_is_allowed_to_be_enhanced_and_has_no_label_unless_it_is_said() -> None:
    needed = {
        name: field for name, field in Enhancement.model_fields.items() if field.is_required()
    }
    assert {"allowed", "label"}.isdisjoint(needed)
    fields = Enhancement.model_fields
    assert (fields["allowed"].default, fields["label"].default) == (True, "")


def test_the_states_of_workers_are_named() -> None:
    named = {state.value for state in RenditionState if state.value in STATES}
    assert {"enhancing", "idle", "starting", "bypass", "off"} <= named
