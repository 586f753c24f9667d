"""The code in plain Python makes and reads the blocks of zfec."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.link import erasure

zfec = pytest.importorskip("zfec")


def message(needed: int, size: int, seed: int = 1) -> list[bytes]:
    rng = random.Random(seed)
    return [rng.randbytes(size) for _ in range(needed)]


@pytest.mark.parametrize("needed", [1, 2, 3, 15, 64, 200, 251])
def test_its_parity_is_that_of_zfec(needed: int) -> None:
    blocks = message(needed, 33)
    numbers = list(range(needed, min(needed + 9, 256)))
    theirs = [bytes(each) for each in zfec.Encoder(needed, 256).encode(blocks, numbers)]
    assert erasure.ErasureEncoder(needed, 256).encode(blocks, numbers) == theirs


@given(st.integers(1, 40), st.integers(0, 12), st.integers(1, 50), st.randoms())
def test_either_restores_what_the_other_made(
    needed: int, parity: int, size: int, rng: random.Random
) -> None:
    blocks = [rng.randbytes(size) for _ in range(needed)]
    numbers = list(range(needed, needed + parity))
    made = erasure.ErasureEncoder(needed, 256).encode(blocks, numbers)
    stripes = dict(enumerate([*blocks, *made]))
    kept = sorted(rng.sample(sorted(stripes), needed))
    order = [-1] * needed
    spare = [number for number in kept if number >= needed]
    for number in kept:
        if number < needed:
            order[number] = number
    order = [number if number >= 0 else spare.pop() for number in order]
    chosen = [stripes[number] for number in order]
    assert erasure.ErasureDecoder(needed, 256).decode(chosen, order) == blocks
    theirs = zfec.Decoder(needed, 256).decode(chosen, order)
    assert [bytes(each) for each in theirs] == blocks


def test_every_choice_of_three_of_seven_restores_the_message() -> None:
    blocks = message(3, 100)
    stripes = [*blocks, *erasure.ErasureEncoder(3, 256).encode(blocks, [3, 4, 5, 6])]
    for kept in itertools.permutations(range(7), 3):
        chosen = [stripes[number] for number in kept]
        assert erasure.ErasureDecoder(3, 256).decode(chosen, kept) == blocks


def test_a_message_that_is_whole_needs_no_sum() -> None:
    blocks = message(4, 10)
    assert erasure.ErasureDecoder(4, 256).decode(blocks, [0, 1, 2, 3]) == blocks


@pytest.mark.parametrize(("needed", "most"), [(0, 256), (3, 2), (1, 257)])
@pytest.mark.parametrize("kind", [erasure.ErasureEncoder, erasure.ErasureDecoder])
def test_a_code_that_the_field_cannot_hold_is_refused(
    kind: type[erasure.ErasureEncoder], needed: int, most: int
) -> None:
    with pytest.raises(ValueError, match="cannot be had"):
        kind(needed, most)


def test_links_work_where_zfec_is_not_installed() -> None:
    """A process without the package restores what one with it made."""
    blocks = message(5, 20)
    parity = [bytes(each) for each in zfec.Encoder(5, 256).encode(blocks, [5, 6])]
    program = textwrap.dedent(f"""
        import sys
        sys.modules["zfec"] = None
        from wire.link import erasure, parity
        blocks = {blocks!r}
        assert parity.make_parity(blocks, 2) == {parity!r}
        kept = {{0: blocks[0], 2: blocks[2], 4: blocks[4], 5: {parity[0]!r}, 6: {parity[1]!r}}}
        assert parity.restore(kept, 5) == b"".join(blocks)
        assert parity.ENCODER is erasure.ErasureEncoder
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
