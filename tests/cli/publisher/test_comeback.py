"""The policy for broken sessions, in virtual time."""

from __future__ import annotations

import socket
import threading

import pytest

from cli.publisher.comeback import FIRST_WAIT_S, GOODBYE_S, MAX_WAIT_S, Comeback, ComebackVerdict
from cli.publisher.comeback_state import COMEBACK
from cli.publisher.watchdog import _ask, _server_address
from wire.state_machine import IllegalTransition


def live(run: str = "a") -> Comeback:
    comeback = Comeback()
    comeback.see(run)
    comeback.begin()
    assert not comeback.is_orphaned(run)
    return comeback


def test_a_session_that_the_same_server_ended_is_not_begun_again() -> None:
    comeback = live()
    assert comeback.wait_s(1.0) == GOODBYE_S
    assert comeback.judge("a") is ComebackVerdict.GIVE_UP


def test_another_run_of_the_server_is_gone_to() -> None:
    comeback = live()
    assert comeback.is_orphaned("b")
    comeback.wait_s(1.0)
    assert comeback.judge("b") is ComebackVerdict.AGAIN


def test_a_server_that_is_away_is_waited_for_and_gone_to() -> None:
    comeback = live()
    comeback.wait_s(1.0)
    assert [comeback.judge(""), comeback.judge(""), comeback.judge("b")] == [
        ComebackVerdict.WAIT,
        ComebackVerdict.WAIT,
        ComebackVerdict.AGAIN,
    ]


def test_a_line_that_broke_is_taken_up_with_the_same_run() -> None:
    comeback = live()
    assert not comeback.is_orphaned("")
    assert comeback.wait_s(1.0) == FIRST_WAIT_S
    assert comeback.judge("a") is ComebackVerdict.AGAIN


def test_after_a_try_that_failed_the_same_run_is_tried_again() -> None:
    comeback = live()
    comeback.wait_s(1.0)
    assert comeback.judge("b") is ComebackVerdict.AGAIN
    comeback.wait_s(1.0)
    assert comeback.judge("b") is ComebackVerdict.AGAIN


def test_a_new_session_forgets_what_was() -> None:
    comeback = live()
    comeback.is_orphaned("")
    comeback.begin()
    assert not comeback.is_orphaned("b")
    assert comeback.wait_s(1.0) == GOODBYE_S
    assert comeback.judge("b") is ComebackVerdict.GIVE_UP


def test_a_server_that_names_no_run_gets_one_session() -> None:
    comeback = live("")
    comeback.wait_s(1.0)
    assert comeback.judge("") is ComebackVerdict.GIVE_UP


def test_waits_double_up_to_a_limit_and_differ() -> None:
    comeback = live()
    comeback.is_orphaned("")
    assert [comeback.wait_s(1.0) for _ in range(5)] == [0.3, 0.6, 1.2, MAX_WAIT_S, MAX_WAIT_S]
    assert comeback.wait_s(0.0) == MAX_WAIT_S / 2


def test_before_a_session_stood_nothing_can_break() -> None:
    comeback = Comeback()
    assert not comeback.was_live
    with pytest.raises(IllegalTransition, match="NO_ANSWER is not expected in state FIRST"):
        comeback.is_orphaned("")
    assert COMEBACK.unreachable() == set()
    assert COMEBACK.final() == set()


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
    assert _server_address(url) == server


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
            assert _ask(f"http://127.0.0.1:{server.getsockname()[1]}/api/v1/server") == ""
        finally:
            thread.join()
