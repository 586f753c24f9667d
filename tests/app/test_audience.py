"""Viewers are counted by their names, each once."""

from __future__ import annotations

from collections.abc import Iterable

from app.audience import (
    MAX_PEOPLE,
    MAX_PLAYERS,
    MAX_SESSIONS_OF_ONE,
    PRESENT_S,
    Audience,
    Watching,
    name_hash,
)


def audience(sessions: Iterable[str] = ()) -> Audience:
    watching = [Watching("cam1", "source", name) for name in sessions]
    return Audience(lambda: watching)


def count(found: Audience, stream: str = "cam1", *, now: float = 0.0) -> int:
    named, more = found.people(stream, now=now)
    return len(named) + more


def test_two_sessions_of_one_viewer_are_one_viewer() -> None:
    assert count(audience(["anna", "anna", "ben"])) == 2


def test_a_player_and_a_session_of_one_viewer_are_one_viewer() -> None:
    found = audience(["anna"])
    found.note("cam1", "source", "anna", now=0.0)
    found.note("cam1", "enhanced", "carl", now=0.0)
    assert count(found) == 2


def test_a_player_that_changes_its_rendition_is_one_viewer() -> None:
    found = audience()
    found.note("cam1", "source", "anna", now=0.0)
    found.note("cam1", "enhanced", "anna", now=1.0)
    assert count(found, now=1.0) == 1
    assert found.players("cam1", now=1.0) == {"source": 1, "enhanced": 1}
    assert found.players("cam1", now=PRESENT_S + 0.5) == {"enhanced": 1}


def test_players_that_ask_no_more_are_gone() -> None:
    found = audience()
    found.note("cam1", "source", "anna", now=0.0)
    found.note("cam1", "source", "anna", now=10.0)
    assert count(found, now=10.0 + PRESENT_S - 1) == 1
    assert count(found, now=10.0 + PRESENT_S + 1) == 0
    assert found.streams() == set()


def test_streams_are_counted_apart() -> None:
    found = audience(["anna"])
    found.note("cam2", "source", "anna", now=0.0)
    assert (count(found), count(found, "cam2")) == (1, 1)
    # Whoever reads heartbeats cannot follow a viewer from stream to stream.
    assert found.people("cam1", now=0.0)[0] != found.people("cam2", now=0.0)[0]


def test_names_leave_the_process_as_hashes_that_all_nodes_make_alike() -> None:
    first, second = audience(["anna"]), audience(["anna"])
    assert first.people("cam1") == second.people("cam1")
    assert "anna" not in str(first.people("cam1"))


def test_an_address_is_one_viewer_and_is_not_kept() -> None:
    found, other = audience(), audience()
    name = found.unnamed("192.0.2.7")
    assert name == found.unnamed("192.0.2.7") != found.unnamed("192.0.2.8")
    assert "192" not in name and name != other.unnamed("192.0.2.7")


def test_memory_and_heartbeats_are_bounded() -> None:
    found = audience(str(number) for number in range(MAX_PEOPLE + 5))
    named, more = found.people("cam1")
    assert (len(named), more) == (MAX_PEOPLE, 5)
    for number in range(MAX_PLAYERS + 50):
        found.note("cam2", "source", str(number), now=0.0)
    assert found.players("cam2", now=0.0) == {"source": MAX_PLAYERS}


def test_a_name_lets_so_many_sessions_in_and_no_more() -> None:
    found = audience(["anna"] * (MAX_SESSIONS_OF_ONE + 2))
    assert count(found) == 3
    assert not found.has_place("cam1", "anna", most=3)
    assert audience(["anna"] * (MAX_SESSIONS_OF_ONE - 1)).has_place("cam1", "anna", most=1)


def test_who_watches_already_has_a_place_and_others_have_none_over_the_limit() -> None:
    found = audience(["anna"])
    found.note("cam1", "source", "ben", now=0.0)
    for name, has_place in (("anna", True), ("ben", True), ("carl", False)):
        assert found.has_place("cam1", name, most=2, now=1.0) is has_place
    assert found.has_place("cam1", "carl", most=3, now=1.0)
    assert found.has_place("cam1", "carl", most=2, now=PRESENT_S)  # ben is gone
    assert found.has_place("cam2", "carl", most=1, now=1.0)


def test_viewers_of_other_nodes_count_each_once() -> None:
    found = audience(["anna"])
    others = [name_hash("cam1", "anna"), name_hash("cam1", "dora")]
    assert not found.has_place("cam1", "carl", most=2, others=others)
    assert found.has_place("cam1", "carl", most=3, others=others)
    assert not found.has_place("cam1", "carl", most=3, others=others, more_others=1)
    assert found.has_place("cam1", "dora", most=1, others=others)


def test_whose_session_is_being_made_counts_meanwhile() -> None:
    found = audience()
    with found.joining("cam1", "anna"):
        assert not found.has_place("cam1", "ben", most=1)
        assert found.has_place("cam1", "anna", most=1)
        assert found.has_place("cam2", "ben", most=1)
    assert found.has_place("cam1", "ben", most=1)


def test_who_is_present_is_told_with_a_rendition_until_all_is_forgotten() -> None:
    found = audience(["anna"])
    found.note("cam1", "enhanced", "anna", now=0.0)
    found.note("cam2", "source", "ben", now=0.0)
    found.note("cam2", "enhanced", "ben", now=1.0)
    assert found.plays("cam2", "source", "ben", now=1.0)
    assert not found.plays("cam2", "source", "anna", now=1.0)
    there = {("cam1", "anna"): "source", ("cam2", "ben"): "enhanced"}
    assert found.present(now=1.0) == there
    found.clear()
    assert found.present(now=1.0) == {("cam1", "anna"): "source"}
