"""The figures of one node for its heartbeat."""

from __future__ import annotations

import os
import socket

from app.node import AppNode
from tests.app import coding
from tests.app.conftest import MakeNode
from tests.app.peers import publishing, until, watching
from tests.app.test_node import Into
from wire import keys
from wire.clock import now_us

UNITS = coding.h264(98, 54, 10)


async def test_a_quiet_node_tells_who_it_is(make_node: MakeNode) -> None:
    before = now_us()
    node = make_node()
    beat = node.figures.beat()
    assert (beat.node, beat.host, beat.pid) == (node.name, socket.gethostname(), os.getpid())
    assert before <= beat.started_us <= now_us()
    assert beat.streams == []
    assert (beat.publishers, beat.viewers) == (0, 0)
    assert set(beat.counters.values()) == {0}


async def test_the_start_stays_and_counters_go_on(make_node: MakeNode) -> None:
    node = make_node()
    first = node.figures.beat()
    node.sessions.forwarded += 3
    second = node.figures.beat()
    assert second.started_us == first.started_us
    assert second.counters == first.counters | {"node_requests_forwarded": 3}


async def test_each_stream_is_told_by_the_nodes_that_have_a_part_of_it(make_node: MakeNode) -> None:
    one, two = Into(make_node()), Into(make_node())
    async with publishing(one.publish, UNITS):
        await one.until_live()
        async with watching(one.play) as here, watching(two.play) as there:
            for viewer in (here, there):
                video = viewer.received["video"]
                await until(lambda v=video: len(v.timestamps) > 20)  # type: ignore[misc]
            _check_publisher(one.node)
            _check_viewers_alone(two.node)
        await until(lambda: two.node.viewers.counts("cam1") == {})
        # The reader lingers for the next viewer, so the stream is still told of.
        (stream,) = two.node.figures.beat().streams
        assert stream.viewers == {}


def _check_publisher(node: AppNode) -> None:
    beat = node.figures.beat()
    (stream,) = beat.streams
    assert (stream.stream, stream.is_publisher) == ("cam1", True)
    assert stream.units_in > 20
    assert stream.viewers == {keys.SOURCE: 1}
    assert stream.packets == node.publishers.packets("cam1")
    assert (beat.publishers, beat.viewers) == (1, 1)
    assert beat.counters["units_read"] > 20
    (latency,) = stream.latency
    assert latency.rendition == keys.SOURCE
    assert latency.samples > 10
    assert 0 < latency.total.p50 <= latency.total.p95
    assert [stage.name for stage in latency.stages]


def _check_viewers_alone(node: AppNode) -> None:
    (stream,) = node.figures.beat().streams
    assert (stream.is_publisher, stream.units_in, stream.packets) == (False, 0, {})
    assert stream.viewers == {keys.SOURCE: 1}
    assert node.figures.beat().publishers == 0
