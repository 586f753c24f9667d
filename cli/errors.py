"""Errors of the command line.

CliError
├── NotPublished      a stream cannot be published, or its session ended
└── NotInstalled      a part of the project is not there
"""

from __future__ import annotations


class CliError(Exception):
    """What the user asked for cannot be done; the message is one sentence."""


class NotPublished(CliError):
    """The stream cannot be published; the message says why."""

    def __init__(self, message: str, *, is_passing: bool = False) -> None:
        super().__init__(message)
        self.is_passing = is_passing
        "Whether the same may succeed later by itself."


class NotInstalled(CliError):
    """A part of the project is not there; the message says what to install."""
