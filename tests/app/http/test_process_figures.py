"""What a scrape and the API show of several processes behind one port."""

from __future__ import annotations

import asyncio
import secrets

from prometheus_client.parser import text_string_to_metric_families

from app.siblings import AppProcess
from tests.app.http.conftest import ADMIN_TOKEN, MakeSite, Site
from tests.app.http.test_api import UNITS, beat
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import publishing, until, watching
from wire.heartbeat import Heartbeats


def pair(make_site: MakeSite) -> tuple[Site, Site]:
    run = secrets.token_hex(8)
    one, other = (make_site(process=AppProcess(n, 2, run=run), runs=True) for n in range(2))
    return one, other


async def values(site: Site, name: str, **labels: str) -> dict[str, float]:
    """The samples of a metric by process; those that all share under an empty one."""
    text = (await site.client.get("/metrics")).text
    return {
        sample.labels.get("process", ""): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    }


async def test_whichever_process_is_asked_the_scrape_is_the_same(make_site: MakeSite) -> None:
    one, other = pair(make_site)
    one.node.refusals["stranger"] += 2
    other.node.refusals["stranger"] += 5
    await Heartbeats(one.redis, expiry_ms=60_000).beat(beat())
    for site in (one, other):
        await until_served(site)
        name = "sharpcast_packets_refused_total"
        assert await values(site, name, reason="stranger") == {"0": 2.0, "1": 5.0}
        assert set(await values(site, "sharpcast_tasks")) == {"0", "1"}
        assert set(await values(site, "process_resident_memory_bytes")) == {"0", "1"}
        # What all know in common is there once.
        assert await values(site, "sharpcast_workers") == {"": 1.0}
        assert await values(site, "sharpcast_app_processes") == {"": 2.0}


async def until_served(site: Site) -> None:
    """Waits until both processes answer each other."""
    for _ in range(100):
        if await values(site, "sharpcast_app_processes") == {"": 2.0}:
            return
    raise AssertionError("a process does not answer")


async def test_viewers_and_publishers_count_where_they_are(make_site: MakeSite) -> None:
    one, other = pair(make_site)
    async with publishing(Http(one, "/whip/cam1"), UNITS):
        await until_live(one)
        async with watching(Http(other, "/whep/cam1?rendition=source")) as viewer:
            await until(lambda: len(viewer.received["video"].timestamps) > 10)
            labels = {"stream": "cam1", "rendition": "source"}
            for site in (one, other):
                assert await values(site, "sharpcast_viewers", **labels) == {"0": 0.0, "1": 1.0}
                assert set(await values(site, "sharpcast_units_in_total")) == {"0"}
                assert await values(site, "sharpcast_streams") == {"": 1.0}


async def test_the_api_tells_the_same_counters(make_site: MakeSite) -> None:
    one, other = pair(make_site)
    other.node.refusals["stranger"] += 5
    await Heartbeats(one.redis, expiry_ms=60_000).beat(beat())
    await until_served(one)
    for site in (one, other):
        listed = (await site.client.get("/api/v1/counters")).json()["counters"]
        found = {each["name"]: each["samples"] for each in listed}
        assert {"labels": {"reason": "stranger", "process": "1"}, "value": 5} in found[
            "packets_refused"
        ]
        assert [each["labels"] for each in found["viewer_stalls"]] == [
            {"process": "0"},
            {"process": "1"},
        ]
        assert all("process" not in each["labels"] for each in found["bad_jobs"])


async def test_one_that_is_gone_is_missing_and_counted_as_missing(make_site: MakeSite) -> None:
    one, other = pair(make_site)
    await until_served(one)
    await other.stop()
    assert await values(one, "sharpcast_app_processes") == {"": 1.0}
    assert set(await values(one, "sharpcast_tasks")) == {"0"}
    counters = (await one.client.get("/api/v1/counters")).json()["counters"]
    assert counters


async def test_a_process_alone_has_no_such_label(site: Site) -> None:
    text = (await site.client.get("/metrics")).text
    assert "process=" not in text
    assert "sharpcast_app_processes 1.0" in text
    listed = (await site.client.get("/api/v1/counters")).json()["counters"]
    assert all("process" not in one["labels"] for each in listed for one in each["samples"])


async def test_a_text_is_made_once_for_all_who_ask(make_site: MakeSite) -> None:
    site = make_site(snapshot_age_s=60.0)
    await site.snapshot.get()
    for path in ("/metrics", "/api/v1/counters"):
        answers = await asyncio.gather(*(site.client.get(path) for _ in range(40)))
        assert [each.status_code for each in answers] == [200] * 40
        # The processor time of the process would differ from text to text.
        assert len({each.content for each in answers}) == 1
        site.node.refusals["stranger"] += 1
        assert (await site.client.get(path)).content == answers[0].content
        site.snapshot.forget()
        assert (await site.client.get(path)).content != answers[0].content


async def test_each_form_and_each_asker_has_a_text_of_its_own(make_site: MakeSite) -> None:
    site = make_site(admin_token=ADMIN_TOKEN, snapshot_age_s=0.3, runs=True)
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        view = {"view": "token"}
        changed = await site.client.put("/api/v1/streams/cam1/view", json=view, headers=headers)
        assert changed.status_code == 204
        site.snapshot.forget()
        for path in ("/metrics", "/api/v1/counters"):
            for _ in range(2):
                assert "cam1" not in (await site.client.get(path)).text
                assert "cam1" in (await site.client.get(path, headers=headers)).text
    plain = await site.client.get("/metrics")
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    other = await site.client.get("/metrics", headers=accept)
    assert other.headers["content-type"] != plain.headers["content-type"]
    assert other.text.endswith("# EOF\n")


async def test_more_texts_than_may_wait_are_refused(make_site: MakeSite) -> None:
    site = make_site()  # each request has a copy of its own
    answers = await asyncio.gather(*(site.client.get("/metrics") for _ in range(200)))
    assert {each.status_code for each in answers} <= {200, 503}
    refused = sum(each.status_code == 503 for each in answers)
    name = 'sharpcast_requests_refused_total{limit="figures"}'
    assert f"{name} {refused}.0" in (await site.client.get("/metrics")).text
