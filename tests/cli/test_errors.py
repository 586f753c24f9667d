"""Errors of the command line."""

from __future__ import annotations

from cli import errors
from cli.errors import CliError, NotInstalled, NotPublished


def test_each_is_a_failure_of_the_command_line_that_its_docstring_lists() -> None:
    listed = errors.__doc__ or ""
    for kind in (NotPublished, NotInstalled):
        assert issubclass(kind, CliError)
        assert kind.__name__ in listed


def test_a_stream_that_cannot_be_published_is_given_up_where_nothing_else_is_said() -> None:
    assert not NotPublished("No.").is_passing
    error = NotPublished("Not now.", is_passing=True)
    assert (str(error), error.is_passing) == ("Not now.", True)
