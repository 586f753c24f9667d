"""Plain HTTP requests: no redirect is followed and no header added that the caller did not name."""

from __future__ import annotations

import asyncio
import dataclasses
import http.client
import socket
import ssl
import time
from urllib.parse import urljoin, urlsplit

MAX_BODY_BYTES = 1 << 20
"""Bytes read of an answer; SDP has some thousand."""

TIMEOUT_S = 15.0
"""Time limit of one answer in seconds; a server may gather candidates for some."""


@dataclasses.dataclass(frozen=True, slots=True)
class HttpReply:
    """An HTTP answer."""

    url: str
    method: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    has_whole_body: bool = True
    "False for a stream of which a part was read."

    def header(self, name: str) -> str:
        """Returns the first header of the name, "" if there is none."""
        found = self.all(name)
        return found[0] if found else ""

    def all(self, name: str) -> list[str]:
        """Returns all headers of the name."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def media_type(self) -> str:
        """The type of the body without parameters, in lower case."""
        return self.header("content-type").split(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced."""
        return self.body.decode(errors="replace")

    @property
    def location(self) -> str:
        """The absolute address in Location, "" if there is none."""
        found = self.header("location")
        return urljoin(self.url, found) if found else ""

    def __str__(self) -> str:
        detail = f", {len(self.body)} bytes of {self.media_type}" if self.body else ""
        return f"{self.status}{detail}"


class NoAnswer(Exception):
    """Raised where the server cannot be reached, or says what is not HTTP."""


async def exchange(
    method: str,
    url: str,
    *,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    read_s: float | None = None,
) -> HttpReply:
    """Makes one request. Raises NoAnswer.

    With ``read_s`` the body is a stream, of which this many seconds are read.
    """
    return await asyncio.to_thread(_exchange, method, url, headers or {}, body, read_s)


def _exchange(
    method: str, url: str, headers: dict[str, str], body: bytes | None, read_s: float | None
) -> HttpReply:
    connection = _connection(url)
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, target, body=body, headers=headers)
        # The connection forgets its socket where the server closes it behind the answer.
        line = connection.sock
        answer = connection.getresponse()
        if read_s is None or answer.status >= 300:
            content = answer.read(MAX_BODY_BYTES)
        else:
            content = _read_for(line, answer, read_s)
        return HttpReply(
            url,
            method,
            answer.status,
            tuple(answer.getheaders()),
            content,
            has_whole_body=read_s is None,
        )
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(f"{method} {url}: {error or type(error).__name__}") from error
    finally:
        connection.close()


def _connection(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NoAnswer(f"{url} is not an http or https address")
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=TIMEOUT_S)
    # Test servers have certificates of their own; that one is trusted is no rule of the suite.
    context = ssl._create_unverified_context()
    return http.client.HTTPSConnection(
        parts.hostname, parts.port or 443, timeout=TIMEOUT_S, context=context
    )


def _read_for(line: socket.socket, answer: http.client.HTTPResponse, seconds: float) -> bytes:
    """Returns what comes of a body within the time."""
    content, end = b"", time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and len(content) < MAX_BODY_BYTES:
        line.settimeout(left)
        try:
            part = answer.read1(4096)
        except TimeoutError:
            break
        if not part:
            break
        content += part
    return content
