"""Good inputs pass; changed ones pass or are refused, quickly, whatever the change."""

from __future__ import annotations

import functools
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, Target, joined, parts

QUICK = [name for name, target in TARGETS.items() if not target.is_slow]
SLOW = [name for name, target in TARGETS.items() if target.is_slow]

MAX_S = 2.0
"""For one input; hundreds of times what a good one takes, since the machine may be busy."""


@functools.cache
def seeds(name: str) -> tuple[bytes, ...]:
    return tuple(TARGETS[name].seeds())


def feed(target: Target, data: bytes) -> None:
    begun = time.process_time()
    target(data)
    assert time.process_time() - begun < MAX_S, "an input held the reader up"


@pytest.mark.parametrize("name", TARGETS)
def test_good_inputs_are_taken(name: str) -> None:
    for seed in seeds(name):
        TARGETS[name].run(seed)


@st.composite
def changed(draw: st.DrawFn, good: tuple[bytes, ...]) -> bytes:
    """A good input with bytes flipped, cut out, doubled, or of another good one put in."""
    data = bytearray(draw(st.sampled_from(good)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        kind = draw(st.sampled_from(("flip", "set", "cut", "double", "insert", "mix", "end")))
        size = draw(st.integers(1, 24))
        if kind == "flip" and data:
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "set" and data:
            data[at] = draw(st.sampled_from((0, 1, 0x7F, 0x80, 0xFF)))
        elif kind == "cut":
            del data[at : at + size]
        elif kind == "double":
            data[at:at] = data[at : at + size]
        elif kind == "insert":
            data[at:at] = draw(st.binary(max_size=size))
        elif kind == "mix":
            data[at:] = draw(st.sampled_from(good))[at : at + 40 * size]
        elif kind == "end":
            del data[at:]
    return bytes(data)


def check(name: str, *, examples: int) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(changed(seeds(name)), st.binary(max_size=200)))
    def run(data: bytes) -> None:
        feed(TARGETS[name], data)

    run()


@pytest.mark.parametrize("name", QUICK)
def test_changed_inputs_are_taken_or_refused(name: str) -> None:
    check(name, examples=300)


@pytest.mark.parametrize("name", SLOW)
def test_changed_files_are_taken_or_refused(name: str) -> None:
    check(name, examples=60)


@given(st.lists(st.binary(max_size=30), max_size=8))
def test_pieces_come_back_as_they_were_joined(pieces: list[bytes]) -> None:
    assert list(parts(joined(pieces))) == pieces


@pytest.mark.parametrize("name", TARGETS)
def test_what_a_reader_may_raise_is_named(name: str) -> None:
    refusals = TARGETS[name].refusals
    assert not {Exception, BaseException, OSError, MemoryError} & set(refusals)
