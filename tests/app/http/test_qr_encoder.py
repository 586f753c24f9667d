"""The encoder of QR codes: what it makes, and what it keeps."""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET

import cv2
import numpy as np
import pytest
import segno

from app.bounded_threads import Busy
from app.http.qr_encoder import QrEncoder, encode

ADDRESS = "https://sharp.example/watch/cam{}"


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


async def test_a_code_is_made_once() -> None:
    encoder = QrEncoder(most_waiting=1)
    many = await asyncio.gather(*(encoder.svg(ADDRESS) for _ in range(50)))
    assert many[0] == encode(ADDRESS)
    assert all(each is many[0] for each in many)
    assert await encoder.svg(ADDRESS) is many[0]
    assert encoder.refused == {"qr_codes": 0}


async def test_more_than_may_wait_are_refused_and_counted() -> None:
    encoder = QrEncoder(most_waiting=2)
    asked = (encoder.svg(ADDRESS.format(number)) for number in range(5))
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(each, Busy) for each in found] == [False, False, True, True, True]
    assert encoder.refused == {"qr_codes": 3}
    assert await encoder.svg(ADDRESS.format(4)) == encode(ADDRESS.format(4))


async def test_the_codes_asked_for_last_are_kept() -> None:
    encoder = QrEncoder(most_kept=2)
    first, second = [await encoder.svg(ADDRESS.format(number)) for number in (1, 2)]
    assert await encoder.svg(ADDRESS.format(1)) is first
    await encoder.svg(ADDRESS.format(3))
    assert await encoder.svg(ADDRESS.format(1)) is first
    again = await encoder.svg(ADDRESS.format(2))
    assert again == second
    assert again is not second


async def test_a_code_that_cannot_be_made_is_an_error_each_time() -> None:
    encoder = QrEncoder()
    for _ in range(2):
        with pytest.raises(segno.DataOverflowError):
            await encoder.svg("a" * 5_000)
