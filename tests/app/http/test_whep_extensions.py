"""``whep_extensions.py``: event streams and layer selection by HTTP, with real connections."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from app.http import serializers, whep_extensions
from app.http.whep_extensions import EVENTS_REL, LAYER_REL
from cli.conformance.links import links_by_rel
from cli.conformance.whep_rules import parse_events
from tests.app import coding
from tests.app.delivery.test_viewers import SOUND_ALONE
from tests.app.http.answers import check_problem
from tests.app.http.conftest import BASE, MakeSite, Site
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import publishing, until, watching
from tests.app.webrtc.offer_texts import offer
from tests.cli.conformance.test_session_text import reply_of

UNITS = coding.h264(98, 54, 10)
PLAY = "/whep/cam1?rendition=source"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks often, and closes event streams soon."""
    monkeypatch.setattr(whep_extensions, "REFRESH_S", 0.05)
    monkeypatch.setattr(whep_extensions, "SEE_S", 0.1)
    monkeypatch.setattr(whep_extensions, "POLL_S", 0.6)


async def opened(site: Site, session: str, body: str = "") -> str:
    """The address of a new event stream."""
    answer = await site.client.post(f"{session}/events", content=body, headers=JSON)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"].startswith(f"{session}/events/")
    return answer.headers["location"]


