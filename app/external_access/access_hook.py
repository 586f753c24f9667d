"""Asks the operator's own server who may do what: the I/O around ``HookCache``."""

from __future__ import annotations

import asyncio
import collections
import json
import logging
import secrets
import time
from urllib.parse import urlsplit

import httpx
from pydantic import ValidationError

from app.access.grants import Grant
from app.errors import IssuerAway, NotAuthorized
from app.external_access.bounded_http import FAILURES, UnusableAnswer, fetch, make_client
from app.external_access.hook_cache import AccessQuestion, HookCache, HookReply
from app.external_access.rights import HookAnswer, fault_of
from app.task_set import TaskSet
from app.webhooks.signature import key_of, signed_headers

log = logging.getLogger(__name__)

TIMEOUT_S = 2.0
"""Seconds in which the hook answers; encoders and players wait for it."""

MAX_ASKED = 32
"""Questions under way at a time; who asks more is told at once to come again."""

MAX_ANSWER_BYTES = 16 << 10

MAX_TOKEN_LENGTH = 8192
"""Characters of a token that the hook is asked about."""

_AWAY = "The server that says who may do this does not answer at the moment; try again."


class AccessHook:
    """The hook at one address. ``run`` is its one task, and owns the questions."""

    def __init__(self, address: str, secret: str, cache: HookCache | None = None) -> None:
        self.asked: collections.Counter[str] = collections.Counter()
        """Questions by result: ``granted``, ``refused``, ``failed``; ``busy``: not asked."""
        self._address = address
        self._key = key_of(secret)
        self._cache = cache or HookCache()
        self._tasks = TaskSet()
        self._client: httpx.AsyncClient | None = None
        self._under_way: dict[bytes, asyncio.Future[HookReply | None]] = {}

    async def run(self) -> None:
        """Lets questions be asked until cancelled."""
        async with make_client(TIMEOUT_S, connections=MAX_ASKED) as client:
            self._client = client
            try:
                await asyncio.Event().wait()
            finally:
                self._client = None
                await self._tasks.cancel()

    def granted(self, token: str, address: str) -> Grant | None:
        """Returns what the hook granted a token in general of late; asks nobody."""
        return self._cache.granted(token, address, now=time.monotonic())

    async def grant_of(self, question: AccessQuestion) -> Grant | None:
        """Returns what the hook grants, None where it refuses.

        Raises NotAuthorized for what it is not asked, and IssuerAway if it does not say in time.
        """
        if len(question.token) > MAX_TOKEN_LENGTH:
            raise NotAuthorized(f"The token has more than {MAX_TOKEN_LENGTH} characters.")
        reply = self._cache.find(question, now=time.monotonic())
        if reply is None:
            reply = await self._asked_for(question)
        if reply is None:
            # Who was let in before goes on while the hook is away.
            reply = self._cache.stale(question, now=time.monotonic())
        if reply is None:
            raise IssuerAway(_AWAY)
        return reply.grant

    async def _asked_for(self, question: AccessQuestion) -> HookReply | None:
        """Returns the answer, None if there is none; equal questions at a time are one."""
        name = question.name
        answer = self._under_way.get(name)
        if answer is None:
            if self._client is None or len(self._under_way) >= MAX_ASKED:
                self.asked["busy"] += 1
                return None
            answer = asyncio.get_running_loop().create_future()
            self._under_way[name] = answer
            self._tasks.spawn(self._ask(self._client, question, answer), "access question")
        # A client that goes away must not take the answer from others who wait for it.
        return await asyncio.shield(answer)

    async def _ask(
        self,
        client: httpx.AsyncClient,
        question: AccessQuestion,
        answer: asyncio.Future[HookReply | None],
    ) -> None:
        reply: HookReply | None = None
        try:
            reply = await self._post(client, question)
            self.asked["refused" if reply.grant is None else "granted"] += 1
            self._cache.put(question, reply, now=time.monotonic())
        except FAILURES as error:
            self._fail(str(error) or type(error).__name__)
        except UnusableAnswer as error:
            self._fail(str(error))
        finally:
            del self._under_way[question.name]
            answer.set_result(reply)

    async def _post(self, client: httpx.AsyncClient, question: AccessQuestion) -> HookReply:
        said = parse_answer(*await ask(client, self._address, self._key, question))
        if said is None:
            return HookReply(None)
        grant = said.grant(question.act, question.stream)
        return HookReply(grant, said.life_s, said.is_general)

    def _fail(self, why: str) -> None:
        self.asked["failed"] += 1
        # The address may hold a secret of its own, so only its host is written down.
        place = urlsplit(self._address).hostname
        log.warning("access hook (%s): %s", place, why, extra={"action": "access_hook_failed"})


async def ask(
    client: httpx.AsyncClient, address: str, key: bytes, question: AccessQuestion
) -> tuple[int, bytes]:
    """Asks a hook one question; returns status and body of its answer.

    Raises one of ``FAILURES``, or UnusableAnswer.
    """
    asked = {"act": question.act.value, "stream": question.stream, "address": question.address}
    if question.token:
        asked["token"] = question.token
    body = json.dumps(asked, separators=(",", ":")).encode()
    event_id = f"msg_{secrets.token_urlsafe(16)}"
    headers = signed_headers(key, event_id=event_id, at_s=int(time.time()), body=body)
    headers["content-type"] = "application/json"
    async with asyncio.timeout(TIMEOUT_S):
        return await fetch(client, address, max_bytes=MAX_ANSWER_BYTES, body=body, headers=headers)


def parse_answer(status: int, body: bytes) -> HookAnswer | None:
    """Returns what an answer of a hook grants; None: it refuses. Raises UnusableAnswer."""
    if status in (401, 403):
        return None
    if status not in (200, 204):
        raise UnusableAnswer(f"it answers {status}")
    try:
        return HookAnswer.model_validate_json(body or b"{}")
    except ValidationError as error:
        raise UnusableAnswer(f"its answer is not usable: {fault_of(error)}") from error
