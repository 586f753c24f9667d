"""The app processes of one server among themselves: whichever is asked also tells the others' part.

They share the port of the web server, and the kernel gives each connection to any of them. What is
about a session goes through Redis to the node that owns it, as between machines; what is about the
processes themselves goes through local sockets, so that it can be had while Redis is away.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Mapping

log = logging.getLogger(__name__)

ANSWER_S = 2.0
"""Seconds that a sibling has to answer: Prometheus waits for ten, and a process that lacks a core
answers late; one that hangs must not hold up the others' figures."""

MAX_QUESTION = 64
"""Maximum length of a question in bytes; ours are single words."""

MAX_ANSWER = 8 * 1024 * 1024
"""Maximum size of an answer in bytes: the figures of 10,000 streams."""

Answers = Mapping[str, Callable[[], Awaitable[bytes]]]
"""The answers of a process by the questions of its siblings."""


@dataclasses.dataclass(frozen=True, slots=True)
class AppProcess:
    """The place of one app process among those that share a port."""

    number: int = 0
    "Counted from 0."
    count: int = 1
    listener: int = -1
    "Descriptor of its listening socket; -1: it binds its own."
    run: str = ""
    "Random name of this run of the server, the same for all of its processes."


ALONE = AppProcess()
"""The place of a process that has its port alone."""


class Siblings:
    """Asks the other processes of this server, and answers them. ``run`` is its one task."""

    def __init__(self, process: AppProcess) -> None:
        self._process = process

    @property
    def are_there(self) -> bool:
        """False for a process that has its port alone."""
        return self._process.count > 1

    @property
    def number(self) -> int:
        """The number of this process."""
        return self._process.number

    async def run(self, answers: Answers) -> None:
        """Answers siblings until cancelled; without any it only waits."""
        if not self.are_there:
            await asyncio.Event().wait()
        server = await asyncio.start_unix_server(
            lambda reader, writer: _answer(answers, reader, writer),
            self._address(self._process.number),
            limit=MAX_QUESTION,
        )
        async with server:
            await server.serve_forever()

    async def ask(self, question: str) -> dict[int, bytes]:
        """Returns the answers of all others by number, without those that do not answer in time."""
        others = [each for each in range(self._process.count) if each != self._process.number]
        found = await asyncio.gather(*(self._ask(each, question) for each in others))
        return {
            number: answer
            for number, answer in zip(others, found, strict=True)
            if answer is not None
        }

    async def _ask(self, number: int, question: str) -> bytes | None:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await _exchange(self._address(number), question)
        # A process that was killed is begun anew within a second, and answers then.
        except OSError:
            log.debug("process %d does not answer", number, extra={"action": "sibling_away"})
            return None

    def _address(self, number: int) -> str:
        # An abstract address (the first byte is 0) ends with its process and leaves no file; its
        # random part keeps servers of one machine apart. Linux alone has them, as it alone spreads
        # connections over sockets that share a port.
        return f"\0sharpcast-{self._process.run}-{number}"


async def _exchange(address: str, question: str) -> bytes:
    """Returns the whole answer. Raises OSError, of which TimeoutError is one."""
    reader, writer = await asyncio.open_unix_connection(address)
    try:
        writer.write(question.encode() + b"\n")
        answer = bytearray()
        while part := await reader.read(65536):
            answer += part
            if len(answer) > MAX_ANSWER:
                raise OSError("the answer is too long")
        return bytes(answer)
    finally:
        writer.transport.abort()


async def _answer(
    answers: Answers, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    with contextlib.closing(writer), contextlib.suppress(OSError, ValueError):
        async with asyncio.timeout(ANSWER_S):
            # Any program of this machine may connect, so what comes is bounded in size and time.
            question = (await reader.readline()).decode("ascii", "replace").strip()
            if question in answers:
                writer.write(await answers[question]())
                await writer.drain()
