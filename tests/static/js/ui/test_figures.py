"""Named figures (``ui/figures.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_figures_are_a_list_of_names_and_values(run: Run) -> None:
    body = """
      const figures = new m.Figures(['Frames', 'Dropped'], ['Frames']);
      figures.update({Frames: '9', Dropped: 'none'});
      figures.update({Dropped: '1 late'});
      return [...figures.root.children].map((cell) => [cell.className,
        cell.querySelector('dt').textContent, cell.querySelector('dd').textContent]);
    """
    assert await run("ui/figures", body) == [
        ["wide", "Frames", "9"],
        ["narrow", "Dropped", "1 late"],
    ]


async def test_a_figure_that_is_not_there_is_a_fault_of_ours(run: Run) -> None:
    body = """
      try { new m.Figures(['A']).update({B: '1'}); } catch (error) { return error.message; }
    """
    assert await run("ui/figures", body) == 'there is no figure "B"'
