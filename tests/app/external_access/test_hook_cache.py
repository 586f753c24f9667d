"""How long answers of the hook hold, in virtual time."""

from __future__ import annotations

import dataclasses

from app.access.grants import Act
from app.external_access.hook_cache import (
    MAX_STALE_S,
    REFUSAL_S,
    RETRY_S,
    AccessQuestion,
    HookCache,
    HookReply,
)
from app.external_access.rights import HookAnswer

WATCH = AccessQuestion(Act.VIEW, "cam1", "a token", "192.0.2.1")
OTHER = dataclasses.replace(WATCH, stream="cam2")
PUBLISH = dataclasses.replace(WATCH, act=Act.PUBLISH)


def reply(question: AccessQuestion = WATCH, **said: object) -> HookReply:
    """What the hook answered."""
    answer = HookAnswer.model_validate(said)
    grant = answer.grant(question.act, question.stream)
    return HookReply(grant, answer.life_s, answer.is_general)


NO = HookReply(None)


def test_an_answer_holds_for_its_life_and_its_question() -> None:
    cache, yes = HookCache(), reply(life_s=60)
    assert cache.find(WATCH, now=0) is None
    cache.put(WATCH, yes, now=0)
    assert cache.find(WATCH, now=59.9) is yes
    assert cache.find(WATCH, now=60) is None
    for other in (
        OTHER,
        PUBLISH,
        dataclasses.replace(WATCH, token="another"),
        dataclasses.replace(WATCH, address="192.0.2.2"),
    ):
        assert cache.find(other, now=1) is None


def test_an_answer_without_life_is_not_kept() -> None:
    cache = HookCache()
    cache.put(WATCH, reply(life_s=60), now=0)
    cache.put(WATCH, reply(life_s=0), now=1)
    assert cache.find(WATCH, now=1) is None
    assert cache.stale(WATCH, now=1) is None


def test_an_answer_in_general_holds_for_all_that_it_names() -> None:
    cache, yes = HookCache(), reply(acts=["view", "publish"], streams=["cam*"], life_s=60)
    cache.put(WATCH, yes, now=0)
    for question in (WATCH, OTHER, PUBLISH):
        assert cache.find(question, now=1) is yes
    for question in (
        dataclasses.replace(WATCH, act=Act.OWN),
        dataclasses.replace(WATCH, stream="studio"),
        dataclasses.replace(WATCH, token="another"),
    ):
        assert cache.find(question, now=1) is None
    assert cache.granted("a token", "192.0.2.1", now=59) is yes.grant
    assert cache.granted("a token", "192.0.2.1", now=60) is None
    assert cache.granted("another", "192.0.2.1", now=1) is None


def test_a_refusal_holds_for_a_while_and_ends_what_was_granted() -> None:
    cache = HookCache()
    cache.put(WATCH, reply(life_s=1), now=0)
    cache.put(WATCH, NO, now=2)
    found = cache.find(WATCH, now=2 + REFUSAL_S - 0.1)
    assert found is not None
    assert found.grant is None
    assert cache.find(WATCH, now=2 + REFUSAL_S) is None
    assert cache.stale(WATCH, now=3) is None


def test_a_refusal_of_one_act_leaves_the_others() -> None:
    cache, yes = HookCache(), reply(acts=["view"], streams=["*"], life_s=60)
    cache.put(WATCH, yes, now=0)
    cache.put(PUBLISH, NO, now=1)
    assert cache.find(WATCH, now=2) is yes


def test_an_answer_that_leaves_out_what_was_asked_refuses_it_for_a_while() -> None:
    cache, other = HookCache(), reply(PUBLISH, acts=["view"], streams=["cam*"], life_s=60)
    cache.put(PUBLISH, other, now=0)
    # Whoever asks learns that the token is good, and not for this; what it is good for holds.
    assert cache.find(PUBLISH, now=REFUSAL_S - 0.1) is other
    assert cache.find(WATCH, now=1) is other
    assert cache.find(OTHER, now=59) is other
    assert cache.find(PUBLISH, now=REFUSAL_S) is None
    assert cache.find(dataclasses.replace(PUBLISH, stream="cam2"), now=1) is None
    assert cache.stale(PUBLISH, now=61) is None


def test_an_answer_without_life_refuses_what_it_leaves_out_all_the_same() -> None:
    cache = HookCache()
    cache.put(PUBLISH, reply(PUBLISH, acts=["view"], life_s=0), now=0)
    found = cache.find(PUBLISH, now=1)
    assert found is not None
    assert found.grant is not None
    assert not found.grant.allows(Act.PUBLISH, "cam1")
    assert cache.find(WATCH, now=1) is None


def test_an_answer_that_leaves_out_what_was_granted_ends_it() -> None:
    cache = HookCache()
    cache.put(PUBLISH, reply(PUBLISH, life_s=60), now=0)
    cache.put(WATCH, reply(acts=["view", "publish"], streams=["*"], life_s=5), now=0)
    for at in (61.0, 62.0):
        cache.put(PUBLISH, reply(PUBLISH, acts=["view"], streams=["*"], life_s=60), now=at)
        assert cache.stale(PUBLISH, now=at) is None
    cache.put(PUBLISH, reply(PUBLISH, life_s=60), now=63)
    found = cache.find(PUBLISH, now=64)
    assert found is not None
    assert found.grant is not None
    assert found.grant.allows(Act.PUBLISH, "cam1")


def test_while_the_hook_is_away_an_answer_is_used_further_for_ten_minutes() -> None:
    cache, yes = HookCache(), reply(life_s=60)
    cache.put(WATCH, yes, now=0)
    now, asked = 60.0, 0
    while now < 60 + MAX_STALE_S:
        if cache.find(WATCH, now=now) is None:
            asked += 1
            assert cache.stale(WATCH, now=now) is yes
        now += 0.5
    # It is asked once in a few seconds, not at each request.
    assert asked == MAX_STALE_S / RETRY_S
    assert cache.find(WATCH, now=60 + MAX_STALE_S) is None
    assert cache.stale(WATCH, now=60 + MAX_STALE_S) is None


def test_what_was_never_granted_is_not_granted_while_the_hook_is_away() -> None:
    cache = HookCache()
    cache.put(WATCH, reply(life_s=60), now=0)
    assert cache.stale(OTHER, now=1) is None
    assert cache.stale(PUBLISH, now=1) is None


def test_tables_are_bounded_and_wrong_tokens_displace_no_right_ones() -> None:
    cache = HookCache(max_grants=2, max_refusals=2)
    questions = [dataclasses.replace(WATCH, token=str(n)) for n in range(3)]
    for question in questions[:2]:
        cache.put(question, reply(life_s=60), now=0)
    cache.find(questions[0], now=1)
    for n in range(100):
        cache.put(dataclasses.replace(WATCH, token=f"wrong {n}"), NO, now=1)
    cache.put(questions[2], reply(life_s=60), now=1)
    assert [cache.find(each, now=2) is not None for each in questions] == [True, False, True]
    kept = [cache.find(dataclasses.replace(WATCH, token=f"wrong {n}"), now=2) for n in range(100)]
    assert sum(each is not None for each in kept) == 2


def test_names_tell_no_token_and_are_not_mixed_up() -> None:
    assert "a token" not in repr(WATCH)
    first = AccessQuestion(Act.VIEW, "cam1", "ab", "c")
    second = AccessQuestion(Act.VIEW, "cam1", "a", "bc")
    assert first.name != second.name
    assert first.holder != second.holder
