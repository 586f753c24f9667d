"""``event_streams.py``: the event streams of one session."""

from __future__ import annotations

import pytest

from app.delivery.event_streams import MAX_STREAMS, EventStreams
from app.errors import SessionNotFound


def test_a_stream_is_there_until_it_is_closed() -> None:
    streams = EventStreams("1")
    made = streams.open(("active",))
    assert (made.names, made.media) == (("active",), "1")
    assert streams.see(made.id) == made
    assert streams.close(made.id) == made
    for asked in (streams.see, streams.close):
        with pytest.raises(SessionNotFound, match="event stream"):
            asked(made.id)


def test_addresses_cannot_be_guessed() -> None:
    streams = EventStreams("")
    first, second = streams.open(()), streams.open(())
    assert first.id != second.id
    assert len(first.id) >= 12
    with pytest.raises(SessionNotFound):
        streams.see("")


def test_one_more_than_may_be_ends_the_oldest() -> None:
    streams = EventStreams("0")
    made = [streams.open(()) for _ in range(MAX_STREAMS + 1)]
    with pytest.raises(SessionNotFound):
        streams.see(made[0].id)
    assert [streams.see(each.id) for each in made[1:]] == made[1:]
