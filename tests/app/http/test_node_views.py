"""The figures of all app nodes, summed for the admin API."""

from __future__ import annotations

from app.http.node_views import NodeBeats, latency_view, node_view
from wire.app_heartbeat import AppBeat, LatencyFigures, NodeStream, StageFigures


def beat(node: str, *streams: NodeStream, pid: int = 1) -> AppBeat:
    return AppBeat(
        node=node,
        host="h",
        pid=pid,
        started_us=1,
        streams=list(streams),
        counters={"units_read": 7},
    )


def figures(rendition: str, samples: int, p50: float = 30.0) -> LatencyFigures:
    return LatencyFigures(
        rendition=rendition,
        samples=samples,
        total=StageFigures(name="total", p50=p50, p95=2 * p50),
        stages=[StageFigures(name="enhance", p50=p50 / 2, p95=p50)],
    )


def test_this_nodes_figures_are_those_of_now() -> None:
    found = NodeBeats.merged(beat("b", pid=2), [beat("c"), beat("b", pid=1), beat("a")])
    assert [(each.node, each.pid) for each in found.beats] == [("a", 1), ("b", 2), ("c", 1)]


def test_a_node_that_has_not_beaten_yet_is_there_too() -> None:
    assert [each.node for each in NodeBeats.merged(beat("a"), []).beats] == ["a"]


def test_viewers_of_all_nodes_are_added_up_by_log() -> None:
    nodes = NodeBeats(
        (
            beat("a", NodeStream(stream="cam1", viewers={"source": 2, "enhanced": 1})),
            beat("b", NodeStream(stream="cam1", viewers={"enhanced": 3})),
            beat("c", NodeStream(stream="cam2", viewers={"source": 9})),
        )
    )
    assert nodes.viewers("cam1") == {"source": 2, "enhanced": 4}
    assert nodes.viewers("cam3") == {}
    assert NodeBeats().viewers("cam1") == {}


def test_the_publishers_figures_are_of_the_node_that_has_it() -> None:
    nodes = NodeBeats(
        (
            beat("a", NodeStream(stream="cam1", units_in=0, packets={"lost": 99})),
            beat("b", NodeStream(stream="cam1", is_publisher=True, units_in=5, layer="h")),
        )
    )
    assert (nodes.publisher("cam1").units_in, nodes.publisher("cam1").layer) == (5, "h")
    assert nodes.publisher("cam1").packets == {}
    nobody = nodes.publisher("cam2")
    assert (nobody.stream, nobody.is_publisher, nobody.units_in) == ("cam2", False, 0)


def test_the_latency_is_that_of_the_node_with_most_samples() -> None:
    few, many = figures("enhanced", 10, 50.0), figures("enhanced-vp8", 20, 40.0)
    other = figures("source", 1000, 1.0)
    nodes = NodeBeats(
        (
            beat("a", NodeStream(stream="cam1", latency=[few, other])),
            beat("b", NodeStream(stream="cam1", latency=[many])),
        )
    )
    assert nodes.latency("cam1", ["enhanced", "enhanced-vp8"]) == many
    assert nodes.latency("cam1", ["enhanced"]) == few
    assert nodes.latency("cam1", ["small"]) is None
    assert nodes.latency("cam2", ["enhanced"]) is None


def test_a_latency_is_shown_with_its_stages() -> None:
    shown = latency_view(figures("enhanced", 10))
    assert shown.samples == 10
    assert shown.total is not None
    assert (shown.total.p50, shown.total.p95) == (30.0, 60.0)
    assert [(stage.name, stage.p50) for stage in shown.stages] == [("enhance", 15.0)]


def test_no_unit_delivered_is_no_latency() -> None:
    shown = latency_view(None)
    assert (shown.samples, shown.total, shown.stages) == (0, None, [])


def test_a_node_is_shown_with_what_it_has() -> None:
    published = NodeStream(stream="cam1", is_publisher=True, viewers={"source": 2})
    watched = NodeStream(stream="cam2", viewers={"enhanced": 1}, latency=[figures("enhanced", 4)])
    node = beat("a", published, watched)
    shown = node_view(node, own="a", started_at="1970-01-01T00:00:00Z")
    assert (shown.name, shown.answers, shown.host, shown.pid) == ("a", True, "h", 1)
    assert (shown.publishers, shown.viewers) == (1, 3)
    assert [(each.id, each.publishes) for each in shown.streams] == [
        ("cam1", True),
        ("cam2", False),
    ]
    assert shown.streams[1].latency_ms["enhanced"].samples == 4
    assert shown.counters == {"units_read": 7}
    assert not node_view(node, own="b", started_at="").answers
