"""A running server for the tests of this folder."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.command import SHARPCAST, Process, Up, environment


@pytest.fixture
def start_up(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    """Starts ``sharpcast up``; whatever is left of it is killed after the test."""
    with contextlib.ExitStack() as stack:

        def start(*, port: int = 0, **settings: str) -> Up:
            running = Up(tmp_path, port=port, **settings)
            stack.callback(running.kill)
            return running

        yield start


@pytest.fixture(scope="module")
def guarded_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One running server that wants a publish token, for the tests of a module."""
    running = Up(tmp_path_factory.mktemp("up"), publish_token="a-long-word")
    try:
        running.until_ready()
        yield running
        assert running.end() == 0
    finally:
        running.kill()


@pytest.fixture
def publish(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts ``sharpcast publish``; what is left of it is killed after the test."""
    with contextlib.ExitStack() as stack:

        def start(*arguments: str, **settings: str) -> Process:
            command = [*SHARPCAST, "publish", *arguments]
            running = Process(tmp_path, f"publish{len(command)}", command, environment(**settings))
            stack.callback(running.kill)
            return running

        yield start
