"""Checks an answer against its offer, by a reading of both that is not the product's.

RFC 3264 section 6, RFC 8829 section 5.3, RFC 9143 section 7, RFC 8285 section 6, RFC 8853.
"""

from __future__ import annotations

import dataclasses
import re


@dataclasses.dataclass
class Part:
    """One media section of a text."""

    kind: str
    port: int
    protocol: str
    formats: list[str]
    lines: list[str]

    def all(self, name: str) -> list[str]:
        """Values of an attribute."""
        found = [x.removeprefix(f"a={name}:") for x in self.lines if x.startswith(f"a={name}:")]
        return [" ".join(value.split()) for value in found]

    def one(self, name: str) -> str:
        """The only value of an attribute, or ""."""
        found = self.all(name)
        assert len(set(found)) <= 1, (name, found)
        return found[0] if found else ""

    @property
    def maps(self) -> dict[str, str]:
        """Encodings in lower case by payload type."""
        return {m.split()[0]: m.split()[1].lower() for m in self.all("rtpmap") if " " in m.strip()}

    @property
    def extensions(self) -> dict[str, str]:
        """URIs by id."""
        return extensions(self.all("extmap"))


def extensions(values: list[str]) -> dict[str, str]:
    """URIs by id, of ``a=extmap`` values."""
    return {m.split()[0].split("/")[0]: m.split()[1] for m in values if " " in m.strip()}


def parts(sdp: str) -> tuple[list[str], list[Part]]:
    """The session's lines and the sections."""
    head, *rest = re.split(r"\r?\nm=", sdp.rstrip())
    found = []
    for text in rest:
        first, *lines = (line for line in text.split("\n") if line.isascii())
        kind, port, protocol, *formats = first.strip().split()
        port = port.split("/")[0]
        found.append(Part(kind, int(port), protocol, formats, [x.rstrip("\r") for x in lines]))
    return [line.rstrip("\r") for line in head.split("\n")], found


def bundle(session: list[str]) -> list[str]:
    """Mids of the BUNDLE group."""
    groups = [line[8:].split() for line in session if line.startswith("a=group:")]
    found = [group[1:] for group in groups if group[:1] == ["BUNDLE"]]
    assert len(found) <= 1
    return found[0] if found else []


def check_legal(offer: str, answer: str, *, direction: str) -> None:
    """Asserts that the answer keeps the rules; ``direction`` is the answerer's."""
    assert answer.endswith("\r\n")
    assert "\n" not in answer.replace("\r\n", "")
    assert answer.isascii()
    offered_session, offered = parts(offer)
    session, answered = parts(answer)
    assert [line[0] for line in session[:4]] == ["v", "o", "s", "t"]
    assert len(answered) == len(offered)
    accepted = []
    for theirs, ours in zip(offered, answered, strict=True):
        assert (ours.kind, ours.protocol) == (theirs.kind, theirs.protocol)
        assert ours.one("mid") == theirs.one("mid")
        if ours.port == 0:
            continue
        accepted.append(ours.one("mid"))
        _check_section(offered_session, theirs, ours, direction)
    assert set(bundle(session)) <= set(bundle(offered_session))
    if bundle(offered_session):
        assert set(bundle(session)) == set(accepted)
        assert bundle(session)[0] == bundle(offered_session)[0]
    transports = {
        (p.one("ice-ufrag"), p.one("ice-pwd"), p.one("setup")) for p in answered if p.port
    }
    assert len(transports) == 1


def _check_section(session: list[str], theirs: Part, ours: Part, direction: str) -> None:
    assert set(ours.formats) <= set(theirs.formats)
    assert len(set(ours.formats)) == len(ours.formats)
    assert set(ours.maps) == set(ours.formats)
    for number, encoding in ours.maps.items():
        assert theirs.maps[number].split("/")[:2] == encoding.split("/")[:2]
    for value in ours.all("fmtp"):
        number, parameters = value.split(" ", 1)
        assert number in ours.formats
        if ours.maps[number] == "rtx/90000":
            assert re.search(r"(?i)apt *= *(\d+)", parameters)[1] in ours.formats  # type: ignore[index]
    feedback = set(theirs.all("rtcp-fb"))
    for value in ours.all("rtcp-fb"):
        assert value in feedback or value.replace(value.split(" ")[0], "*", 1) in feedback
    shared = extensions([m.removeprefix("a=extmap:") for m in session if m.startswith("a=extmap:")])
    for number, uri in ours.extensions.items():
        assert (theirs.extensions | shared)[number] == uri
    assert f"a={direction}" in ours.lines
    assert sum(x in ("a=sendonly", "a=recvonly", "a=sendrecv") for x in ours.lines) == 1
    if theirs.one("mid") == (bundle(session) or [theirs.one("mid")])[0]:
        _check_role(session, theirs, ours)
    assert "a=rtcp-mux" in ours.lines
    assert ours.all("fingerprint")
    assert ours.all("candidate")
    if "a=rtcp-rsize" in ours.lines:
        assert any(line.startswith("a=rtcp-rsize") for line in theirs.lines)
    if direction == "recvonly":
        assert not ours.all("msid") + ours.all("ssrc")
    _check_layers(theirs, ours)


def _check_layers(theirs: Part, ours: Part) -> None:
    sent = {value.split(" ")[0] for value in theirs.all("rid") if " send" in value}
    taken = [value.split(" ")[0] for value in ours.all("rid")]
    assert all(value.split(" ")[1] == "recv" for value in ours.all("rid"))
    assert set(taken) <= sent
    assert bool(ours.one("simulcast")) <= bool(theirs.one("simulcast"))
    if ours.one("simulcast"):
        assert ours.one("simulcast") == "recv " + ";".join(taken)


def _check_role(session: list[str], theirs: Part, ours: Part) -> None:
    setup = theirs.one("setup") or "".join(
        line.removeprefix("a=setup:") for line in session if line.startswith("a=setup:")
    )
    wanted = {"active": {"passive"}, "passive": {"active"}, "": {"passive"}}
    assert ours.one("setup") in wanted.get(setup.strip(), {"active", "passive"})
