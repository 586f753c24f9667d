"""Errors of the command line.

CliError
├── WrongUse          words of the command line that make no sense together
├── NotPublished      a stream cannot be published, or its session ended
├── NotPushed         a stream cannot be pushed to its target
├── NotAnswered       a server does not carry out what it was asked
└── NotInstalled      a part of the project is not installed
"""

from __future__ import annotations


class CliError(Exception):
    """The command cannot be carried out; the message is one sentence."""


class WrongUse(CliError):
    """The words of the command line make no sense together; the message says which would."""


class NotPublished(CliError):
    """The stream cannot be published; the message says why."""

    def __init__(self, message: str, *, is_passing: bool = False) -> None:
        super().__init__(message)
        self.is_passing = is_passing
        "True if the same command may succeed later."


class NotPushed(CliError):
    """The stream cannot be pushed; the message says why."""


class NotAnswered(CliError):
    """A server does not carry out what it was asked; the message says why."""


class NotInstalled(CliError):
    """A part of the project is not installed; the message says what to install."""
