"""``viewer_queries.py``: queries between nodes, and the bodies of WHEP's extensions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.viewer_queries import (
    MAX_EVENTS,
    CloseEvents,
    EventStream,
    OpenEvents,
    Query,
    SeeEvents,
    SelectLayer,
    encode_query,
    parse_event_names,
    parse_event_stream,
    parse_layer,
    parse_query,
)
from app.errors import BadRequest

QUERIES: list[Query] = [
    OpenEvents(("active", "layers")),
    OpenEvents(()),
    SeeEvents("a"),
    CloseEvents("a"),
    SelectLayer("small"),
    SelectLayer(),
]


@pytest.mark.parametrize("query", QUERIES, ids=repr)
def test_a_query_comes_as_it_was_sent(query: Query) -> None:
    assert parse_query(encode_query(query)) == query


def test_an_answer_comes_as_it_was_sent() -> None:
    stream = EventStream("a", ("active",), "1")
    assert parse_event_stream(encode_query(stream)) == stream


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"type": "other"}', '{"type": "see_events"}', "[" * 5000]
)
def test_what_is_no_query_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        parse_query(text)
    with pytest.raises(BadRequest):
        parse_event_stream(text)


@pytest.mark.parametrize(
    "text,name",
    [
        ("{}", ""),
        ('{"mediaId": "1"}', ""),
        ('{"mediaId": "0", "rid": "enhanced"}', "enhanced"),
        ('{"encodingId": "small", "spatialLayerId": 2}', "small"),
        ('{"rid": "a", "encodingId": "b"}', "a"),
        ('{"rid": null}', ""),
    ],
)
def test_a_layer_is_named_by_its_identifier(text: str, name: str) -> None:
    assert parse_layer(text).name == name


def test_limits_of_size_are_read() -> None:
    wanted = parse_layer('{"maxWidth": 640, "maxHeight": 360}')
    assert (wanted.max_width, wanted.max_height, wanted.name) == (640, 360, "")


@pytest.mark.parametrize(
    "text", ["", "[]", "hello", '{"rid": 1}', '{"maxWidth": -1}', '{"maxWidth": 1.5}', '"x"']
)
def test_what_names_no_layer_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="names a layer"):
        parse_layer(text)


@pytest.mark.parametrize(
    "text,names",
    [
        ("", ()),
        (" \n", ()),
        ("[]", ()),
        ('["active","inactive"]', ("active", "inactive")),
        ('["x-later"]', ("x-later",)),
        ('["' + "a" * 200 + '"]', ("a" * 64,)),
    ],
)
def test_events_are_listed_and_unknown_ones_taken(text: str, names: tuple[str, ...]) -> None:
    assert parse_event_names(text) == names


def test_so_many_names_are_looked_at() -> None:
    text = "[" + ",".join(['"a"'] * 1000) + "]"
    assert len(parse_event_names(text)) == MAX_EVENTS


@pytest.mark.parametrize("text", ["{}", "[1]", "active", "[[]]", "null"])
def test_what_lists_no_events_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="array of event names"):
        parse_event_names(text)


@given(st.text(max_size=80))
def test_any_body_is_read_or_refused(text: str) -> None:
    for parse in (parse_layer, parse_event_names, parse_query):
        try:
            parse(text)
        except BadRequest:
            pass
