"""Finds the rights of tokens that this server does not know itself: JWTs, then the hook."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import logging
import time
from collections.abc import Mapping

from app.access.grants import Act, Grant
from app.access.secret import key_id_of
from app.access.view_token import is_view_token
from app.external_access.access_hook import AccessHook
from app.external_access.hook_cache import AccessQuestion
from app.external_access.jwks_keeper import JwksKeeper
from app.external_access.jwt_check import JwtCheck, is_jwt
from app.token_bucket import TokenBucket
from wire.access_settings import JwtIssuer
from wire.keys import is_stream_id
from wire.supervisor import keep_going

log = logging.getLogger(__name__)

LIST_CHECKS_PER_S = 20.0
"""New JWTs a second that are checked for lists: a list refuses nobody, so no limit on wrong tokens
holds for it."""


@dataclasses.dataclass(frozen=True, slots=True)
class ExternalOptions:
    """Settings of those who give rights."""

    jwt: JwtIssuer | None = None
    hook: str = dataclasses.field(default="", repr=False)
    "Address of the hook; empty: none."
    secret: str = dataclasses.field(default="", repr=False)
    "Secret with which questions to the hook are signed."


NO_COUNTS: Mapping[str, int] = collections.Counter()


class ExternalAccess:
    """The issuer of JWTs and the hook, as far as the settings name them."""

    def __init__(self, options: ExternalOptions | None = None) -> None:
        options = options or ExternalOptions()
        self._jwts = JwtCheck(options.jwt) if options.jwt else None
        self._keys = JwksKeeper(options.jwt.keys) if options.jwt else None
        self._hook = AccessHook(options.hook, options.secret) if options.hook else None
        self._list_checks = TokenBucket(per_s=LIST_CHECKS_PER_S, burst=2 * LIST_CHECKS_PER_S)

    @property
    def is_set(self) -> bool:
        """True if anybody but this server gives rights."""
        return self._jwts is not None or self._hook is not None

    @property
    def key_fetches(self) -> Mapping[str, int]:
        """Fetches of the issuer's keys, by result."""
        return self._keys.fetches if self._keys else NO_COUNTS

    @property
    def jwts_refused(self) -> Mapping[str, int]:
        """JWTs that were refused, by reason."""
        return self._jwts.refused if self._jwts else NO_COUNTS

    @property
    def hook_questions(self) -> Mapping[str, int]:
        """Questions to the hook, by result."""
        return self._hook.asked if self._hook else NO_COUNTS

    async def run(self) -> None:
        """Keeps keys current and lets the hook be asked, until cancelled; ends if nobody is set."""
        works = {}
        if self._keys is not None:
            works["jwks"] = self._keys.run
        if self._hook is not None:
            works["access-hook"] = self._hook.run
        async with asyncio.TaskGroup() as group:
            for name, work in works.items():
                group.create_task(keep_going(name, work, logger=log), name=name)

    def decides(self, token: str) -> bool:
        """True for a token that somebody else may have given out.

        A token in the form of our own keys and view tokens is nobody else's: one that was revoked
        must not come back by another way, and is told nobody.
        """
        is_ours = bool(key_id_of(token)) or is_view_token(token)
        return self.is_set and not is_ours and (self._hook is not None or is_jwt(token))

    def may_be_hooks(self, token: str) -> bool:
        """True for a token that only the hook can know."""
        is_ours_to_check = self._jwts is not None and is_jwt(token)
        return self._hook is not None and self.decides(token) and not is_ours_to_check

    async def grant_of(self, act: Act, stream: str, token: str, address: str) -> Grant | None:
        """Returns what a token grants, None if nobody knows it; "" is no token.

        Raises NotAuthorized with the reason, or IssuerAway if those who know do not say in time.
        """
        if not self.decides(token):
            return None
        if self._jwts is not None and self._keys is not None and is_jwt(token):
            return await self._of_jwt(self._jwts, self._keys, token)
        # The hook gives no right to everything: many hooks look at the token alone.
        if self._hook is None or act is Act.ADMIN or not is_stream_id(stream):
            return None
        return await self._hook.grant_of(AccessQuestion(act, stream, token, address))

    def known(self, token: str, address: str) -> Grant | None:
        """Returns what a token grants as far as nobody has to be asked, for lists.

        Raises NotAuthorized.
        """
        if not self.decides(token):
            return None
        if self._jwts is not None and self._keys is not None and is_jwt(token):
            return self._of_known_key(self._jwts, self._keys, token)
        return self._hook.granted(token, address) if self._hook is not None else None

    async def _of_jwt(self, jwts: JwtCheck, keys: JwksKeeper, token: str) -> Grant:
        digest = keys.cache.usable(now=time.monotonic()).digest
        grant = jwts.known(token, digest, now_s=time.time())
        if grant is not None:
            return grant
        header = jwts.header(token)
        found = await keys.keys_named(header.key_id)
        if not found.keys:
            jwts.refuse_key()
        return jwts.check(token, found, header, now_s=time.time())

    def _of_known_key(self, jwts: JwtCheck, keys: JwksKeeper, token: str) -> Grant | None:
        now = time.monotonic()
        grant = jwts.known(token, keys.cache.usable(now=now).digest, now_s=time.time())
        if grant is not None or not self._list_checks.take(now=now):
            return grant
        header = jwts.header(token)
        found = keys.cache.named(header.key_id, now=now)
        return jwts.check(token, found, header, now_s=time.time()) if found.keys else None
