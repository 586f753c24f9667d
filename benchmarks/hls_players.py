"""Many players of low-latency HLS without a picture: they ask for playlists and parts as hls.js."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import re
import time

import httpx

_PART = re.compile(r'#EXT-X-PART:DURATION=([\d.]+),URI="((\d+)\.(\d+)\.m4s[^"]*)"')
_DATE = re.compile(r"#EXT-X-PROGRAM-DATE-TIME:(\S+)")


@dataclasses.dataclass(slots=True)
class Figures:
    """Figures of all players together."""

    requests: int = 0
    failed: int = 0
    bytes: int = 0
    delays_ms: list[float] = dataclasses.field(default_factory=list)
    "Times from the capture of a part's last picture to its arrival."


def play(address: str, *, count: int, seconds: float) -> Figures:
    """Plays a rendition with ``count`` players for so long."""
    return asyncio.run(_play_all(address, count, seconds))


async def _play_all(address: str, count: int, seconds: float) -> Figures:
    figures = Figures()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(timeout=20.0, limits=limits, trust_env=False) as client:
        end = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                viewer = f"{address}?viewer=bench{number}"
                group.create_task(_play(client, viewer, end, figures))
    return figures


async def _play(client: httpx.AsyncClient, address: str, end: float, figures: Figures) -> None:
    base = address.rpartition("/")[0]
    text = await _get(client, address, figures)
    while time.monotonic() < end:
        newest = newest_part(text.decode())
        if newest is None:
            await asyncio.sleep(0.5)
            text = await _get(client, address, figures)
            continue
        # The part that follows is fetched while the playlist with it is waited for.
        asked = f"{address}&_HLS_msn={newest.number}&_HLS_part={newest.place + 1}&_HLS_skip=YES"
        text = await _get(client, asked, figures)
        part = newest_part(text.decode())
        if part is not None and part != newest:
            await _get(client, f"{base}/{part.uri}", figures)
            figures.delays_ms.append(1000 * (time.time() - part.end_s))


async def _get(client: httpx.AsyncClient, address: str, figures: Figures) -> bytes:
    figures.requests += 1
    try:
        answer = await client.get(address)
    except httpx.HTTPError:
        figures.failed += 1
        return b""
    figures.failed += answer.status_code != 200
    figures.bytes += len(answer.content)
    return answer.content


@dataclasses.dataclass(frozen=True, slots=True)
class NewestPart:
    """The last part of a playlist."""

    number: int
    place: int
    uri: str
    end_s: float
    "Capture time of its end, Unix s."


def newest_part(text: str) -> NewestPart | None:
    """Returns the last part that a playlist names, None without one."""
    at = 0.0
    found: NewestPart | None = None
    for line in text.splitlines():
        date, part = _DATE.match(line), _PART.match(line)
        if date is not None:
            at = datetime.datetime.fromisoformat(date[1].replace("Z", "+00:00")).timestamp()
        elif part is not None:
            at += float(part[1])
            found = NewestPart(int(part[3]), int(part[4]), part[2], at)
    return found
