from __future__ import annotations

from workers.decode.decodability import MAX_BROKEN_KEYS, REST_S, Decodability
from workers.errors import BrokenUnit, NoDecoder, PictureTooLarge


def test_key_frames_that_break_in_a_row_end_the_attempts_for_a_while() -> None:
    trust = Decodability()
    for _ in range(MAX_BROKEN_KEYS - 1):
        trust.broke(BrokenUnit("no"), is_key=True, now=0.0)
        trust.broke(BrokenUnit("no"), is_key=False, now=0.0)
    assert trust.fault(now=0.0) == ""
    trust.broke(BrokenUnit("no"), is_key=True, now=1.0)
    assert trust.fault(now=1.0) == "The worker cannot decode the publisher's pictures (no)."
    assert trust.fault(now=1.0 + REST_S) == ""


def test_a_picture_that_came_out_forgives() -> None:
    trust = Decodability()
    for _ in range(10 * MAX_BROKEN_KEYS):
        trust.broke(BrokenUnit("no"), is_key=True, now=0.0)
        trust.decoded()
    assert trust.fault(now=0.0) == ""


def test_a_picture_over_the_limit_is_enough() -> None:
    trust = Decodability()
    trust.broke(PictureTooLarge(4096, 2304), is_key=False, now=0.0)
    assert "4096x2304" in trust.fault(now=0.0)


def test_a_codec_without_a_decoder_is_copied_at_once() -> None:
    trust = Decodability()
    trust.broke(NoDecoder("X", "libx"), is_key=True, now=0.0)
    assert trust.fault(now=REST_S - 1.0).startswith("The worker cannot decode X:")
    assert trust.fault(now=REST_S) == ""
