"""The policy for broken sessions, in virtual time."""

from __future__ import annotations

import socket
import threading

import pytest

from cli.publisher.reconnect import (
    FIRST_WAIT_S,
    GOODBYE_S,
    MAX_WAIT_S,
    ReconnectDecision,
    ReconnectPolicy,
)
from cli.publisher.reconnect_state import RECONNECT
from cli.publisher.server_query import server_address
from cli.publisher.watchdog import _query_run
from wire.state_machine import IllegalTransition


def live(run: str = "a") -> ReconnectPolicy:
    policy = ReconnectPolicy()
    policy.note_run(run)
    policy.begin()
    assert not policy.is_orphaned(run)
    return policy


def test_a_session_that_the_same_server_ended_is_not_begun_again() -> None:
    policy = live()
    assert policy.wait_s(1.0) == GOODBYE_S
    assert policy.decide("a") is ReconnectDecision.GIVE_UP


def test_another_run_of_the_server_is_gone_to() -> None:
    policy = live()
    assert policy.is_orphaned("b")
    policy.wait_s(1.0)
    assert policy.decide("b") is ReconnectDecision.RECONNECT


def test_a_server_that_is_away_is_waited_for_and_gone_to() -> None:
    policy = live()
    policy.wait_s(1.0)
    assert [policy.decide(""), policy.decide(""), policy.decide("b")] == [
        ReconnectDecision.WAIT,
        ReconnectDecision.WAIT,
        ReconnectDecision.RECONNECT,
    ]


def test_a_line_that_broke_is_taken_up_with_the_same_run() -> None:
    policy = live()
    assert not policy.is_orphaned("")
    assert policy.wait_s(1.0) == FIRST_WAIT_S
    assert policy.decide("a") is ReconnectDecision.RECONNECT


def test_after_a_try_that_failed_the_same_run_is_tried_again() -> None:
    policy = live()
    policy.wait_s(1.0)
    assert policy.decide("b") is ReconnectDecision.RECONNECT
    policy.wait_s(1.0)
    assert policy.decide("b") is ReconnectDecision.RECONNECT


def test_a_new_session_forgets_what_was() -> None:
    policy = live()
    policy.is_orphaned("")
    policy.begin()
    assert not policy.is_orphaned("b")
    assert policy.wait_s(1.0) == GOODBYE_S
    assert policy.decide("b") is ReconnectDecision.GIVE_UP


def test_a_server_that_names_no_run_gets_one_session() -> None:
    policy = live("")
    policy.wait_s(1.0)
    assert policy.decide("") is ReconnectDecision.GIVE_UP


def test_waits_double_up_to_a_limit_and_differ() -> None:
    policy = live()
    policy.is_orphaned("")
    assert [policy.wait_s(1.0) for _ in range(5)] == [0.3, 0.6, 1.2, MAX_WAIT_S, MAX_WAIT_S]
    assert policy.wait_s(0.0) == MAX_WAIT_S / 2


def test_before_a_session_stood_nothing_can_break() -> None:
    policy = ReconnectPolicy()
    assert not policy.was_live
    with pytest.raises(IllegalTransition, match="NO_ANSWER is not expected in state FIRST"):
        policy.is_orphaned("")
    assert RECONNECT.unreachable() == set()
    assert RECONNECT.final() == set()


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("http://a:8080/whip/x", "http://a:8080/api/v1/server"),
        ("https://a/live/whip/x/", "https://a/live/api/v1/server"),
        ("https://a/rtc/v1/publish", ""),
        ("https://a/whip/", ""),
        ("srt://a/whip/x", ""),
    ],
)
def test_the_server_is_asked_beside_its_whip_endpoint(url: str, server: str) -> None:
    assert server_address(url) == server


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 60_000,
        b'HTTP/1.1 200 OK\r\n\r\n{"instance": "' + b"a" * 200_000 + b'"}',
    ],
    ids=["nothing", "no HTTP", "cut off", "no object", "deep", "long"],
)
def test_a_server_that_does_not_tell_its_run_in_words_of_ours_is_one_that_is_away(
    answer: bytes,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            assert _query_run(f"http://127.0.0.1:{server.getsockname()[1]}/api/v1/server") == ""
        finally:
            thread.join()


def test_a_session_without_its_source_goes_on_with_the_same_run() -> None:
    policy = live()
    policy.lose_source()
    assert policy.was_live
    policy.begin()
    policy.lose_source()
    # The camera is back, and the server just then is not ready for it.
    assert policy.wait_s(1.0) == FIRST_WAIT_S
    assert policy.decide("a") is ReconnectDecision.RECONNECT


def test_a_source_is_lost_only_after_a_session_stood() -> None:
    with pytest.raises(IllegalTransition):
        ReconnectPolicy().lose_source()
