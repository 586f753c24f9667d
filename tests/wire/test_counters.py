"""The table of counters; ``tests/test_counters.py`` compares it with the code that counts."""

from __future__ import annotations

from wire import counters
from wire.counter import Counter
from wire.counters import COUNTERS


def test_names_units_and_labels_are_such_as_prometheus_has_them() -> None:
    assert len({counter.name for counter in COUNTERS}) == len(COUNTERS)
    for counter in COUNTERS:
        for word in (counter.name, counter.unit, *counter.labels):
            assert word.isidentifier() and word == word.lower(), counter
        assert counter.unit.endswith(("s", "entries"))
        assert counter.help[0].isupper() and not counter.help.endswith(".")
        assert counter.attributes


def test_all_counters_of_the_module_are_in_the_table_in_its_order() -> None:
    defined = [value for value in vars(counters).values() if isinstance(value, Counter)]
    assert list(COUNTERS) == defined and len(COUNTERS) > 20


def test_each_constant_has_the_name_of_its_metric() -> None:
    """So whoever reads a metric finds its line in the code, and the other way round."""
    for name, value in vars(counters).items():
        if isinstance(value, Counter):
            assert value.name == name.lower()


def test_no_name_brings_what_is_added_to_it() -> None:
    for counter in COUNTERS:
        assert not counter.name.startswith("sharpcast") and not counter.name.endswith("total")


def test_no_label_stands_twice_and_the_stream_comes_first() -> None:
    for counter in COUNTERS:
        assert len(set(counter.labels)) == len(counter.labels), counter
        assert "stream" not in counter.labels[1:], counter


def test_places_are_a_class_and_one_of_its_attributes() -> None:
    for counter in COUNTERS:
        for place in counter.attributes:
            owner, dot, attribute = place.partition(".")
            assert dot and owner.isidentifier() and owner[0].isupper(), place
            assert attribute.isidentifier() and not attribute.startswith("_"), place


def test_no_two_counters_say_the_same() -> None:
    assert len({counter.help for counter in COUNTERS}) == len(COUNTERS)


def test_those_that_fall_again_count_for_what_is_present() -> None:
    falling = [counter.name for counter in COUNTERS if not counter.only_grows]
    assert falling == ["hls_units_refused", "viewer_units_dropped", "viewer_stalls"]
    assert all("present" in c.help for c in COUNTERS if not c.only_grows)
