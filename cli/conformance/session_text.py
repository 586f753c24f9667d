"""Reads SDP answers and fragments, as far as the rules need it."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class MediaText:
    """One media section; the session's own lines are one without a kind."""

    kind: str
    port: str
    lines: tuple[str, ...]

    def values(self, name: str) -> list[str]:
        """Returns the values of an attribute; those without a value are empty."""
        found = []
        for line in self.lines:
            key, _, value = line.removeprefix("a=").partition(":")
            if line.startswith("a=") and key == name:
                found.append(value.strip())
        return found

    def has(self, name: str) -> bool:
        """Returns True if the attribute is there."""
        return bool(self.values(name))

    @property
    def direction(self) -> str:
        """The section's direction; ``sendrecv`` is the default (RFC 8866 section 6.7)."""
        names = ("sendrecv", "sendonly", "recvonly", "inactive")
        return next((name for name in names if self.has(name)), "sendrecv")

    @property
    def is_refused(self) -> bool:
        """True for port 0 outside a bundle (RFC 3264 section 6)."""
        return self.port == "0" and not self.has("bundle-only")


@dataclasses.dataclass(frozen=True, slots=True)
class SessionText:
    """A session description or a fragment of one."""

    head: MediaText
    sections: tuple[MediaText, ...]

    def first(self, name: str) -> str:
        """Returns the first value of an attribute anywhere, "" if there is none."""
        for part in (self.head, *self.sections):
            for value in part.values(name):
                return value
        return ""

    def all(self, name: str) -> list[str]:
        """Returns all values of an attribute, wherever they stand."""
        return [value for part in (self.head, *self.sections) for value in part.values(name)]

    @property
    def bundle(self) -> list[str]:
        """The mids of the BUNDLE group."""
        groups = [value.split() for value in self.head.values("group")]
        return next((group[1:] for group in groups if group[:1] == ["BUNDLE"]), [])


def read_session(text: str) -> SessionText:
    """Reads a description; it takes any text, and finds nothing in what is none."""
    parts: list[list[str]] = [[]]
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.startswith("m="):
            parts.append([])
        parts[-1].append(line)
    sections = []
    for lines in parts[1:]:
        kind, _, rest = lines[0].removeprefix("m=").partition(" ")
        sections.append(MediaText(kind, rest.partition(" ")[0], tuple(lines[1:])))
    return SessionText(MediaText("", "", tuple(parts[0])), tuple(sections))
