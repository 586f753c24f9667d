"""An issuer of JWTs, with keys of its own, and a small HTTP server that answers as it is set."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from app.external_access.key_set import KeySet, parse_key_set
from wire.access_settings import JwtIssuer

ISSUER = JwtIssuer("https://id.example", "sharpcast", "unused")
RIGHTS = {"publish": ["cam*"], "view": ["*"], "own": ["cam1"]}

_LIBRARY = {"RS": "RSAAlgorithm", "PS": "RSAAlgorithm", "ES": "ECAlgorithm", "Ed": "OKPAlgorithm"}


def private_key(algorithm: str, number: int = 0) -> Any:
    """A private key for this algorithm, made once."""
    return _made("RSA" if algorithm[:2] in ("RS", "PS") else algorithm, number)


@functools.cache
def _made(kind: str, number: int) -> Any:
    # Another number is another key.
    if kind == "RSA":
        return rsa.generate_private_key(65537, 2048)
    if kind == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256R1() if kind == "ES256" else ec.SECP384R1())


def jwk(algorithm: str = "ES256", key_id: str = "one", number: int = 0, **more: Any) -> Any:
    """The public key as a JWK."""
    maker = getattr(jwt.algorithms, _LIBRARY[algorithm[:2]])
    public = private_key(algorithm, number).public_key()
    return {**json.loads(maker.to_jwk(public)), "kid": key_id, "use": "sig", **more}


def jwks(*keys: Any) -> bytes:
    """A JWKS of these keys, or of one."""
    return json.dumps({"keys": list(keys or (jwk(),))}).encode()


def key_set(*keys: Any) -> KeySet:
    """The parsed JWKS."""
    return parse_key_set(jwks(*keys))


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good token; None leaves one out."""
    now = int(time.time())
    found = {
        "iss": ISSUER.issuer,
        "aud": ISSUER.audience,
        "sub": "ann",
        "exp": now + 600,
        "sharpcast": RIGHTS,
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


def token(
    algorithm: str = "ES256", key_id: str | None = "one", number: int = 0, **changes: Any
) -> str:
    """A signed token."""
    headers = {} if key_id is None else {"kid": key_id}
    key = private_key(algorithm, number)
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=headers)


def part(content: Any) -> str:
    """A part of a token."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(header: dict[str, Any], key: bytes = b"", **changes: Any) -> str:
    """A token with any header, "signed" by HMAC with this key, or not at all."""
    text = f"{part(header)}.{part(claims(**changes))}"
    return f"{text}.{part(hmac.digest(key, text.encode(), hashlib.sha256)) if key else ''}"


class Answers:
    """A real HTTP server on a free port that answers every request as it is set."""

    def __init__(self) -> None:
        self.status = b"200 OK"
        self.body = b"{}"
        self.headers = b""
        self.delay_s = 0.0
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.open = 0
        self.max_open = 0
        self._server: asyncio.Server | None = None
        self._port = 0
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/place?key=hidden"

    async def start(self) -> None:
        """Answers at the port of before, if there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Answers nobody any more."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
                pairs = (line.partition(": ") for line in lines if line)
                headers = {name.lower(): value for name, _, value in pairs}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.got.append((headers, body))
                await self._answer(writer)
        self._writers.discard(writer)
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.max_open = max(self.max_open, self.open)
        try:
            await asyncio.sleep(self.delay_s)
        finally:
            self.open -= 1
        length = b"Content-Length: %d\r\n" % len(self.body)
        writer.write(b"HTTP/1.1 " + self.status + b"\r\n" + self.headers + length + b"\r\n")
        writer.write(self.body)
        await writer.drain()


@contextlib.asynccontextmanager
async def answers(**settings: Any) -> AsyncIterator[Answers]:
    """Such a server."""
    made = Answers()
    for name, value in settings.items():
        setattr(made, name, value)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@contextlib.asynccontextmanager
async def running(work: Any) -> AsyncIterator[None]:
    """Runs a task meanwhile."""
    task = asyncio.get_running_loop().create_task(work, name="external")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
