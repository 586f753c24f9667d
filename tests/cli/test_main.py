"""Help, and errors in one sentence with the right exit code."""

from __future__ import annotations

import resource
import socket

import pytest

from tests.cli.command import assert_one_sentence, sharpcast

COMMANDS = ("up", "serve", "work", "gateway", "join", "publish", "enhance", "doctor", "bench")


def test_help_lists_every_command_and_is_quick() -> None:
    took = []
    for _ in range(3):
        # Processor time, since the machine may run other tests.
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = sharpcast("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert result.returncode == 0
    for command in COMMANDS:
        assert f" {command} " in result.stdout
    assert min(took) < 0.5


@pytest.mark.parametrize("command", COMMANDS[:-1])
def test_every_command_has_help(command: str) -> None:
    result = sharpcast(command, "--help")
    assert result.returncode == 0, result.stderr
    assert "Usage" in result.stdout


@pytest.mark.parametrize(
    ("command", "settings", "words"),
    [
        ("up", {"http_port": "web"}, "SHARPCAST_HTTP_PORT"),
        ("up", {"colour": "blue"}, "SHARPCAST_COLOUR is not a setting"),
        ("up", {"http_host": "0.0.0.0"}, "needs SHARPCAST_PUBLISH_TOKEN"),
        ("serve", {}, "needs SHARPCAST_REDIS_URL"),
        ("work", {}, "needs SHARPCAST_REDIS_URL"),
        ("gateway", {}, "needs SHARPCAST_REDIS_URL"),
        ("gateway", {"redis_url": "redis://127.0.0.1:1"}, "needs SHARPCAST_GATEWAY_HOST"),
        ("gateway", {"join_token": "short-token"}, "SHARPCAST_JOIN_TOKEN: a token to join with"),
    ],
)
def test_a_bad_setting_is_one_sentence_and_exit_code_2(
    command: str, settings: dict[str, str], words: str
) -> None:
    result = sharpcast(command, **settings)
    assert result.returncode == 2
    assert words in result.stderr
    assert result.stdout == ""
    assert_one_sentence(result.stderr)


@pytest.mark.e2e
def test_a_port_in_use_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = sharpcast("up", http_port=str(taken.getsockname()[1]), log_level="error")
    assert result.returncode == 2
    assert "cannot be listened on: Address already in use" in result.stderr
    assert_one_sentence(result.stderr)


@pytest.mark.e2e
def test_an_unknown_engine_stops_everything() -> None:
    result = sharpcast("up", http_port="0", engine="abacus")
    assert result.returncode == 2
    assert "'abacus' cannot be used" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Give either a file or an address, or --test-pattern."),
        (("--test-pattern", "--size", "481x270"), "--size"),
        (("--test-pattern", "--url", "whip"), "is no address"),
        (("--test-pattern", "--url", "http://127.0.0.1:9/whip/a"), "connection was refused"),
        (("missing.mp4",), "missing.mp4 cannot be read: there is no such file"),
        ((__file__,), "holds nothing that can be read as a film"),
    ],
)
def test_what_cannot_be_published_is_one_sentence(arguments: tuple[str, ...], words: str) -> None:
    result = sharpcast("publish", *arguments)
    assert result.returncode == 1
    assert words in result.stderr
    assert_one_sentence(result.stderr)
