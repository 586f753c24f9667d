from __future__ import annotations

from workers.engines.shape_cache import EVERY, OFTEN, HotShapes


def meet(sizes: HotShapes, size: tuple[int, int], times: int) -> bool:
    """Whether a graph was to be made by the last of so many."""
    return [sizes.meet(size) for _ in range(times)][-1]


def test_a_size_gets_a_graph_once_it_was_met_often() -> None:
    sizes = HotShapes()
    assert not meet(sizes, (8, 8), OFTEN - 1)
    assert sizes.meet((8, 8))
    assert sizes.made((8, 8)) is None
    assert not meet(sizes, (8, 8), 100)


def test_one_graph_is_made_after_the_other_with_a_pause() -> None:
    sizes = HotShapes()
    assert meet(sizes, (8, 8), OFTEN)
    assert not meet(sizes, (16, 8), 2 * EVERY)
    sizes.made((8, 8))
    assert not meet(sizes, (16, 8), EVERY - 1)
    assert sizes.meet((16, 8))


def test_what_is_met_more_often_takes_the_place_of_the_rarest() -> None:
    sizes = HotShapes(most=2)
    for size in ((1, 1), (2, 2)):
        while not sizes.meet(size):
            pass
        sizes.made(size)
    meet(sizes, (1, 1), 2 * EVERY)
    while not sizes.meet((3, 3)):
        pass
    assert sizes.made((3, 3)) == (2, 2)


def test_what_was_long_ago_counts_less() -> None:
    sizes = HotShapes(most=1)
    assert meet(sizes, (1, 1), OFTEN)
    sizes.made((1, 1))
    meet(sizes, (1, 1), 900)
    wanted = 0
    while not sizes.meet((2, 2)):
        wanted += 1
    assert wanted < 2 * 900


def test_what_cannot_be_had_is_not_asked_for_again() -> None:
    sizes = HotShapes()
    assert meet(sizes, (8, 8), OFTEN)
    sizes.refuse((8, 8))
    assert not meet(sizes, (8, 8), 2 * EVERY)
    assert meet(sizes, (4, 4), OFTEN)
