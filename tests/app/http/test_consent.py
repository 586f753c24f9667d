"""The broadcaster's consent by HTTP: ``consent.py``."""

from __future__ import annotations

from tests.app.http.answers import check_problem
from tests.app.http.conftest import PUBLISH_TOKEN, MakeSite, Site
from tests.app.webrtc.offer_texts import offer
from wire.stream_record import StreamRegistry


async def test_without_a_token_anybody_on_the_machine_may(site: Site) -> None:
    await site.post_offer("/whip/cam1", offer("obs"))
    for enhance in (False, True):
        answer = await site.client.put("/api/v1/streams/cam1/consent", json={"enhance": enhance})
        assert answer.json()["enhancement"]["allowed"] is enhance
        assert (await StreamRegistry(site.redis).get("cam1")).original is not enhance


async def test_a_live_broadcaster_changes_it_with_the_publish_token(make_site: MakeSite) -> None:
    site = make_site(publish_token=PUBLISH_TOKEN)
    path, token = "/api/v1/streams/cam1/consent", {"Authorization": f"Bearer {PUBLISH_TOKEN}"}
    check_problem(await site.client.put(path, json={"enhance": False}), 401)
    check_problem(await site.client.put(path, json={"enhance": False}, headers=token), 404)
    await site.post_offer("/whip/cam1", offer("obs"), token=PUBLISH_TOKEN)
    answer = await site.client.put(path, json={"enhance": False}, headers=token)
    assert answer.status_code == 200
    assert answer.json()["enhancement"]["allowed"] is False
    check_problem(await site.client.put(path, json={"enhance": 1}, headers=token), 422)
    assert (await StreamRegistry(site.redis).get("cam1")).original
    # Only what was done is noted.
    (noted,) = await site.access.audit.list(10)
    assert (noted.act, noted.target, noted.detail) == ("consent_changed", "cam1", "the original")
    assert noted.who == "publish-token"


async def test_it_is_told_with_the_offer_also_where_the_key_is_in_the_path(
    make_site: MakeSite,
) -> None:
    site = make_site(publish_token=PUBLISH_TOKEN, key_in_path=True)
    for path, token in (("/whip/cam1", PUBLISH_TOKEN), (f"/whip/cam2/{PUBLISH_TOKEN}", "")):
        sent = await site.post_offer(f"{path}?enhance=false", offer("obs"), token=token)
        assert sent.status_code == 201
        assert (await StreamRegistry(site.redis).get(path.split("/")[2])).original
        again = await site.post_offer(f"{path}?takeover=false", offer("obs"), token=token)
        check_problem(again, 409)
