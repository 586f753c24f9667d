"""``layer_changes.py``: sections that a selection may name, and the rate of moves."""

from __future__ import annotations

import pytest

from app.delivery.layer_changes import MAX_CHANGES, WINDOW_S, LayerChanges
from app.errors import BadRequest
from app.webrtc.sdp_offer import check_play_offer
from tests.app.delivery.test_viewers import SOUND_ALONE
from tests.app.webrtc.offer_texts import offer


def changes(sdp: str = "") -> LayerChanges:
    """Those of a viewer with sound at place 0 and a video at place 1."""
    return LayerChanges(check_play_offer(sdp or offer("chromium_play")))


@pytest.mark.parametrize("media", ["", "1"])
def test_the_video_may_be_named(media: str) -> None:
    changes().check(media)


def test_its_mid_names_the_video_too() -> None:
    sdp = offer("chromium_play").replace("BUNDLE 0 1", "BUNDLE 0 v").replace("mid:1", "mid:v")
    found = changes(sdp)
    for media in ("1", "v"):
        found.check(media)


@pytest.mark.parametrize("media", ["0", "9", "nope", "1 ", "01", "-1"])
def test_other_sections_are_refused(media: str) -> None:
    with pytest.raises(BadRequest, match="no video of this session; its video is '1'"):
        changes().check(media)


def test_a_session_of_sound_names_no_video() -> None:
    found = changes(SOUND_ALONE)
    assert found.place == ""
    with pytest.raises(BadRequest):
        found.check("0")


def test_some_moves_are_free_and_others_wait_for_the_window() -> None:
    found = changes()
    for step in range(MAX_CHANGES):
        assert found.wait_s(now=10.0 + step * 0.25) == 0.0
        found.note(now=10.0 + step * 0.25)
    assert found.wait_s(now=10.5) == pytest.approx(WINDOW_S - 0.5)
    assert found.wait_s(now=10.0 + WINDOW_S) == 0.0


def test_no_window_has_more_moves_than_it_may() -> None:
    found, moved, now = changes(), [], 0.0
    while now < 10.0:
        if not found.wait_s(now=now):
            found.note(now=now)
            moved.append(now)
        now += 0.125
    assert len(moved) == 10 * MAX_CHANGES
    for at in moved:
        assert sum(at <= other < at + WINDOW_S for other in moved) <= MAX_CHANGES
