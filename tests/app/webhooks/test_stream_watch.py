"""Streams that begin and end are told once."""

from __future__ import annotations

from app.webhooks.stream_watch import LiveStream, StreamWatch

CAM, OTHER = LiveStream("cam", 1), LiveStream("other", 2)


def test_a_stream_begins_once_and_ends_once() -> None:
    watch = StreamWatch()
    assert watch.step([]) == ([], [])
    assert watch.step([CAM]) == ([CAM], [])
    assert watch.step([CAM]) == ([], [])
    assert watch.step([OTHER, CAM]) == ([OTHER], [])
    assert watch.step([OTHER]) == ([], [CAM])
    assert watch.step([]) == ([], [OTHER])
    assert watch.step([]) == ([], [])


def test_another_publisher_of_one_name_is_another_stream() -> None:
    watch, again = StreamWatch(), LiveStream("cam", 9)
    watch.step([CAM])
    assert watch.step([again]) == ([again], [CAM])


def test_several_come_in_the_order_of_their_names() -> None:
    streams = [LiveStream(name, 1) for name in "cab"]
    began, _ = StreamWatch().step(streams)
    assert [each.name for each in began] == ["a", "b", "c"]
