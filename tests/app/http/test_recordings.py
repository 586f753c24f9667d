"""Recordings by HTTP: the list, files with ranges, removal, and what is recorded."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.access.key_store import KeyRequest
from app.recording.folder import Folder
from app.recording.recording_lists import MAX_AGE_S
from app.recording.recording_state import RecordingState
from tests.app import coding
from tests.app.http.answers import check_problem
from tests.app.http.conftest import ADMIN_TOKEN, PUBLISH_TOKEN, MakeSite, Site
from tests.app.http.test_whep import until_live
from tests.app.peers import publishing, until
from tests.app.recording import material

UNITS = coding.h264(98, 54, 10)
HOUR = 3_600_000_000
LIST = "/api/v1/recordings"


def folder(site: Site) -> Folder:
    return site.node.recorders.folder


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_without_recordings_the_list_is_empty(site: Site) -> None:
    answer = await site.client.get(LIST)
    assert answer.json() == {"recordings": [], "before": None, "free_bytes": None}
    assert (await site.client.get(f"{LIST}/cam1")).json()["recordings"] == []
    assert (await site.client.get(f"{LIST}/-")).status_code == 400


async def test_recordings_are_listed_with_their_facts(site: Site) -> None:
    name = material.stored(folder(site), material.STARTED_US, size=5000)
    material.stored(folder(site), material.STARTED_US + HOUR, stream="cam2")
    listed = (await site.client.get(LIST)).json()
    assert [each["stream"] for each in listed["recordings"]] == ["cam2", "cam1"]
    assert listed["free_bytes"] > 0
    only = (await site.client.get(f"{LIST}/cam1")).json()["recordings"]
    assert only == [
        {
            "stream": "cam1",
            "file": name,
            "rendition": "source",
            "started_at": "2025-06-15T15:06:40Z",
            "length_s": 1.0,
            "bytes": 5000,
            "codec": "vp8",
            "width": 96,
            "height": 64,
            "audio": True,
            "broadcast": str(material.EPOCH),
            "live": False,
            "gaps": [],
            "viewers": [],
        }
    ]


async def test_a_long_list_comes_in_pages(site: Site) -> None:
    for hour in range(5):
        material.stored(folder(site), material.STARTED_US + hour * HOUR)
    seen, before = [], 0
    while before is not None:
        page = (await site.client.get(f"{LIST}?limit=2&before={before}")).json()
        seen += [each["started_at"] for each in page["recordings"]]
        before = page["before"]
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)
    for query in ("limit=0", "limit=1001", "before=-1", "before=x"):
        assert (await site.client.get(f"{LIST}?{query}")).status_code == 422


async def test_files_are_served_whole_and_in_ranges(site: Site) -> None:
    writer = material.written(folder(site), 2)
    writer.end()
    (file,) = writer.take_finished()
    data = (folder(site).root / "cam1" / file.name).read_bytes()
    url = f"/recordings/cam1/{file.name}"
    whole = await site.client.get(url)
    assert (whole.status_code, whole.content) == (200, data)
    assert whole.headers["content-type"] == "video/webm"
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["content-disposition"] == f'inline; filename="cam1-{file.name}"'
    part = await site.client.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, data[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(data)}"
    last = await site.client.get(url, headers={"Range": "bytes=-5"})
    assert last.content == data[-5:]
    beyond = await site.client.get(url, headers={"Range": f"bytes={len(data)}-"})
    check_problem(beyond, 416)
    assert beyond.headers["content-range"] == f"bytes */{len(data)}"
    check_problem(await site.client.get(url, headers={"Range": "bytes=x"}), 400)
    for unit in ("pages=1-2", "pages", "="):
        ignored = await site.client.get(url, headers={"Range": unit})
        assert (ignored.status_code, ignored.content) == (200, data)
    head = await site.client.head(url)
    assert (head.headers["content-length"], head.content) == (str(len(data)), b"")
    kept = await site.client.get(f"{url}?download=true")
    assert kept.headers["content-disposition"].startswith("attachment")


async def test_a_file_is_served_while_it_is_written(site: Site) -> None:
    writer = material.written(folder(site), 2)
    answer = await site.client.get(f"/recordings/cam1/{writer.name}")
    listed = (await site.client.get(LIST)).json()["recordings"]
    writer.end()
    assert (answer.status_code, listed[0]["live"]) == (200, True)


async def test_nothing_else_of_the_disk_is_served(site: Site) -> None:
    name = material.stored(folder(site), material.STARTED_US)
    (folder(site).root / "secret.mp4").write_bytes(b"secret")
    (folder(site).root / "cam1" / "secret.mp4").write_bytes(b"secret")
    for path in (
        f"cam2/{name}",
        "cam1/secret.mp4",
        "cam1/../secret.mp4",
        "../recordings/secret.mp4",
        "%2e%2e/secret.mp4",
        "..%2fcam1/" + name,
        f"cam1/{name.replace('.webm', '.json')}",
        f"cam1/%2e%2e%2fcam1%2f{name}",
        "cam1/",
        f"-/{name}",
    ):
        answer = await site.client.get(f"/recordings/{path}")
        assert answer.status_code in (400, 404), path
        assert b"secret" not in answer.content


async def test_a_link_with_the_name_of_a_recording_is_none(site: Site, tmp_path: Path) -> None:
    name = material.stored(folder(site), material.STARTED_US)
    place = folder(site).root / "cam1" / name
    place.rename(tmp_path / name)
    place.symlink_to(tmp_path / name)
    (folder(site).root / "cam2").symlink_to(tmp_path)
    for stream in ("cam1", "cam2"):
        check_problem(await site.client.get(f"/recordings/{stream}/{name}"), 404)
        check_problem(await site.client.delete(f"{LIST}/{stream}/{name}"), 404)
    assert place.is_symlink()


async def test_an_operator_removes_recordings(make_site: MakeSite) -> None:
    site = make_site(admin_token=ADMIN_TOKEN, publish_token=PUBLISH_TOKEN)
    name = material.stored(folder(site), material.STARTED_US)
    url = f"{LIST}/cam1/{name}"
    for headers in ({}, bearer(PUBLISH_TOKEN), bearer("wrong")):
        assert (await site.client.delete(url, headers=headers)).status_code in (401, 403)
    admin = bearer(ADMIN_TOKEN)
    assert (await site.client.delete(url, headers=admin)).status_code == 204
    gone = await site.client.delete(url, headers=admin)
    assert (gone.status_code, gone.json()["title"]) == (404, "No such recording")
    assert (await site.client.delete(f"{LIST}/../x", headers=admin)).status_code in (404, 405)


async def test_what_was_removed_is_in_no_list_any_more(site: Site) -> None:
    names = [material.stored(folder(site), material.STARTED_US + hour * HOUR) for hour in (2, 1, 0)]
    assert await listed_names(site) == names
    while names:
        assert (await site.client.delete(f"{LIST}/cam1/{names.pop()}")).status_code == 204
        assert await listed_names(site) == names


async def listed_names(site: Site) -> list[str]:
    return [each["file"] for each in (await site.client.get(LIST)).json()["recordings"]]


async def test_the_list_has_a_tag_and_half_a_second_of_life(site: Site) -> None:
    material.stored(folder(site), material.STARTED_US)
    first = await site.client.get(LIST)
    material.stored(folder(site), material.STARTED_US + HOUR)
    known = {"If-None-Match": first.headers["etag"]}
    await asyncio.sleep(MAX_AGE_S)
    second = await site.client.get(LIST, headers=known)
    assert second.status_code == 200
    assert len(second.json()["recordings"]) == 2
    known = {"If-None-Match": second.headers["etag"]}
    assert (await site.client.get(LIST, headers=known)).status_code == 304


async def test_a_recording_that_is_written_is_not_removed(site: Site) -> None:
    writer = material.written(folder(site), 1)
    answer = await site.client.delete(f"{LIST}/cam1/{writer.name}")
    writer.end()
    assert (answer.status_code, answer.json()["title"]) == (409, "Recording under way")
    assert "being written" in answer.json()["detail"]


async def test_a_publisher_or_an_operator_chooses_what_is_recorded(make_site: MakeSite) -> None:
    site = make_site(admin_token=ADMIN_TOKEN, publish_token=PUBLISH_TOKEN, runs=True)
    url = "/api/v1/streams/cam1/recording"
    admin, publisher = bearer(ADMIN_TOKEN), bearer(PUBLISH_TOKEN)
    assert (await site.client.put(url, json={"mode": "source"})).status_code == 401
    assert (await site.client.get(url)).status_code == 401

    async def publish(sdp: str) -> str:
        return (await site.post_offer("/whip/cam1", sdp, token=PUBLISH_TOKEN)).text

    async with publishing(publish, UNITS):
        await until_live(site)
        view = (await site.client.get("/api/v1/streams/cam1")).json()["recording"]
        assert view == {"mode": "off", "chosen": False, "parts": []}
        both = await site.client.put(url, json={"mode": "both"}, headers=publisher)
        assert (both.json()["mode"], both.json()["chosen"]) == ("both", True)
        chosen = await site.client.put(url, json={"mode": "source"}, headers=admin)
        assert (chosen.json()["mode"], chosen.json()["chosen"]) == ("source", True)
        await until(
            lambda: [r.state for r in site.node.recorders.all()] == [RecordingState.RECORDING]
        )
        await until(lambda: site.node.recorders.all()[0].bytes > 0)
        for bad in ({"mode": "all"}, {"mode": 1}, {"record": "both"}):
            answer = await site.client.put(url, json=bad, headers=admin)
            assert answer.status_code == 422
        off = await site.client.put(url, json={"mode": None}, headers=admin)
        assert (off.json()["mode"], off.json()["chosen"]) == ("off", False)
        await until(lambda: site.node.recorders.all() == [])
    assert len((await site.client.get(LIST)).json()["recordings"]) == 1


async def test_a_choice_stays_for_the_name(make_site: MakeSite) -> None:
    site = make_site(admin_token=ADMIN_TOKEN, publish_token=PUBLISH_TOKEN, runs=True)
    url, headers = "/api/v1/streams/cam1/recording", bearer(PUBLISH_TOKEN)
    assert (await site.client.put(url[:15] + "-/recording", json={}, headers=headers)).is_error
    kept = {"mode": "source", "chosen": True, "parts": []}
    before = await site.client.put(url, json={"mode": "source"}, headers=headers)
    assert (before.status_code, before.json()) == (200, kept)

    async def publish(sdp: str) -> str:
        return (await site.post_offer("/whip/cam1", sdp, token=PUBLISH_TOKEN)).text

    for _ in range(2):  # the second broadcast too
        async with publishing(publish, UNITS):
            await until_live(site)
            view = (await site.client.get("/api/v1/streams/cam1")).json()["recording"]
            assert (view["mode"], view["chosen"]) == ("source", True)
            await until(lambda: len(site.node.recorders.all()) == 1)
        (session,) = site.node.publishers.ingest_sessions()
        session.end("over")
        await until(lambda: site.node.publishers.ingest_sessions() == [])
        await until(lambda: site.node.recorders.all() == [])
        assert (await site.client.get(url, headers=headers)).json() == kept
    gone = await site.client.put(url, json={"mode": None}, headers=headers)
    assert gone.json() == {"mode": "off", "chosen": False, "parts": []}


async def test_strangers_choose_no_recording_whatever_publishing_needs(make_site: MakeSite) -> None:
    url, body = "/api/v1/streams/cam1/recording", {"mode": "source"}
    open_site = make_site(admin_token=ADMIN_TOKEN)
    # Whoever publishes without a token cannot be told from a stranger.
    assert (await open_site.client.put(url, json=body)).status_code == 401
    site = make_site(admin_token=ADMIN_TOKEN, publish_token=PUBLISH_TOKEN)
    made = {name: await site.access.store.add(KeyRequest(name)) for name in ("cam1", "cam2")}
    view = await site.client.post(
        "/api/v1/streams/cam1/view-tokens", json={}, headers=bearer(ADMIN_TOKEN)
    )
    for token, status in (
        (made["cam1"].secret, 200),
        (made["cam2"].secret, 403),
        (view.json()["token"], 403),
        ("wrong", 401),
    ):
        answer = await site.client.put(url, json=body, headers=bearer(token))
        assert answer.status_code == status


async def test_recordings_of_a_stream_that_needs_a_token_need_it_too(make_site: MakeSite) -> None:
    site = make_site(admin_token=ADMIN_TOKEN, publish_token=PUBLISH_TOKEN)
    name = material.stored(folder(site), material.STARTED_US)
    material.stored(folder(site), material.STARTED_US, stream="cam2")
    admin, view = bearer(ADMIN_TOKEN), {"view": "token"}
    changed = await site.client.put("/api/v1/streams/cam1/view", json=view, headers=admin)
    assert changed.status_code == 204
    file = f"/recordings/cam1/{name}"
    for path in (f"{LIST}/cam1", file, f"{file}?token=wrong", f"/recordings/cam1/9{name[1:]}"):
        assert (await site.client.get(path)).status_code == 401, path
    listed = (await site.client.get(LIST)).json()["recordings"]
    assert [each["stream"] for each in listed] == ["cam2"]
    made = await site.client.post("/api/v1/streams/cam1/view-tokens", json={}, headers=admin)
    token = made.json()["token"]
    for path in (f"{LIST}/cam1?token={token}", f"{file}?token={token}"):
        assert (await site.client.get(path)).status_code == 200
    assert (await site.client.get(file, headers=admin)).status_code == 200


async def test_the_page_of_recordings_is_served(site: Site) -> None:
    answer = await site.client.get("/recordings")
    assert answer.status_code == 200
    assert "<title>" in answer.text
