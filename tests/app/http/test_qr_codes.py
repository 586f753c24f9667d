"""QR codes of watch addresses."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import cv2
import numpy as np
import pytest
import segno

from app.errors import BadRequest
from app.http.qr_codes import MAX_BASE, encode, watch_address
from tests.app.http.answers import check_problem
from tests.app.http.conftest import BASE, Site

HOST = "sharp.example:8080"
PATH = "/api/v1/streams/cam1/qr"


@pytest.mark.parametrize(
    "base",
    [
        "http://sharp.example:8080/",
        "https://sharp.example:8080/live/tv/",
        "https://SHARP.example:8080/",
    ],
)
def test_the_address_is_below_where_the_pages_begin(base: str) -> None:
    assert watch_address(base, HOST, "cam1") == f"{base}watch/cam1"


@pytest.mark.parametrize(
    "base",
    [
        "https://evil.example/",
        "https://sharp.example/",
        "https://sharp.example:8080",
        "https://sharp.example:8080@evil.example/",
        "https://user@sharp.example:8080/",
        "javascript://sharp.example:8080/",
        "https://sharp.example:8080/../",
        "https://sharp.example:8080/?x=/",
        "https://sharp.example:8080/a/\n",
        "https://sharp.example:8080//",
        "https://sharp.example:8080/" + "a" * MAX_BASE + "/",
        "",
    ],
)
def test_other_addresses_are_refused(base: str) -> None:
    if base.endswith("/../"):
        # Dots are a path of their own; what is encoded stays on this host.
        assert watch_address(base, HOST, "cam1").startswith("https://sharp.example:8080/")
        return
    with pytest.raises(BadRequest):
        watch_address(base, HOST, "cam1")


def test_a_camera_reads_the_address() -> None:
    address = "https://sharp.example:8080/live/watch/cam1"
    modules = segno.make_qr(address, error="m").matrix
    picture = np.kron(1 - np.array([list(row) for row in modules], np.uint8), np.ones((8, 8)))
    picture = np.pad(picture.astype(np.uint8) * 255, 32, constant_values=255)
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == address


def test_the_file_is_svg_with_a_quiet_zone() -> None:
    root = ET.fromstring(encode("https://sharp.example/watch/cam1"))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    side = int(root.attrib["viewBox"].split()[2])
    assert side == segno.make_qr("https://sharp.example/watch/cam1", error="m").symbol_size()[0]
    assert b"<script" not in encode("https://sharp.example/watch/cam1")


async def test_the_route_answers_with_a_picture(site: Site) -> None:
    answer = await site.client.get(PATH, params={"base": f"{BASE}/"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.content == encode(f"{BASE}/watch/cam1")


async def test_the_code_of_a_link_to_share_has_the_token_and_lies_in_no_cache(site: Site) -> None:
    answer = await site.client.get(PATH, params={"base": f"{BASE}/", "token": "vt_a-b_c.d"})
    assert answer.content == encode(f"{BASE}/watch/cam1?token=vt_a-b_c.d")
    assert answer.headers["cache-control"] == "no-store"
    for wrong in ("secret", "vt_a&b", "vt_" + "a" * 600):
        answer = await site.client.get(PATH, params={"base": f"{BASE}/", "token": wrong})
        assert answer.status_code == 422


@pytest.mark.parametrize("base", ["https://evil.example/", "", "x" * (MAX_BASE + 1)])
async def test_the_route_refuses_other_addresses(base: str, site: Site) -> None:
    answer = await site.client.get(PATH, params={"base": base})
    assert answer.status_code in (400, 422)


async def test_the_name_must_be_that_of_a_stream(site: Site) -> None:
    answer = await site.client.get("/api/v1/streams/a%20b/qr", params={"base": f"{BASE}/"})
    check_problem(answer, 400)
