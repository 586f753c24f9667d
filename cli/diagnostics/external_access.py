"""Checks of those who give rights beside this server: the issuer's keys, and the access hook."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from app.external_access.access_hook import MAX_ANSWER_BYTES, TIMEOUT_S
from app.external_access.bounded_http import FAILURES, UnusableAnswer, fetch, make_client
from app.external_access.jwks_keeper import FETCH_S
from app.external_access.key_set import MAX_BYTES, parse_key_set
from app.external_access.rights import HookAnswer, fault_of
from app.webhooks.signature import key_of, signed_headers
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
        keys = parse_key_set(_read(issuer.keys))
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
        status, body = _ask(settings.access_hook, settings.webhook_secret.get_secret_value())
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
    if status in (401, 403):
        return good("access hook", "it answers, and refuses who shows no token")
    if status not in (200, 204):
        return fault("access hook", f"it answers {status}", cure)
    try:
        HookAnswer.model_validate_json(body or b"{}")
    except ValidationError as error:
        return fault("access hook", f"its answer is not usable: {fault_of(error)}", cure)
    return note("access hook", "it lets everybody watch any stream, without a token")


def _in_the_clear(what: str, act: str) -> Finding:
    return note(
        what,
        f"by http:// to another machine: whoever is in that network can {act}",
        "Use https:// unless only machines of yours are there.",
    )


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _read(place: str) -> bytes:
    if "://" not in place:
        return Path(place).expanduser().read_bytes()[: MAX_BYTES + 1]
    status, body = asyncio.run(_fetched(place, max_bytes=MAX_BYTES, timeout_s=FETCH_S))
    if status != 200:
        raise UnusableAnswer(f"{urlsplit(place).hostname} answers {status}")
    return body


def _ask(address: str, secret: str) -> tuple[int, bytes]:
    body = json.dumps({"act": "view", "stream": STREAM, "address": "127.0.0.1"}).encode()
    headers = signed_headers(key_of(secret), event_id="doctor", at_s=int(time.time()), body=body)
    headers["content-type"] = "application/json"
    asked = _fetched(
        address, max_bytes=MAX_ANSWER_BYTES, timeout_s=TIMEOUT_S, body=body, headers=headers
    )
    return asyncio.run(asked)


async def _fetched(
    url: str,
    *,
    max_bytes: int,
    timeout_s: float,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    async with (
        asyncio.timeout(timeout_s),
        make_client(timeout_s, connections=1) as client,
    ):
        return await fetch(client, url, max_bytes=max_bytes, body=body, headers=headers)
