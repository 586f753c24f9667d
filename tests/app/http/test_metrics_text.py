"""Prometheus texts of several processes as one."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from app.http.metrics_text import labelled, merged, without_streams


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("tasks 9.0", 'tasks{process="1"} 9.0'),
        ('viewers{stream="cam1"} 2.0', 'viewers{process="1",stream="cam1"} 2.0'),
        ("odd{} 2.0", 'odd{process="1"} 2.0'),
        ('odd{text="a } b { c 1"} 2.0', 'odd{process="1",text="a } b { c 1"} 2.0'),
        ("late 9.0 1700000000000", 'late{process="1"} 9.0 1700000000000'),
        ("# HELP tasks Tasks {of} the loop", "# HELP tasks Tasks {of} the loop"),
        ("# TYPE tasks gauge", "# TYPE tasks gauge"),
    ],
)
def test_each_sample_gets_the_number_of_its_process(line: str, expected: str) -> None:
    assert labelled(f"{line}\n", 1) == f"{expected}\n"


def process(tasks: int, **viewers: int) -> str:
    registry = CollectorRegistry()
    Gauge("tasks", "Tasks", registry=registry).set(tasks)
    gauge = Gauge("viewers", 'Viewers with "quotes"', ["stream"], registry=registry)
    for stream, count in viewers.items():
        gauge.labels(stream).set(count)
    histogram = Histogram("latency", "Latency", ["kind"], buckets=(0.1, 1.0), registry=registry)
    histogram.labels("source").observe(0.05 * tasks)
    Counter("frames", "Frames", registry=registry).inc(tasks)
    return generate_latest(registry).decode()


def test_texts_are_joined_family_by_family() -> None:
    text = merged([labelled(process(3, cam1=5), 0), labelled(process(7, cam1=1, cam2=2), 1)])
    lines = text.splitlines()
    heads = [line for line in lines if line.startswith("# TYPE")]
    assert len(heads) == len(set(heads))
    assert [line for line in lines if line.startswith("tasks")] == [
        'tasks{process="0"} 3.0',
        'tasks{process="1"} 7.0',
    ]


def test_what_is_joined_can_be_parsed_and_nothing_is_lost() -> None:
    one, other = process(3, cam1=5), process(7, cam1=1, cam2=2)
    text = merged([labelled(one, 0), labelled(other, 1)])
    found = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    for number, alone in (("0", one), ("1", other)):
        for family in text_string_to_metric_families(alone):
            for sample in family.samples:
                labels = sorted({**sample.labels, "process": number}.items())
                assert found.pop((sample.name, *labels)) == sample.value
    assert found == {}


def test_a_family_without_samples_is_completed_by_those_of_another_text() -> None:
    head = "# HELP stalls Stalls\n# TYPE stalls gauge\n"
    assert merged([head, f"{head}stalls 3.0\n"]) == f"{head}stalls 3.0\n"
    assert merged([]) == ""


def test_the_end_of_each_text_is_left_out() -> None:
    one = "# HELP a A\n# TYPE a gauge\na 1.0\n# EOF\n"
    assert merged([labelled(one, 0), labelled(one, 1)]) == (
        '# HELP a A\n# TYPE a gauge\na{process="0"} 1.0\na{process="1"} 1.0\n'
    )


def test_samples_of_hidden_streams_are_left_out_and_no_others() -> None:
    lines = [
        "# HELP x Of a stream",
        'x{stream="attic"} 1.0',
        'x{worker="w",stream="attic",rendition="source"} 1.0',
        'x{stream="attic2"} 1.0',
        'x{upstream="attic"} 1.0',
        'x{rendition="attic"} 1.0',
        'x{name="a,stream=\\"attic\\""} 1.0',
        "x 1.0",
        "",
    ]
    text = "\n".join(lines)
    assert without_streams(text, {"attic", "b"}) == "\n".join([lines[0], *lines[3:]])
    assert without_streams(text, ()) is text
