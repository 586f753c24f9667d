"""Webhooks to real receivers: signed, repeated, and none holds another."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from app.webhooks import delivery_queue, webhooks
from app.webhooks.signature import signed_headers
from app.webhooks.webhooks import WebhookOptions, Webhooks
from tests.app.peers import until

SECRET = "a long random word"


class Receiver:
    """An HTTP server that notes what it is told, and answers as it is set."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[bytes] = []
        self.drips = 0
        "Interim answers (1xx) that come before the next one, a tenth of a second apart."
        self.server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/hook?key=hidden"

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lost = (ConnectionError, asyncio.IncompleteReadError)
        with contextlib.closing(writer), contextlib.suppress(*lost):
            while True:
                await self._answer(reader, writer)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        lines = (line.partition(": ") for line in head[1:] if line)
        headers = {name.lower(): value for name, _, value in lines}
        self.got.append((headers, await reader.readexactly(int(headers["content-length"]))))
        drips, self.drips = self.drips, 0
        for _ in range(drips):
            writer.write(b"HTTP/1.1 102 Processing\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.1)
        answer = self.answers.pop(0) if self.answers else b"204 No Content"
        writer.write(b"HTTP/1.1 " + answer + b"\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    made.server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    yield made
    made.server.close()


@pytest.fixture
async def hooks(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Webhooks]]:
    monkeypatch.setattr(delivery_queue, "FIRST_PAUSE_S", 0.02)
    tasks: list[asyncio.Task[None]] = []

    def make(*addresses: str) -> Webhooks:
        made = Webhooks(WebhookOptions(addresses, SECRET), node="one")
        tasks.append(asyncio.get_running_loop().create_task(made.run(), name="hooks"))
        return made

    yield make
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


Make = Callable[..., Webhooks]


async def test_an_event_is_told_and_signed(hooks: Make, receiver: Receiver) -> None:
    made = hooks(receiver.url)
    made.tell("stream.started", stream="cam")
    await until(lambda: made.sent["1"] == 1)
    (event,) = receiver.events
    assert (event["type"], event["data"]) == ("stream.started", {"stream": "cam", "node": "one"})
    headers, body = receiver.got[0]
    expected = signed_headers(
        SECRET.encode(),
        event_id=headers["webhook-id"],
        at_s=int(headers["webhook-timestamp"]),
        body=body,
    )
    assert headers["webhook-signature"] == expected["webhook-signature"]
    assert headers["content-type"] == "application/json"


async def test_what_failed_is_told_again_under_one_id(hooks: Make, receiver: Receiver) -> None:
    receiver.answers = [b"503 Busy", b"500 Fault", b"429 Slow"]
    made = hooks(receiver.url)
    made.tell("stream.started", stream="a")
    made.tell("stream.ended", stream="a")
    await until(lambda: made.sent["1"] == 2)
    assert [event["type"] for event in receiver.events] == ["stream.started"] * 4 + ["stream.ended"]
    assert len({headers["webhook-id"] for headers, _ in receiver.got[:4]}) == 1
    assert made.attempts_failed["1"] == 3


async def test_what_is_refused_for_good_is_told_once(hooks: Make, receiver: Receiver) -> None:
    receiver.answers = [b"410 Gone"]
    made = hooks(receiver.url)
    made.tell("stream.started", stream="a")
    made.tell("stream.ended", stream="a")
    await until(lambda: made.sent["1"] == 1)
    assert len(receiver.got) == 2
    assert made.dropped == {("1", "refused"): 1}


async def test_redirects_are_not_followed(hooks: Make, receiver: Receiver) -> None:
    receiver.answers = [b"302 Found\r\nLocation: " + receiver.url.encode()] * 2
    made = hooks(receiver.url)
    made.tell("stream.started", stream="a")
    await until(lambda: made.sent["1"] == 1)
    assert made.attempts_failed["1"] == 2
    assert len(receiver.got) == 3


async def test_a_receiver_that_does_not_answer_holds_no_other(
    hooks: Make, receiver: Receiver
) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read(-1)
        writer.close()

    deaf = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = deaf.sockets[0].getsockname()[1]
    made = hooks(f"http://127.0.0.1:{port}/", receiver.url)
    for number in range(20):
        made.tell("stream.started", stream=f"s{number}")
    await until(lambda: made.sent["2"] == 20)
    assert made.sent["1"] == 0
    deaf.close()


async def test_an_answer_that_comes_in_drips_is_too_late(
    hooks: Make, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part comes in time, the whole answer does not; the next one comes at once."""
    monkeypatch.setattr(webhooks, "TIMEOUT_S", 0.5)
    receiver.drips = 20
    made = hooks(receiver.url)
    made.tell("stream.started", stream="a")
    await until(lambda: made.sent["1"] == 1)
    assert made.attempts_failed["1"] == len(receiver.got) - 1 == 1


async def test_a_receiver_that_is_away_is_written_down_without_its_address(
    hooks: Make, caplog: pytest.LogCaptureFixture
) -> None:
    made = hooks("http://127.0.0.1:9/hook?key=hidden")
    made.tell("stream.started", stream="a")
    await until(lambda: made.attempts_failed["1"] > 0)
    assert "webhook 1 (127.0.0.1) failed" in caplog.text
    assert "hidden" not in caplog.text


async def test_without_receivers_nothing_is_kept(hooks: Make) -> None:
    made = hooks()
    for number in range(10):
        made.tell("stream.started", stream=str(number))
    await asyncio.sleep(0)
    assert (made.sent, made.dropped) == ({}, {})


async def test_what_waits_at_the_end_is_sent_within_its_time(receiver: Receiver) -> None:
    """Nothing runs any more; a receiver that does not answer costs the time and no more."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read(-1)
        writer.close()

    deaf = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = deaf.sockets[0].getsockname()[1]
    made = Webhooks(WebhookOptions((f"http://127.0.0.1:{port}/", receiver.url), SECRET), node="one")
    made.tell("stream.ended", stream="a")
    made.tell("stream.ended", stream="b")
    async with asyncio.timeout(30):
        await made.finish(2.0)
    assert [event["data"]["stream"] for event in receiver.events] == ["a", "b"]
    assert made.sent == {"2": 2}
    deaf.close()


async def test_a_receiver_that_fails_at_the_end_is_not_asked_again(receiver: Receiver) -> None:
    receiver.answers = [b"503 Busy"]
    made = Webhooks(WebhookOptions((receiver.url,), SECRET), node="one")
    await made.finish(2.0)  # nothing waits
    made.tell("stream.ended", stream="a")
    await made.finish(2.0)
    assert len(receiver.got) == 1
    assert (made.sent, made.attempts_failed) == ({}, {"1": 1})


async def test_the_verification_of_the_page_works(hooks: Make, receiver: Receiver) -> None:
    made = hooks(receiver.url)
    made.tell("recording.ready", stream="cam", file="x.mp4")
    await until(lambda: made.sent["1"] == 1)
    page = (Path(__file__).parents[3] / "docs/webhooks.md").read_text()
    code = page.partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(code, names)
    headers, body = receiver.got[0]
    assert names["is_ours"](headers, body, SECRET)
    assert not names["is_ours"](headers, body + b" ", SECRET)
    assert not names["is_ours"]({**headers, "webhook-timestamp": "1"}, body, SECRET)
    assert len([line for line in code.splitlines() if line and "import" not in line]) <= 6
