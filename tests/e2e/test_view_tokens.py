"""Pages of a stream that is watched with a token, in a real Chromium against the real server."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import browser
from benchmarks.server import RunningServer, publishing, running
from tests.e2e.conftest import SETTINGS, SMALL

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.usefixtures("needs_browser")]

PLAYING = "document.querySelector('#stage').dataset.playing === 'true'"
ASKS = "!document.querySelector('#card-token').hidden"


def ask(server: RunningServer, method: str, path: str, body: object) -> Any:
    """The JSON of an operator's request, None without one."""
    headers = {"Authorization": "Bearer admin-word-1", "Content-Type": "application/json"}
    query = urllib.request.Request(
        server.url + path, json.dumps(body).encode(), headers, method=method
    )
    with urllib.request.urlopen(query, timeout=5) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def made_token(server: RunningServer) -> str:
    made = ask(server, "POST", "/api/v1/streams/garden/view-tokens", {"life_s": 600})
    return str(made["token"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("recordings")
    words: dict[str, Any] = {"publish_token": "publish-word", "admin_token": "admin-word-1"}
    with running(**SETTINGS, **words, record="source", record_dir=str(folder)) as started:
        ask(started, "PUT", "/api/v1/streams/garden/view", {"view": "token"})
        arguments = (*SMALL, "--token", "publish-word")
        with publishing(f"{started.url}/whip/garden", *arguments):
            yield started


def test_a_link_with_a_token_plays_and_survives_a_reload(server: RunningServer) -> None:
    with browser.chromium() as context:
        page = context.new_page()
        page.goto(f"{server.url}/watch/garden?view=enhanced&token={made_token(server)}")
        browser.until(page, PLAYING, 40.0)
        assert page.url.endswith("/watch/garden?view=enhanced")
        browser.until(page, "document.querySelector('#viewers').textContent === '1 viewer'")
        browser.until(page, "window.sharpcast.player.picture !== null")
        page.reload()
        browser.until(page, PLAYING, 40.0)


def test_without_one_the_page_asks_and_goes_on(server: RunningServer) -> None:
    with browser.chromium() as context:
        page = context.new_page()
        page.goto(f"{server.url}/watch/garden?token=vt_wrong.one")
        browser.until(page, ASKS, 40.0)
        assert "does not know the token" in page.locator("#card-text").inner_text()
        page.locator("#card-token-value").fill(made_token(server))
        page.keyboard.press("Enter")
        browser.until(page, PLAYING, 40.0)


def test_the_player_for_frames_takes_it_from_its_address(server: RunningServer) -> None:
    player = "document.querySelector('sharpcast-player')"
    with browser.chromium() as context:
        page = context.new_page()
        page.goto(f"{server.url}/embed/garden?view=enhanced&token={made_token(server)}")
        browser.until(page, f"{player}?.state === 'playing'", 40.0)
        other = context.new_page()
        other.goto(f"{server.url}/embed/garden")
        browser.until(other, f"!{player}.shadowRoot.querySelector('#card-token')?.hidden", 40.0)


def test_list_and_grid_show_it_and_the_watch_page_behind_them_plays(
    server: RunningServer,
) -> None:
    with browser.chromium() as context:
        page = context.new_page()
        page.goto(f"{server.url}/grid?token={made_token(server)}")
        browser.until(page, "document.querySelector('.tile video')?.videoWidth > 0", 40.0)
        assert page.url.endswith("/grid")
        page.goto(server.url)
        page.get_by_role("link", name="garden").click()
        browser.until(page, PLAYING, 40.0)


def test_recordings_are_listed_and_played_with_it(server: RunningServer) -> None:
    server.until("a recording", lambda: _recordings(server), 40.0)
    with browser.chromium() as context:
        page = context.new_page()
        page.goto(f"{server.url}/recordings?stream=garden")
        browser.until(page, "!document.querySelector('#token-form').hidden")
        page.get_by_label("View token").fill(made_token(server))
        page.keyboard.press("Enter")
        page.locator(".recording .open").first.click()
        browser.until(page, "document.querySelector('#main-video').videoWidth > 0", 40.0)


def _recordings(server: RunningServer) -> list[Any]:
    path = f"/api/v1/recordings/garden?token={made_token(server)}"
    found: list[Any] = server.get(path)["recordings"]
    return [one for one in found if one["bytes"] > 50_000]


def test_a_broadcaster_with_a_key_records_and_makes_a_link(
    server: RunningServer, camera: Path
) -> None:
    made = ask(server, "POST", "/api/v1/keys", {"streams": "attic", "view": "token"})
    token = f"document.querySelector('#token').value = '{made['secret']}'"
    with browser.chromium(camera) as context:
        page = context.new_page()
        page.goto(f"{server.url}/broadcast?stream=attic&source=camera&width=320&height=180")
        browser.until(page, "!document.querySelector('#token-field').hidden")
        page.evaluate(token)
        page.locator("#go").click()
        browser.until(page, "!document.querySelector('#live-panel').hidden", 40.0)
        words = page.locator(".recording-control > p").first
        browser.until(page, _says("is being recorded: As sent"), 40.0)
        page.get_by_role("button", name="Stop recording").click()
        browser.until(page, _says("not being recorded"))
        assert words.inner_text() == "This broadcast is not being recorded."
        page.locator(".view-link summary").click()
        page.get_by_role("button", name="Make a link").click()
        link = page.locator(".view-link a")
        link.wait_for()
        browser.until(page, "document.querySelector('.view-link img').naturalWidth > 0")
        viewer = context.new_page()
        viewer.goto(str(link.get_attribute("href")))
        browser.until(viewer, PLAYING, 40.0)


def _says(words: str) -> str:
    shown = "document.querySelector('.recording-control > p').textContent"
    return f"{shown}.includes('{words}')"
