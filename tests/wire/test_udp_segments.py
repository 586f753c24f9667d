"""Runs of datagrams that leave by one call: ``udp_segments.py``."""

from __future__ import annotations

import socket

import pytest

from wire.udp_segments import CAN_CUT, MAX_RUN_BYTES, MAX_SEGMENTS, run_end, send_run


def runs(sizes: list[int]) -> list[list[int]]:
    """The runs that datagrams of these sizes leave in."""
    datagrams = [bytes(size) for size in sizes]
    begin, found = 0, []
    while begin < len(datagrams):
        end = run_end(datagrams, begin)
        found.append(sizes[begin:end])
        begin = end
    return found


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([10], [[10]]),
        ([10, 10, 10], [[10, 10, 10]]),
        ([10, 10, 4], [[10, 10, 4]]),
        ([10, 10, 4, 4], [[10, 10, 4], [4]]),
        ([4, 10, 10], [[4], [10, 10]]),
        ([10, 20, 30], [[10], [20], [30]]),
        ([30, 20, 10], [[30, 20], [10]]),
        ([0, 0], [[0, 0]]),
    ],
)
def test_a_run_has_one_length_but_for_a_shorter_end(
    sizes: list[int], expected: list[list[int]]
) -> None:
    assert runs(sizes) == expected


def test_a_run_is_bounded_by_what_the_kernel_takes() -> None:
    assert [len(run) for run in runs([100] * (MAX_SEGMENTS + 5))] == [MAX_SEGMENTS, 5]
    assert [len(run) for run in runs([1200] * MAX_SEGMENTS + [30])] == [MAX_SEGMENTS, 1]
    for size in (1400, 9000, 40_000, 65_507):
        for run in runs([size] * 100):
            assert len(run) == 1 or sum(run) <= MAX_RUN_BYTES


@pytest.mark.skipif(not CAN_CUT, reason="this system cuts no datagrams")
def test_a_run_arrives_as_single_datagrams() -> None:
    sent = [bytes([number]) * 1000 for number in range(20)] + [b"end"]
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        other.bind(("127.0.0.1", 0))
        other.settimeout(5.0)
        send_run(one, sent, other.getsockname())
        assert [other.recv(2000) for _ in sent] == sent


def test_a_run_that_cannot_be_sent_raises() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        pytest.raises(OSError, match="."),
    ):
        send_run(udp, [b"x" * 10] * 3, ("127.0.0.1", 0))
