"""Tokens that are guessed, by every way in which the server looks one up."""

from __future__ import annotations

import asyncio
import collections
from collections.abc import AsyncIterator, Iterator, Mapping

import pytest

from app.access.key_store import KeyRequest
from app.access.view_token import ViewToken, make_view_token
from tests.app.external_access.issuer import Answers, token
from tests.app.http.answers import check_problem
from tests.app.http.conftest import ADMIN_TOKEN, PUBLISH_TOKEN, MakeSite, Site
from tests.app.http.test_external_access import MakeExternal, bearer, serving
from tests.app.webrtc.offer_texts import offer
from wire.stream_keys import View

__all__ = ["serving"]


@pytest.fixture
async def hidden(guarded: Site) -> Site:
    """A site with a stream that is watched with a token."""
    await guarded.access.store.load()
    await guarded.access.store.set_view("cam1", View.TOKEN)
    return guarded


def check_ten(got: Mapping[int, int], total: int, status: int = 401) -> None:
    """Ten guesses got through, and one more for each three seconds that a busy machine took."""
    assert got.keys() == {status, 429} and sum(got.values()) == total
    assert 10 <= got[status] <= 12


async def statuses(site: Site, paths: Iterator[str]) -> dict[int, int]:
    """What requests for these are answered, counted."""
    return collections.Counter([(await site.client.get(path)).status_code for path in paths])


@pytest.mark.parametrize(
    "query",
    [
        "token=guess{n}",
        "%74oken=guess{n}",
        "%74%6f%6B%65%6e=guess{n}",
        "a=1&tok%65n=guess{n}",
        "token=&token=guess{n}",
        "token={n}&token=guess{n}",
        "token=guess+{n}",
        "token=guess%2B{n}",
        "token=%FF{n}",
    ],
)
async def test_a_token_in_the_query_counts_however_it_is_written(query: str, hidden: Site) -> None:
    asked = (f"/api/v1/streams/cam1?{query.format(n=n)}" for n in range(20))
    check_ten(await statuses(hidden, asked), 20)


@pytest.mark.parametrize(
    "query",
    ["Token=guess{n}", "token=guess{n}&token=", "token", "my-token=guess{n}", "%2574oken=x"],
)
async def test_what_no_route_takes_for_a_token_counts_as_none(query: str, hidden: Site) -> None:
    asked = (f"/api/v1/streams/cam1?{query.format(n=n)}" for n in range(20))
    assert await statuses(hidden, asked) == {401: 20}
    good = await hidden.client.get("/api/v1/streams/cam1", headers=bearer(ADMIN_TOKEN))
    assert good.status_code == 404


async def test_a_token_in_the_path_counts(make_site: MakeSite) -> None:
    site = make_site(publish_token=PUBLISH_TOKEN, admin_token=ADMIN_TOKEN, key_in_path=True)
    got = [(await site.post_offer(f"/whip/cam1/k{n}", offer("obs"))).status_code for n in range(20)]
    check_ten(collections.Counter(got), 20)


@pytest.mark.parametrize("path", ["streams", "recordings", "counters"])
async def test_guesses_at_a_list_count_though_it_is_answered(path: str, hidden: Site) -> None:
    asked = (f"/api/v1/{path}?token=guess{n}" for n in range(20))
    check_ten(await statuses(hidden, asked), 20, 200)
    # The right one tells nothing either, until the address may send one again.
    good = await hidden.client.get(f"/api/v1/{path}", headers=bearer(ADMIN_TOKEN))
    check_problem(good, 429)
    assert (await hidden.client.get(f"/api/v1/{path}")).status_code == 200


async def test_a_page_that_polls_a_list_with_a_wrong_token_locks_nobody_out(hidden: Site) -> None:
    signing = hidden.access.store.tables.signing
    over = [make_view_token(ViewToken("cam1", n + 1), signing) for n in range(100)]
    asked = [f"/api/v1/streams?token={each}" for each in ["vt_x.y"] * 300 + over]
    assert await statuses(hidden, iter(asked)) == {200: 400}
    guesses = await statuses(hidden, (f"/api/v1/streams/cam1?token={n}" for n in range(20)))
    assert guesses[401] in range(9, 13)  # one is back after each three seconds


