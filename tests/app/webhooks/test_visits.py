"""What waits of a viewer gives way as a whole, and whom the receiver knows goes last."""

from __future__ import annotations

from app.webhooks.visits import Visit, WaitingVisits


def visits(*, max_untold: int = 10) -> WaitingVisits:
    return WaitingVisits(max_untold=max_untold)


def join(made: WaitingVisits, who: str) -> bool:
    return made.add(f"joined {who}", Visit(who, is_begin=True))


def left(made: WaitingVisits, who: str) -> bool:
    return made.add(f"left {who}", Visit(who, is_begin=False))


def test_nothing_gives_way_where_nobody_waits() -> None:
    assert visits().give_way() == []


def test_a_visit_gives_way_with_its_end() -> None:
    made = visits()
    assert join(made, "a") and join(made, "b") and left(made, "a")
    assert made.give_way() == ["joined a", "left a"]
    assert made.give_way() == ["joined b"]
    assert made.give_way() == []


def test_the_end_of_a_visit_that_nobody_was_told_of_is_not_told() -> None:
    made = visits()
    join(made, "a")
    made.give_way()
    assert not left(made, "a")
    assert left(made, "a")  # of a visit that nobody remembers
    assert made.give_way() == ["left a"]


def test_who_comes_again_is_told() -> None:
    made = visits()
    join(made, "a")
    made.give_way()
    assert join(made, "a") and left(made, "a")
    assert made.give_way() == ["joined a", "left a"]


def test_whole_visits_are_not_remembered() -> None:
    made = visits()
    join(made, "a")
    left(made, "a")
    made.give_way()
    assert left(made, "a")


def test_viewers_that_the_receiver_knows_go_last() -> None:
    made = visits()
    left(made, "known")
    join(made, "known")
    join(made, "new")
    assert made.give_way() == ["joined new"]
    assert made.give_way() == ["left known", "joined known"]


def test_what_was_sent_does_not_give_way() -> None:
    made = visits()
    join(made, "a")
    left(made, "a")
    join(made, "a")
    made.leave("joined a", Visit("a", is_begin=True))
    made.leave("joined a", Visit("a", is_begin=True))  # another attempt
    join(made, "b")
    assert made.give_way() == ["joined b"]
    assert made.give_way() == ["left a", "joined a"]


def test_a_viewer_whose_end_was_sent_is_new_again() -> None:
    made = visits()
    left(made, "a")
    join(made, "a")
    made.leave("left a", Visit("a", is_begin=False))
    assert made.give_way() == ["joined a"]
    assert not left(made, "a")


def test_an_event_that_is_alone_leaves_nothing() -> None:
    made = visits()
    join(made, "a")
    made.leave("joined a", Visit("a", is_begin=True))
    made.leave("left z", Visit("z", is_begin=False))
    assert made.give_way() == []
    assert left(made, "a")


def test_the_memory_of_who_was_not_told_of_is_bounded() -> None:
    made = visits(max_untold=2)
    for who in "abc":
        join(made, who)
        made.give_way()
    assert left(made, "a")  # forgotten: a receiver can ignore one too many
    assert not left(made, "b") and not left(made, "c")
