"""Checks of those who give rights beside this server: the issuer's keys, and the access hook."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from app.access.grants import Act
from app.external_access.access_hook import TIMEOUT_S, ask, parse_answer
from app.external_access.bounded_http import FAILURES, UnusableAnswer, make_client
from app.external_access.hook_cache import AccessQuestion
from app.external_access.jwks_keeper import FETCH_S, read_keys
from app.external_access.key_set import parse_key_set
from app.webhooks.signature import key_of
from cli.diagnostics.finding import Finding, fault, good, note
from wire.access_settings import is_clear
from wire.settings import Settings

STREAM = "sharpcast-doctor"
"""Name of a stream that nobody has; the hook is asked who may watch it, without a token."""


def check_jwt(settings: Settings) -> Iterator[Finding]:
    """Fetches the issuer's keys, or reads their file."""
    issuer = settings.jwt_issuer
    if issuer is None:
        return
    try:
        keys = parse_key_set(asyncio.run(_keys(issuer.keys)))
    except FAILURES as error:
        yield fault(
            "JWT keys",
            f"they cannot be read ({_reason(error)})",
            "Start the key server, or correct keys= in SHARPCAST_JWT; until then nobody new gets "
            "in by a JWT.",
        )
    except (UnusableAnswer, ValueError) as error:
        yield fault(
            "JWT keys",
            f"they are not usable: {error}",
            "Let keys= in SHARPCAST_JWT name a JWKS with public keys (docs/keys.md).",
        )
    else:
        yield good("JWT keys", f"{len(keys.keys)} usable", keys=len(keys.keys))
        if "://" in issuer.keys and is_clear(issuer.keys):
            yield _in_the_clear("JWT keys", "change them")


def check_hook(settings: Settings) -> Iterator[Finding]:
    """Asks the hook whether anybody may watch a stream that nobody has."""
    if not settings.access_hook:
        return
    try:
        secret = settings.webhook_secret.get_secret_value()
        status, body = asyncio.run(_asked(settings.access_hook, secret))
    except (*FAILURES, UnusableAnswer) as error:
        yield fault(
            "access hook",
            f"it does not answer within {TIMEOUT_S:.0f} s ({_reason(error)})",
            "Start it, or correct SHARPCAST_ACCESS_HOOK; until then nobody new gets in by it.",
        )
        return
    yield judge(status, body)
    if is_clear(settings.access_hook):
        yield _in_the_clear("access hook", "read tokens")


def judge(status: int, body: bytes) -> Finding:
    """Judges what the hook answered to a question without a token."""
    cure = "Let it answer 200 with a JSON object, or 403 (docs/keys.md); its own log may say more."
    try:
        said = parse_answer(status, body)
    except UnusableAnswer as error:
        return fault("access hook", str(error), cure)
    if said is None:
        return good("access hook", "it answers, and refuses who shows no token")
    return note("access hook", "it lets everybody watch any stream, without a token")


def _in_the_clear(what: str, act: str) -> Finding:
    return note(
        what,
        f"by http:// to another machine: whoever is in that network can {act}",
        "Use https:// unless only machines of yours are there.",
    )


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


async def _keys(source: str) -> bytes:
    async with asyncio.timeout(FETCH_S), make_client(FETCH_S, connections=1) as client:
        return await read_keys(source, client)


async def _asked(address: str, secret: str) -> tuple[int, bytes]:
    async with make_client(TIMEOUT_S, connections=1) as client:
        question = AccessQuestion(Act.VIEW, STREAM, "", "127.0.0.1")
        return await ask(client, address, key_of(secret), question)
