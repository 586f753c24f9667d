"""``extension_map.py``: ids and directions of header extensions (RFC 8285)."""

from __future__ import annotations

import pytest

from app.webrtc.extension_map import MAX_ONE_BYTE_ID, MAX_TWO_BYTE_ID, MID, RID, choose_extensions


def chosen(*values: str, max_id: int = MAX_ONE_BYTE_ID, blocked: str = "recvonly") -> list[str]:
    found = choose_extensions(values, (MID, RID), blocked=blocked, max_id=max_id)
    return [extension.line() for extension in found]


def test_wanted_ones_are_taken_under_their_ids() -> None:
    assert chosen(f"4 {MID}", "5 urn:other", f"14 {RID} with attributes") == [
        f"4 {MID}",
        f"14 {RID}",
    ]


@pytest.mark.parametrize("number", ["0", "15", "16", "255", "256", "4096", "99999", "-1", "x", ""])
def test_ids_that_the_one_byte_form_cannot_carry_are_left(number: str) -> None:
    assert chosen(f"{number} {MID}") == []


@pytest.mark.parametrize("number,taken", [(15, True), (255, True), (256, False), (0, False)])
def test_ids_of_the_two_byte_form_are_taken_where_it_may_be_mixed_in(
    number: int, taken: bool
) -> None:
    assert bool(chosen(f"{number} {MID}", max_id=MAX_TWO_BYTE_ID)) is taken


def test_an_id_that_stands_for_two_things_is_left() -> None:
    assert chosen(f"4 {MID}", f"4 {RID}") == []
    assert chosen(f"4 {MID}", "4 urn:other") == []
    assert chosen(f"4 {MID}", f"4 {MID}") == [f"4 {MID}"]


def test_one_extension_under_two_ids_has_the_first() -> None:
    assert chosen(f"4 {MID}", f"5 {MID}") == [f"4 {MID}"]


@pytest.mark.parametrize(
    "offered,answered",
    [
        ("", ""),
        ("/sendonly", "/recvonly"),
        ("/sendrecv", "/sendrecv"),
        ("/recvonly", None),
        ("/inactive", None),
        ("/both", None),
    ],
)
def test_directions_are_answered_from_the_other_side(offered: str, answered: str | None) -> None:
    assert chosen(f"4{offered} {MID}") == ([] if answered is None else [f"4{answered} {MID}"])


def test_a_player_must_be_able_to_receive_it() -> None:
    assert chosen(f"4/sendonly {MID}", blocked="sendonly") == []
    assert chosen(f"4/recvonly {MID}", blocked="sendonly") == [f"4/sendonly {MID}"]
