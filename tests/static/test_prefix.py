"""The pages below a path of another host: a real nginx in front of a real server, in Chromium."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Page, Request, expect

from benchmarks.server import free_port
from tests.app.http.conftest import ADMIN_TOKEN, PUBLISH_TOKEN
from tests.app.http.test_flood import server
from wire.embedded import EmbeddedServer

pytestmark = pytest.mark.asyncio(loop_scope="package")

CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors warn;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port};
    location /live/ {{
      proxy_pass {target};
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      {more}
    }}
  }}
}}
"""
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")


@asynccontextmanager
async def behind_nginx(redis: EmbeddedServer, folder: Path, *, keeps: bool) -> AsyncIterator[str]:
    """A server below /live/; the proxy keeps the prefix and Host, or takes both away."""
    if NGINX is None:
        pytest.skip("nginx is missing: apt-get install nginx-light")
    port = free_port()
    public = f"http://127.0.0.1:{port}/live"
    async with server(redis, public_url=public, trusted_proxies="127.0.0.1") as inner:
        config = folder / "nginx.conf"
        more = "proxy_set_header Host $http_host;" if keeps else ""
        target = inner if keeps else f"{inner}/"
        config.write_text(CONFIG.format(folder=folder, port=port, target=target, more=more))
        process = await asyncio.create_subprocess_exec(NGINX, "-c", str(config), "-p", str(folder))
        try:
            async with httpx.AsyncClient() as client, asyncio.timeout(20):
                while True:
                    try:
                        if (await client.get(f"{public}/healthz")).status_code == 200:
                            break
                    except httpx.TransportError:
                        pass
                    await asyncio.sleep(0.05)
            yield public
        finally:
            process.terminate()
            await process.wait()


@pytest_asyncio.fixture(params=[True, False], scope="module", loop_scope="package")
async def public(
    request: pytest.FixtureRequest,
    redis_server: EmbeddedServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[str]:
    """Address of a server behind a proxy that keeps the prefix and Host, then of another one."""
    folder = tmp_path_factory.mktemp("nginx")
    async with behind_nginx(redis_server, folder, keeps=request.param) as address:
        yield address


@pytest.mark.slow
@pytest.mark.browser
async def test_all_pages_work_below_a_path(public: str, page: Page) -> None:
    seen: list[Request] = []
    page.on("request", lambda request: seen.append(request))
    for path in ("/", "/admin", "/docs", "/broadcast/", "/watch/kite/"):
        answer = await page.goto(public + path)
        assert answer is not None and answer.status == 200
        await expect(page.locator("h1")).to_be_visible()
    await page.goto(f"{public}/broadcast")
    await page.get_by_label("Stream name").fill("kite")
    await page.get_by_label("Publish token").fill(PUBLISH_TOKEN)
    await page.get_by_role("button", name="Go live").click()
    link = page.locator("#watch-link")
    await expect(link).to_have_attribute("href", f"{public}/watch/kite", timeout=15000)
    await expect(page.locator("#state")).to_have_attribute("data-state", "live", timeout=15000)
    watch = await page.context.new_page()
    watch.on("request", lambda request: seen.append(request))
    await watch.goto(f"{public}/watch/kite")
    video = watch.locator("#enhanced")
    await expect(video).not_to_have_js_property("videoWidth", 0, timeout=15000)
    await watch.close()
    async with page.expect_response(lambda r: r.request.method == "DELETE") as ended:
        await page.locator("#go").click()
    assert (await ended.value).status == 200
    outside = [request.url for request in seen if not request.url.startswith((public, "blob:"))]
    assert outside == []
    assert ADMIN_TOKEN not in "".join(request.url for request in seen)


@pytest.mark.slow
async def test_players_and_encoders_work_below_a_path(public: str) -> None:
    async with httpx.AsyncClient() as client:
        abroad = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
        for path in ("/whep/none", "/whep/none/", "/whip/a/b/"):
            answer = await client.options(public + path, headers=abroad)
            assert answer.status_code == 200
            assert answer.headers["access-control-allow-origin"] == "*"
        answer = await client.post(
            f"{public}/whep/none/",
            headers={"Origin": "https://a.example", "Content-Type": "application/sdp"},
            content="v=0",
        )
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (400, "*")
        # The stream of the test before is ended; its record is gone a moment later.
        for _ in range(100):
            listed = (await client.get(f"{public}/api/v1/streams/")).json()
            if listed == {"streams": [], "total": 0}:
                break
            await asyncio.sleep(0.05)
        assert listed == {"streams": [], "total": 0}
