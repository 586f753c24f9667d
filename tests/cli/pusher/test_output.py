"""One connection to a target, with a real listener behind it."""

from __future__ import annotations

import asyncio
import asyncio.subprocess
import dataclasses
import json
import sys
import time
from collections.abc import Iterator

import pytest

from benchmarks.server import free_port
from cli.errors import NotPushed
from cli.pusher.output import Output
from cli.pusher.target import parse_target
from media.access_unit import AccessUnit, Flags
from media.codec import Codec
from tests.app import coding
from tests.app.fakes import audio, video

START_US = 1_000_000_000


def units(count: int = 60) -> Iterator[AccessUnit]:
    """Pictures and sound of two seconds, in the order of their times."""
    pictures = coding.h264(320, 180, count)
    for number, payload in enumerate(pictures):
        yield dataclasses.replace(
            video(number, key=number == 0),
            payload=payload,
            capture_us=START_US + round(number * 1e6 / 30),
        )
        if number % 3 != 2:
            at = START_US + round(number * 1e6 / 30) + 1000
            yield dataclasses.replace(audio(number), payload=coding.OPUS_SILENCE, capture_us=at)


async def listening(port: int) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "tests.cli.pusher.listener", str(port), "20"]
    return await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)


def opened(port: int, key_frame: AccessUnit) -> Output:
    """Connects as soon as somebody listens."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return Output(
                parse_target(f"rtmp://127.0.0.1:{port}/live/key"), key_frame, has_audio=True
            )
        except NotPushed:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@pytest.mark.e2e
async def test_rtmp_gets_the_pictures_as_they_are_and_the_sound_as_aac() -> None:
    port = free_port()
    listener = await listening(port)
    first, *others = units()
    output = await asyncio.to_thread(opened, port, first)
    for unit in (first, *others):
        output.write(unit)
    output.close()
    told, _ = await listener.communicate()
    found = json.loads(told)
    assert found["packets"]["h264"] >= 55
    assert found["packets"]["aac"] >= 20
    assert found["decoded"] >= 50
    assert found["size"] == [320, 180]
    assert output.units == len(others) + 1


def test_what_is_no_h264_is_refused_with_what_to_do() -> None:
    frame = dataclasses.replace(video(0, key=True), codec=Codec.VP8, flags=Flags.KEY)
    with pytest.raises(NotPushed, match=r"^The rendition is VP8, and only H\.264 can be pushed"):
        Output(parse_target("rtmp://127.0.0.1:1/a/b"), frame, has_audio=False)


def test_a_target_that_is_not_there_is_said_without_its_key() -> None:
    first = next(units(1))
    target = parse_target(f"rtmp://127.0.0.1:{free_port()}/live/secret")
    with pytest.raises(NotPushed, match=r"/live/\.\.\. cannot be reached \(.+\)\.$") as caught:
        Output(target, first, has_audio=False)
    assert "secret" not in str(caught.value)
