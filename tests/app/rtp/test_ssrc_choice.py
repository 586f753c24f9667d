from __future__ import annotations

from app.rtp.ssrc_choice import MAX_HELD, PROBATION, SILENT_S, SsrcChoice


def test_the_first_source_is_listened_to() -> None:
    choice = SsrcChoice[int]()
    assert [choice.take(7, n, now=n / 10).packets for n in range(3)] == [[0], [1], [2]]
    assert choice.ssrc == 7


def test_another_one_follows_once_the_old_one_is_silent_and_none_of_its_packets_is_lost() -> None:
    choice = SsrcChoice[int]()
    choice.take(7, 0, now=1.0)
    heard = []
    for n in range(40):
        taken = choice.take(8, n, now=1.01 + n / 100)
        assert taken.is_new_source == (len(taken.packets) > 1)
        heard += taken.packets
    assert heard == list(range(40))
    assert (choice.ssrc, choice.unheard) == (8, 0)


def test_a_packet_or_two_of_somebody_else_are_no_source() -> None:
    choice = SsrcChoice[int]()
    choice.take(7, 0, now=0.0)
    for n in range(PROBATION - 1):
        assert choice.take(8, n, now=9.0).packets == []
    assert choice.take(7, 1, now=10.0).packets == [1]
    assert choice.unheard == PROBATION - 1


def test_layers_side_by_side_do_not_take_turns() -> None:
    choice = SsrcChoice[int]()
    heard = [
        choice.take(ssrc, n, now=n / 30 + SILENT_S)
        for n in range(100)
        for ssrc in (7, 8, 8, 8, 8, 9)
    ]
    assert [h.packets[0] for h in heard if h.packets] == list(range(100))
    assert not any(h.is_new_source for h in heard)
    assert choice.ssrc == 7


def test_what_is_kept_of_another_source_is_bounded() -> None:
    choice = SsrcChoice[int]()
    choice.take(7, 0, now=0.0)
    for n in range(1000):
        assert choice.take(8, n, now=SILENT_S / 2).packets == []
    assert len(choice.take(8, 1000, now=SILENT_S).packets) == MAX_HELD
    assert choice.unheard == 1001 - MAX_HELD
