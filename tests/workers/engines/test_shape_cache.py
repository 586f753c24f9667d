from __future__ import annotations

from workers.engines.shape_cache import MIN_COUNT, MIN_INPUTS_BETWEEN, HotShapes


def observe(sizes: HotShapes, size: tuple[int, int], times: int) -> bool:
    """Returns True if the last of so many inputs asked for a graph."""
    return [sizes.observe(size) for _ in range(times)][-1]


def test_a_frequent_size_gets_a_graph() -> None:
    sizes = HotShapes()
    assert not observe(sizes, (8, 8), MIN_COUNT - 1)
    assert sizes.observe((8, 8))
    assert sizes.compiled((8, 8)) is None
    assert not observe(sizes, (8, 8), 100)


def test_graphs_are_compiled_one_by_one_with_a_pause() -> None:
    sizes = HotShapes()
    assert observe(sizes, (8, 8), MIN_COUNT)
    assert not observe(sizes, (16, 8), 2 * MIN_INPUTS_BETWEEN)
    sizes.compiled((8, 8))
    assert not observe(sizes, (16, 8), MIN_INPUTS_BETWEEN - 1)
    assert sizes.observe((16, 8))


def test_a_more_frequent_size_replaces_the_rarest() -> None:
    sizes = HotShapes(max_graphs=2)
    for size in ((1, 1), (2, 2)):
        while not sizes.observe(size):
            pass
        sizes.compiled(size)
    observe(sizes, (1, 1), 2 * MIN_INPUTS_BETWEEN)
    while not sizes.observe((3, 3)):
        pass
    assert sizes.compiled((3, 3)) == (2, 2)


def test_old_occurrences_count_less() -> None:
    sizes = HotShapes(max_graphs=1)
    assert observe(sizes, (1, 1), MIN_COUNT)
    sizes.compiled((1, 1))
    observe(sizes, (1, 1), 900)
    wanted = 0
    while not sizes.observe((2, 2)):
        wanted += 1
    assert wanted < 2 * 900


def test_a_rejected_size_is_not_asked_for_again() -> None:
    sizes = HotShapes()
    assert observe(sizes, (8, 8), MIN_COUNT)
    sizes.reject((8, 8))
    assert not observe(sizes, (8, 8), 2 * MIN_INPUTS_BETWEEN)
    assert observe(sizes, (4, 4), MIN_COUNT)


def test_a_size_that_was_prepared_is_never_asked_for_and_takes_no_place() -> None:
    sizes = HotShapes(max_graphs=1)
    assert sizes.prepare((8, 8)) and not sizes.prepare((8, 8))
    assert not observe(sizes, (8, 8), 20 * MIN_COUNT)
    assert observe(sizes, (4, 4), MIN_COUNT)
    # The one place was free, so nothing is dropped.
    assert sizes.compiled((4, 4)) is None


def test_a_frequent_size_that_is_prepared_later_is_never_dropped() -> None:
    sizes = HotShapes(max_graphs=1)
    assert observe(sizes, (1, 1), MIN_COUNT)
    sizes.compiled((1, 1))
    assert sizes.prepare((1, 1))
    assert observe(sizes, (2, 2), MIN_INPUTS_BETWEEN)
    # While that one is compiled, it is prepared too.
    assert sizes.prepare((2, 2))
    assert sizes.compiled((2, 2)) is None
    assert observe(sizes, (3, 3), MIN_INPUTS_BETWEEN)
    assert sizes.compiled((3, 3)) is None