async def read(site: Site, stream: str, **headers: str) -> list[tuple[str, str]]:
    """The events of one long poll."""
    answer = await site.client.get(stream, headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    return parse_events(answer.text)


async def test_a_session_names_its_extensions(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        made = await site.post_offer(PLAY, offer("chromium_play"))
        session = made.headers["location"]
        reply = reply_of(201, Link=", ".join(made.headers.get_list("link")))
        (events,), (layer,) = links_by_rel(reply, EVENTS_REL), links_by_rel(reply, LAYER_REL)
        assert (events.url, layer.url) == (f"{session}/events", f"{session}/layer")
        assert events.parameters["events"] == "active,inactive,layers,picture,reconnect,viewercount"
    made = await site.post_offer("/whip/cam2", offer("obs"))
    assert "link" not in made.headers


async def test_a_player_is_told_of_its_stream(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        play = Http(site, PLAY)
        async with watching(play):
            stream = await opened(site, play.locations[0])
            events = dict(await read(site, stream))
            assert events["active"] == "{}"
            assert json.loads(events["viewercount"]) == {"viewercount": 1}
            (media,) = json.loads(events["layers"])
            assert media == "1"
            layers = json.loads(events["layers"])[media]
            assert [layer["rid"] for layer in layers] == ["source", "enhanced"]
            assert (layers[0]["width"], layers[0]["height"]) == (98, 54)


async def test_only_the_events_that_were_asked_for_come(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        made = await site.post_offer(PLAY, offer("chromium_play"))
        stream = await opened(site, made.headers["location"], '["active", "x-later"]')
        assert [name for name, _ in await read(site, stream)] == ["active"]


async def test_a_player_that_comes_again_hears_no_more_than_is_new(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        made = await site.post_offer(PLAY, offer("chromium_play"))
        stream = await opened(site, made.headers["location"], '["active"]')
        first = await site.client.get(stream)
        last = first.text.rpartition("id: ")[2].strip()
        assert first.text.startswith("retry: 500\n\n")
        again = await site.client.get(stream, headers={"Last-Event-ID": last})
        # The rate of the source may have changed meanwhile, and then all is told.
        assert len(parse_events(again.text)) <= len(parse_events(first.text))
        other = await site.client.get(stream, headers={"Last-Event-ID": "none"})
        assert [name for name, _ in parse_events(other.text)] == ["active"]


async def test_an_event_stream_ends_when_it_is_deleted(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        made = await site.post_offer(PLAY, offer("chromium_play"))
        stream = await opened(site, made.headers["location"])
        reading = asyncio.create_task(site.client.get(stream))
        await asyncio.sleep(0.1)
        assert (await site.client.delete(stream)).status_code == 200
        assert (await reading).status_code == 200
        check_problem(await site.client.get(stream), 404)
        check_problem(await site.client.delete(stream), 404)


async def test_event_streams_end_with_their_session(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        made = await site.post_offer(PLAY, offer("chromium_play"))
        session = made.headers["location"]
        stream = await opened(site, session, '["reconnect"]')
        reading = asyncio.create_task(site.client.get(stream))
        await asyncio.sleep(0.1)
        await site.client.delete(session)
        assert parse_events((await reading).text) == [("reconnect", "{}")]
        check_problem(await site.client.get(stream), 404)
        answer = await site.client.post(f"{session}/events", content="[]", headers=JSON)
        check_problem(answer, 404)


async def test_a_viewer_moves_to_another_rendition_and_back(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        play = Http(site, "/whep/cam1?rendition=enhanced&fallback=source")
        async with watching(play) as viewer:
            (session,) = play.locations
            assert site.node.viewers.counts("cam1") == {"enhanced": 1}

            async def select(**wanted: object) -> httpx.Response:
                body = json.dumps({"mediaId": "1", **wanted})
                return await site.client.post(f"{session}/layer", content=body, headers=JSON)

            assert (await select(rid="source")).status_code == 200
            assert site.node.viewers.counts("cam1") == {"source": 1}
            seen = len(viewer.received["video"].timestamps)
            await until(lambda: len(viewer.received["video"].timestamps) > seen + 5)
            assert (await select()).status_code == 200
            assert site.node.viewers.counts("cam1") == {"enhanced": 1}
            assert (await select(maxWidth=98)).status_code == 200
            await until(lambda: site.node.viewers.counts("cam1") == {"source": 1})
            assert (await site.client.delete(f"{session}/layer")).status_code == 200
            await until(lambda: site.node.viewers.counts("cam1") == {"enhanced": 1})
            check_problem(await select(rid="clean"), 404)


async def test_a_section_that_is_not_in_the_session_moves_nobody(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        made = await site.post_offer("/whep/cam1?rendition=enhanced", offer("chromium_play"))
        address = f"{made.headers['location']}/layer"
        before = site.node.viewers.counts("cam1")
        for wanted in (
            {"mediaId": "9", "rid": "source"},
            {"mediaId": "nope", "maxWidth": 1},
            {"mediaId": "0", "rid": "source"},
            {"mediaId": "1" * 65},
        ):
            answer = await site.client.post(address, content=json.dumps(wanted), headers=JSON)
            check_problem(answer, 400)
            assert site.node.viewers.counts("cam1") == before


async def test_what_no_layer_can_be_is_refused(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        made = await site.post_offer(PLAY, SOUND_ALONE)
        session = made.headers["location"]
        for body, status in (('{"rid": "source"}', 422), ("{", 400), ('{"rid": 1}', 400)):
            answer = await site.client.post(f"{session}/layer", content=body, headers=JSON)
            check_problem(answer, status)
        answer = await site.client.post(f"{session}/layer", content="{}")
        check_problem(answer, 415)
        answer = await site.client.post(f"{session}/events", content="{}", headers=JSON)
        check_problem(answer, 400)
        answer = await site.client.post(f"{session}/events", content="[]")
        check_problem(answer, 415)
        assert (await site.client.post(f"{session}/events")).status_code == 201
        for path in ("/whep/cam1/x/layer", "/whep/cam1/x/events"):
            answer = await site.client.post(path, content="[]", headers=JSON)
            assert answer.status_code in (400, 404)


async def test_any_node_serves_a_session(make_site: MakeSite) -> None:
    one = make_site(name="one", runs=True)
    two = make_site(name="two", runs=True)
    async with publishing(Http(one, "/whip/cam1"), UNITS):
        await until_live(two)
        play = Http(one, PLAY)
        async with watching(play):
            (session,) = play.locations
            stream = await opened(two, session, '["active"]')
            assert [name for name, _ in await read(two, stream)] == ["active"]
            answer = await two.client.post(
                f"{session}/layer", content='{"rid": "clean"}', headers=JSON
            )
            check_problem(answer, 404)
            answer = await two.client.post(f"{session}/layer", content="{}", headers=JSON)
            assert answer.status_code == 200
            assert (await one.client.delete(stream)).status_code == 200
            check_problem(await two.client.get(stream), 404)


async def test_a_stream_is_looked_at_once_for_all_who_listen(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    plain = serializers.stream_view

    def counted(*parts: Any) -> Any:
        made.append(parts)
        return plain(*parts)

    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        session = (await site.post_offer(PLAY, offer("chromium_play"))).headers["location"]
        streams = [await opened(site, session, '["active"]') for _ in range(3)]
        monkeypatch.setattr(site.snapshot, "_max_age_s", 60.0)
        site.snapshot.forget()
        monkeypatch.setattr(serializers, "stream_view", counted)
        told = await asyncio.gather(*(read(site, stream) for stream in streams))
        assert told == [[("active", "{}")]] * 3
        assert len(made) == 1


async def test_a_preflight_says_what_an_extension_takes(site: Site) -> None:
    for path, takes in (
        ("/whep/a", "sdp"),
        ("/whep/a/b/layer", "json"),
        ("/whep/a/b/events", "json"),
    ):
        answer = await site.client.options(path)
        assert answer.headers["accept-post"] == f"application/{takes}"


async def test_publishers_have_no_extensions(site: Site) -> None:
    made = await site.post_offer("/whip/cam1", offer("obs"))
    session = made.headers["location"].removeprefix(BASE)
    check_problem(await site.client.post(f"{session}/events"), 404)
