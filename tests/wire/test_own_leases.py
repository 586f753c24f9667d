from __future__ import annotations

from wire.own_leases import MAX_KNOWN, OwnLeases


def test_a_lease_that_was_not_asked_for_was_handed_and_is_given_once() -> None:
    own = OwnLeases()
    own.add("1-0")
    assert own.listed(["1-0", "2-0"], own.mark(), is_whole=True)
    assert own.next_handed() == "2-0"
    assert own.next_handed() is None


def test_nothing_is_handed_where_all_was_asked_for() -> None:
    own = OwnLeases()
    own.add("1-0")
    own.add("2-0")
    assert not own.listed(["1-0", "2-0"], own.mark(), is_whole=True)
    assert own.next_handed() is None


def test_a_lease_that_a_read_gives_after_the_list_was_not_handed() -> None:
    """The list and the read come on two connections."""
    own = OwnLeases()
    assert own.listed(["1-0"], own.mark(), is_whole=True)
    own.add("1-0")
    assert own.next_handed() is None


def test_what_was_handed_on_is_handed_when_it_comes_back() -> None:
    own = OwnLeases()
    own.add("1-0")
    own.forget("1-0")
    assert own.listed(["1-0"], own.mark(), is_whole=True)
    assert own.next_handed() == "1-0"


def test_what_another_took_is_handed_when_it_comes_back() -> None:
    own = OwnLeases()
    own.add("1-0")
    assert not own.listed([], own.mark(), is_whole=True)
    assert own.listed(["1-0"], own.mark(), is_whole=True)
    assert own.next_handed() == "1-0"


def test_what_was_asked_for_while_the_list_was_on_its_way_is_not_forgotten() -> None:
    own = OwnLeases()
    own.add("1-0")
    mark = own.mark()
    own.add("1-0")  # it was released, and taken over again
    own.add("2-0")
    assert not own.listed([], mark, is_whole=True)
    assert not own.listed(["1-0", "2-0"], own.mark(), is_whole=True)


def test_a_list_that_is_not_whole_forgets_nothing() -> None:
    own = OwnLeases()
    own.add("1-0")
    own.listed([], own.mark(), is_whole=False)
    assert not own.listed(["1-0"], own.mark(), is_whole=True)


def test_a_later_list_replaces_an_earlier_one() -> None:
    own = OwnLeases()
    own.listed(["1-0"], own.mark(), is_whole=True)
    own.listed(["2-0"], own.mark(), is_whole=True)
    assert own.next_handed() == "2-0"
    assert own.next_handed() is None


def test_the_leases_that_were_asked_for_last_are_remembered() -> None:
    own = OwnLeases()
    for number in range(MAX_KNOWN + 1):
        own.add(f"{number}-0")
    own.listed([f"{number}-0" for number in range(MAX_KNOWN + 1)], own.mark(), is_whole=False)
    assert own.next_handed() == "0-0"
    assert own.next_handed() is None
