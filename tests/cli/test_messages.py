"""Help, and errors in one sentence with the right exit code."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import pytest

from tests.cli.command import sharpcast
from tests.redis_servers import Server, free_ports, running

COMMANDS = ("up", "serve", "work", "publish", "enhance", "doctor", "bench")


def assert_one_sentence(text: str) -> None:
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    assert lines[0].startswith("sharpcast: ")
    assert lines[0].endswith(".")


def test_help_lists_every_command_and_is_quick() -> None:
    took = []
    for _ in range(3):
        began = time.monotonic()
        result = sharpcast("--help")
        took.append(time.monotonic() - began)
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
        ("doctor", {"log_level": "loud"}, "SHARPCAST_LOG_LEVEL"),
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


def test_a_worker_check_without_redis_fails_in_a_sentence(tmp_path: Path) -> None:
    result = sharpcast("work", "--check", redis_url=f"unix://{tmp_path}/nothing.sock")
    assert result.returncode == 1
    assert_one_sentence(result.stderr)


def test_a_worker_check_that_redis_refuses_says_what_to_set(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with running(Server(tmp_path, port, "--requirepass", "secret")):
        result = sharpcast("work", "--check", redis_url=f"redis://127.0.0.1:{port}")
    assert result.returncode == 2
    last = result.stderr.strip().splitlines()[-1]
    assert last == "sharpcast: SHARPCAST_REDIS_URL: the Redis server asks for a password."


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Give either a file or --test-pattern."),
        (("--test-pattern", "--size", "481x270"), "--size"),
        (("--test-pattern", "--url", "whip"), "is no address"),
        (("--test-pattern", "--url", "http://127.0.0.1:9/whip/a"), "connection was refused"),
        (("missing.mp4",), "missing.mp4 cannot be read: No such file"),
        ((__file__,), "cannot be read: Invalid data"),
    ],
)
def test_what_cannot_be_published_is_one_sentence(arguments: tuple[str, ...], words: str) -> None:
    result = sharpcast("publish", *arguments)
    assert result.returncode == 1
    assert words in result.stderr
    assert_one_sentence(result.stderr)


def test_doctor_speaks_json() -> None:
    result = sharpcast("doctor", "--json")
    assert result.returncode == 0, result.stderr
    findings = {finding["what"]: finding for finding in json.loads(result.stdout)}
    for what in ("python", "processor", "memory", "redis", "encoder libx264", "web port", "GPU"):
        assert findings[what]["verdict"] in ("ok", "note", "missing")
        assert findings[what]["detail"]
    assert "not run on hardware yet" in findings["engine tensorrt"]["detail"]
    used = findings["engine in use"]["values"]
    assert used["engine"] in [trial["engine"] for trial in used["trials"] if trial["ms"]]
    nets = [finding for what, finding in findings.items() if what.startswith("net ")]
    assert nets
    assert all(net["values"]["ms_per_frame"] > 0 for net in nets)