async def test_what_was_good_once_is_no_guess_and_a_wrong_secret_of_it_is(guarded: Site) -> None:
    store = guarded.access.store
    made = await store.add(KeyRequest("cam1"))
    await store.rotate(made.key.id, grace_s=0)
    path = "/api/v1/streams/cam1"
    for _ in range(15):
        check_problem(await guarded.client.patch(path, json={}, headers=bearer(made.secret)), 401)
    wrong = made.secret[:-1] + ("a" if made.secret[-1] != "a" else "b")
    answers = [
        (await guarded.client.patch(path, json={}, headers=bearer(wrong))).status_code
        for _ in range(15)
    ]
    check_ten(collections.Counter(answers), 15)


async def test_bodies_that_are_held_back_get_no_more_guesses(guarded: Site) -> None:
    sent, ready = asyncio.Semaphore(0), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        sent.release()  # the head has been looked at
        await ready.wait()
        yield offer("obs").encode()

    async def post(number: int) -> int:
        headers = {"Content-Type": "application/sdp", **bearer(f"guess{number}")}
        answer = await guarded.client.post("/whip/cam1", content=body(), headers=headers)
        return answer.status_code

    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(post(n)) for n in range(120)]
        for _ in asked:
            await sent.acquire()
        ready.set()
    check_ten(collections.Counter(each.result() for each in asked), 120)
    check_problem(await guarded.post_offer("/whip/cam1", offer("obs"), token=PUBLISH_TOKEN), 429)


async def test_right_tokens_of_many_at_one_moment_all_pass(hidden: Site) -> None:
    made = await hidden.access.store.add(KeyRequest("cam1"))
    tokens = [ADMIN_TOKEN, PUBLISH_TOKEN, made.secret]
    async with asyncio.TaskGroup() as group:
        asked = [
            group.create_task(hidden.client.get(f"/api/v1/streams/cam1?token={tokens[n % 3]}"))
            for n in range(300)
        ]
    assert {each.result().status_code for each in asked} == {404}


async def test_with_a_hook_a_session_that_is_not_there_tells_no_token(
    serving: MakeExternal, hook: Answers
) -> None:
    async with serving(hook=hook) as site:
        got = [
            (await site.client.delete("/whip/cam1/x.y", headers=bearer(f"guess{n}"))).status_code
            for n in range(10)
        ]
        assert got == [404] * 10
        for text in ("guess", ADMIN_TOKEN):
            check_problem(await site.client.delete("/whip/cam1/x.y", headers=bearer(text)), 429)
        assert hook.got == []


async def test_with_a_hook_a_fault_in_the_request_hides_no_guess(
    serving: MakeExternal, hook: Answers
) -> None:
    async with serving(hook=hook) as site:
        got = [
            (await site.client.patch("/whip/cam1/x.y", headers=bearer(f"guess{n}"))).status_code
            for n in range(20)
        ]
        check_ten(collections.Counter(got), 20, 415)


async def test_a_session_that_is_there_makes_its_token_no_guess(
    serving: MakeExternal, hook: Answers
) -> None:
    async with serving(hook=hook) as site:
        for n in range(20):
            text = f"word{n}"
            made = await site.post_offer("/whip/cam1", offer("obs"), token=text)
            assert made.status_code == 201
            ended = await site.client.delete(made.headers["location"], headers=bearer(text))
            assert ended.status_code == 200


async def test_at_lists_tokens_that_only_the_hook_may_know_have_a_limit_of_their_own(
    serving: MakeExternal, hook: Answers
) -> None:
    async with serving(hook=hook) as site:
        got = await statuses(site, (f"/api/v1/streams?token=word{n}" for n in range(230)))
        assert 200 <= got[200] < 230  # one is back after each second
        assert got[200] + got[429] == 230
        # Those who watch and publish notice nothing, and whoever polls goes on.
        for n in range(3):
            made = await site.post_offer(f"/whip/cam{n}", offer("obs"), token=f"own{n}")
            assert made.status_code == 201
        assert (await site.client.get("/api/v1/streams?token=word100")).status_code == 200


