"""The order of the list of streams (``ui/stream-order.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

STREAMS = """
  const at = (minute) => `2026-01-01T00:0${minute}:00Z`;
  const stream = (id, viewers, minute) => ({ id, viewers, started_at: at(minute) });
  const names = (found) => found.map((one) => one.id).join('');
  const calm = (now) => ({ touched: false, now });
  const touched = (now) => ({ touched: true, now });
  const order = new m.StreamOrder();
"""


@pytest.mark.parametrize(
    ("by", "expected"), [("viewers", "bac"), ("newest", "cab"), ("name", "abc")]
)
async def test_streams_are_ordered_as_it_is_chosen(run: Run, by: str, expected: str) -> None:
    body = f"""{STREAMS}
      const streams = [stream('c', 1, 3), stream('a', 2, 2), stream('b', 5, 1)];
      return names(order.arrange(streams, given, calm(0)))"""
    assert await run("ui/stream-order", body, by) == expected


async def test_equal_ones_are_ordered_by_name(run: Run) -> None:
    body = f"""{STREAMS}
      return names(order.arrange([stream('b', 1, 1), stream('a', 1, 1)], 'viewers', calm(0)))"""
    assert await run("ui/stream-order", body) == "ab"


async def test_the_order_is_kept_while_somebody_is_at_the_list(run: Run) -> None:
    body = f"""{STREAMS}
      const found = [];
      order.arrange([stream('a', 2, 1), stream('b', 1, 1)], 'viewers', calm(0));
      const now = [stream('a', 2, 1), stream('b', 9, 1), stream('c', 5, 1), stream('d', 7, 1)];
      found.push(names(order.arrange(now, 'viewers', touched(60000))));
      found.push(names(order.arrange(now.slice(1), 'viewers', touched(61000))));
      found.push(names(order.arrange(now, 'viewers', calm(62000))));
      return found"""
    # Newcomers come last, in their own order; one that left leaves no gap.
    assert await run("ui/stream-order", body) == ["abdc", "bdc", "bdca"]


async def test_a_list_that_nobody_touches_is_ordered_anew_now_and_then(run: Run) -> None:
    body = f"""{STREAMS}
      order.arrange([stream('a', 2, 1), stream('b', 1, 1)], 'viewers', calm(0));
      const now = [stream('a', 2, 1), stream('b', 9, 1)];
      return [9999, 10000].map((at) => names(order.arrange(now, 'viewers', calm(at))))"""
    assert await run("ui/stream-order", body) == ["ab", "ba"]


async def test_another_choice_counts_at_once(run: Run) -> None:
    body = f"""{STREAMS}
      const streams = [stream('a', 2, 1), stream('b', 1, 2)];
      order.arrange(streams, 'viewers', calm(0));
      return names(order.arrange(streams, 'newest', touched(1)))"""
    assert await run("ui/stream-order", body) == "ba"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", "Garden garden-2 alley"),
        ("GARD", "Garden garden-2"),
        ("2 garden", "garden-2"),
        ("x", ""),
    ],
)
async def test_names_are_found_by_their_parts(run: Run, words: str, found: str) -> None:
    body = """const streams = ['Garden', 'garden-2', 'alley'].map((id) => ({ id }));
      return m.matching(streams, given).map((one) => one.id).join(' ')"""
    assert await run("ui/stream-order", body, words) == found


async def test_an_order_is_one_of_three(run: Run) -> None:
    body = "return ['viewers', 'newest', 'name', '', 'toString'].map((one) => m.isOrder(one))"
    assert await run("ui/stream-order", body) == [True, True, True, False, False]
