from __future__ import annotations

import asyncio

import pytest

from workers.session.outcome import SessionEnded, SessionOutcome


@pytest.mark.parametrize("outcome", list(SessionOutcome))
def test_an_end_carries_its_outcome_and_the_sentence_for_the_log(outcome: SessionOutcome) -> None:
    over = SessionEnded(outcome, "the lease is not ours any more")
    assert over.ending is outcome
    assert str(over) == "the lease is not ours any more"


async def test_raised_in_one_task_it_ends_the_others() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("work")

    async def find_out() -> None:
        await asyncio.sleep(0)
        raise SessionEnded(SessionOutcome.LOST, "fenced")

    with pytest.raises(ExceptionGroup) as caught:
        async with asyncio.TaskGroup() as group:
            group.create_task(work())
            group.create_task(find_out())
    (over,) = caught.value.exceptions
    assert isinstance(over, SessionEnded) and over.ending is SessionOutcome.LOST
    assert ended == ["work"]


def test_outcomes_are_told_apart_by_their_words() -> None:
    assert len({outcome.value for outcome in SessionOutcome}) == len(SessionOutcome) == 4
