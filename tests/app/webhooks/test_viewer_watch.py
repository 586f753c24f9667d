"""Viewers who come and leave are told once."""

from __future__ import annotations

from app.webhooks.viewer_watch import ViewerWatch

ANNA, BEN = ("cam", "anna"), ("cam", "ben")


def test_a_viewer_comes_once_and_leaves_once_with_the_last_rendition() -> None:
    watch = ViewerWatch()
    assert watch.step({}) == ({}, {})
    assert watch.step({ANNA: "source"}) == ({ANNA: "source"}, {})
    assert watch.step({ANNA: "enhanced"}) == ({}, {})
    assert watch.step({BEN: "source"}) == ({BEN: "source"}, {ANNA: "enhanced"})
    assert watch.step({}) == ({}, {BEN: "source"})


def test_one_name_at_two_streams_is_two_viewers() -> None:
    watch = ViewerWatch()
    watch.step({ANNA: "source"})
    assert watch.step({ANNA: "source", ("gate", "anna"): "x"}) == ({("gate", "anna"): "x"}, {})


def test_several_come_in_the_order_of_their_names() -> None:
    came, _ = ViewerWatch().step({("cam", name): "source" for name in "cab"})
    assert [name for _, name in came] == ["a", "b", "c"]


def test_what_the_caller_changes_later_is_not_looked_at() -> None:
    watch, present = ViewerWatch(), {ANNA: "source"}
    watch.step(present)
    present.clear()
    assert watch.step({ANNA: "source"}) == ({}, {})
