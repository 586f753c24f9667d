"""Reads Link headers (RFC 8288)."""

from __future__ import annotations

import dataclasses
import re
from urllib.parse import urljoin

from cli.conformance.http_exchange import HttpReply

_TARGET = re.compile(r"\s*<([^>]*)>")
_PARAMETER = re.compile(r'\s*;\s*([\w*-]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^;,\s]*))?')


@dataclasses.dataclass(frozen=True, slots=True)
class WebLink:
    """One link of an answer."""

    url: str
    "The target as it stands, made absolute."
    parameters: dict[str, str]
    "Values without their quotes, by name in lower case."
    unquoted: frozenset[str] = frozenset()
    "Names of parameters whose values have no quotes."

    @property
    def rel(self) -> str:
        """The relation."""
        return self.parameters.get("rel", "")


def links(reply: HttpReply) -> list[WebLink]:
    """Returns all links of an answer; it stops at the first text that is none."""
    return [link for value in reply.all("link") for link in _of_header(value, reply.url)]


def links_by_rel(reply: HttpReply, rel: str) -> list[WebLink]:
    """Returns the links of one relation."""
    return [link for link in links(reply) if link.rel == rel]


def _of_header(value: str, base: str) -> list[WebLink]:
    found, place = [], 0
    while match := _TARGET.match(value, place):
        target, place = match[1], match.end()
        parameters: dict[str, str] = {}
        unquoted = set()
        while part := _PARAMETER.match(value, place):
            name, text = part[1].lower(), part[2] or ""
            is_quoted = len(text) > 1 and text[0] == text[-1] == '"'
            parameters.setdefault(name, re.sub(r"\\(.)", r"\1", text[1:-1]) if is_quoted else text)
            if not is_quoted:
                unquoted.add(name)
            place = part.end()
        found.append(WebLink(urljoin(base, target), parameters, frozenset(unquoted)))
        comma = re.compile(r"\s*,").match(value, place)
        if comma is None:
            break
        place = comma.end()
    return found
