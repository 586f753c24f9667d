"""``links.py``: Link headers."""

from __future__ import annotations

import pytest

from cli.conformance.links import links, links_by_rel
from tests.cli.conformance.test_session_text import reply_of


def test_a_header_has_several_links_with_parameters() -> None:
    reply = reply_of(
        201,
        Link='<turn:t.example?transport=udp>; rel="ice-server"; username="a,b;c"; credential=x, '
        '</sse>;rel="urn:x"; events="active,layers" ',
    )
    first, second = links(reply)
    assert (first.url, first.rel) == ("turn:t.example?transport=udp", "ice-server")
    assert first.parameters["username"] == "a,b;c"
    assert first.unquoted == {"credential"}
    assert second.url == "http://a.example/sse"
    assert second.parameters["events"] == "active,layers"
    assert links_by_rel(reply, "urn:x") == [second]


@pytest.mark.parametrize(
    "header,value",
    [('<a>; rel="x\\"y"', 'x"y'), ("<a>; REL=x", "x"), ('<a>; rel="x"; rel="z"', "x"), ("<a>", "")],
)
def test_values_are_those_of_the_standard(header: str, value: str) -> None:
    (link,) = links(reply_of(200, Link=header))
    assert link.rel == value


@pytest.mark.parametrize("header", ["", "a", "<a", '; rel="x"', ",", '"<a>"'])
def test_what_is_no_link_is_none(header: str) -> None:
    assert links(reply_of(200, Link=header)) == []


def test_reading_stops_where_it_is_no_link_any_more() -> None:
    assert len(links(reply_of(200, Link="<a>; rel=x, b, <c>"))) == 1
