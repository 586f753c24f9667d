"""Settings and view permission of a stream change together or not at all, and are noted."""

from __future__ import annotations

from tests.app.http.answers import check_problem
from tests.app.http.conftest import ADMIN_TOKEN, MakeSite, Site
from tests.app.http.test_api import ADMIN
from tests.app.webrtc.offer_texts import offer
from wire import keys
from wire.connection import command
from wire.rendition_record import RenditionRegistry
from wire.stream_keys import MAX_VIEWS, AccessRegistry, AccessTables, View
from wire.stream_record import StreamRegistry

PATH = "/api/v1/streams/cam1"


async def live(make_site: MakeSite) -> Site:
    site = make_site(admin_token=ADMIN_TOKEN)
    await site.access.store.load()
    assert (await site.post_offer("/whip/cam1", offer("obs"))).status_code == 201
    return site


async def is_enhanced(site: Site) -> bool:
    return (await RenditionRegistry(site.redis).get("cam1", keys.ENHANCED)).enhance


async def acts(site: Site) -> list[tuple[str, str]]:
    return [(each.act, each.detail) for each in await site.access.audit.list(10)]


async def test_both_are_changed_and_noted_at_once(make_site: MakeSite) -> None:
    site = await live(make_site)
    change = {"enhance": False, "view": "token"}
    answer = await site.client.patch(PATH, json=change, headers=ADMIN)
    assert answer.status_code == 200
    assert not await is_enhanced(site)
    assert site.access.store.tables.views == {"cam1": View.TOKEN}
    assert await acts(site) == [("stream_changed", '{"enhance":false,"view":"token"}')]


async def test_without_room_for_the_permission_nothing_changes(make_site: MakeSite) -> None:
    site = await live(make_site)
    full = AccessTables(signing="aa", views={f"n{n}": View.TOKEN for n in range(MAX_VIEWS)})
    await command(site.redis, "DEL", keys.ACCESS_STATE)
    assert await AccessRegistry(site.redis).restore(full)
    await site.access.store.load()
    change = {"enhance": False, "view": "token"}
    check_problem(await site.client.patch(PATH, json=change, headers=ADMIN), 409)
    assert await is_enhanced(site)
    assert "cam1" not in site.access.store.tables.views
    assert await acts(site) == []


async def test_the_permission_of_a_stream_that_is_not_live_stays(make_site: MakeSite) -> None:
    site = make_site(admin_token=ADMIN_TOKEN)
    await site.access.store.load()
    check_problem(await site.client.patch(PATH, json={"view": "token"}, headers=ADMIN), 404)
    assert site.access.store.tables.views == {}
    assert await acts(site) == []


async def test_where_the_settings_cannot_be_changed_the_permission_is_taken_back(
    make_site: MakeSite,
) -> None:
    site = make_site(admin_token=ADMIN_TOKEN)
    await site.access.store.load()
    # Of a stream that just began, or is about to be over: it has no rendition to change.
    await StreamRegistry(site.redis).create("cam1", state="connecting")
    change = {"enhance": False, "view": "token"}
    check_problem(await site.client.patch(PATH, json=change, headers=ADMIN), 404)
    assert site.access.store.tables.views == {}
    await site.access.store.set_view("cam1", View.UNLISTED)
    check_problem(await site.client.patch(PATH, json=change, headers=ADMIN), 404)
    assert site.access.store.tables.views == {"cam1": View.UNLISTED}
    # Public has no entry of its own.
    change["view"] = "public"
    check_problem(await site.client.patch(PATH, json=change, headers=ADMIN), 404)
    assert site.access.store.tables.views == {"cam1": View.UNLISTED}
    assert await acts(site) == []