async def test_questions_to_the_hook_count_while_they_are_under_way(
    serving: MakeExternal, hook: Answers
) -> None:
    hook.status, hook.delay_s = b"403 Forbidden", 0.2
    async with serving(hook=hook) as site:
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(site.post_offer("/whip/cam1", offer("obs"), token=f"word{n}"))
                for n in range(30)
            ]
        got = collections.Counter(each.result().status_code for each in asked)
        check_ten(got, 30)
        assert len(hook.got) == got[401]


async def test_viewers_with_one_link_ask_the_hook_at_one_moment(
    serving: MakeExternal, hook: Answers
) -> None:
    hook.delay_s = 0.2
    async with serving(hook=hook) as site:
        await site.access.store.set_view("cam1", View.TOKEN)
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(site.client.get("/api/v1/streams/cam1?token=word"))
                for _ in range(40)  # four times as many as an address may guess
            ]
        assert {each.result().status_code for each in asked} == {404}
        assert len(hook.got) == 1


async def test_what_the_hook_leaves_out_is_asked_once_in_a_while(
    serving: MakeExternal, hook: Answers
) -> None:
    hook.body = b'{"acts": ["view"], "streams": ["*"]}'
    async with serving(hook=hook) as site:
        for n in range(60):
            answer = await site.post_offer(f"/whip/cam{n % 3}", offer("obs"), token="word")
            check_problem(answer, 403)
        assert len(hook.got) == 3


async def test_a_session_of_a_revoked_key_does_not_pass_without_a_token(
    serving: MakeExternal, hook: Answers
) -> None:
    async with serving(hook=hook) as site:
        await _check_revoked(site)


async def test_nor_does_it_where_keys_stand_in_paths(make_site: MakeSite) -> None:
    site = make_site(publish_token=PUBLISH_TOKEN, admin_token=ADMIN_TOKEN, key_in_path=True)
    await site.access.store.load()
    await _check_revoked(site)


async def _check_revoked(site: Site) -> None:
    """A session passes by its address as long as the key that made it is good."""
    store = site.access.store
    for is_revoked in (False, True):
        key = await store.add(KeyRequest("cam1"))
        made = await site.post_offer("/whip/cam1", offer("obs"), token=key.secret)
        assert made.status_code == 201
        if is_revoked:
            await store.revoke(key.key.id)
        ended = await site.client.delete(made.headers["location"])
        assert ended.status_code == (401 if is_revoked else 200)
    # The operator's publish token made none of a key, and still ends it.
    own = await site.client.delete(made.headers["location"], headers=bearer(PUBLISH_TOKEN))
    assert own.status_code == 200


async def test_an_admin_publishes_what_his_claim_names(
    serving: MakeExternal, keys: Answers
) -> None:
    text = token(sharpcast={"admin": True, "publish": ["cam1"]})
    alone = token(sub="ben", sharpcast={"admin": True})
    async with serving(keys=keys) as site:
        assert (await site.post_offer("/whip/cam1", offer("obs"), token=text)).status_code == 201
        check_problem(await site.post_offer("/whip/cam2", offer("obs"), token=text), 403)
        check_problem(await site.post_offer("/whip/cam1", offer("obs"), token=alone), 403)
        # What the admin token may, it may with every stream.
        for path in ("/api/v1/keys", "/api/v1/streams?all=true"):
            assert (await site.client.get(path, headers=bearer(text))).status_code == 200
        view = await site.client.put(
            "/api/v1/streams/cam2/view", json={"view": "token"}, headers=bearer(text)
        )
        assert view.status_code == 204
        ended = await site.client.delete("/api/v1/streams/cam1", headers=bearer(alone))
        assert ended.status_code == 204
