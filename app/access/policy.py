"""Decides what a token grants, from the tables and the two tokens of the settings."""

from __future__ import annotations

import dataclasses
import hmac

from app.access.grants import Act, Grant, GrantKind
from app.access.secret import is_hash_of, key_id_of
from app.access.view_token import is_view_token, parse_view_token
from app.errors import NotAuthorized
from wire.stream_keys import AccessTables, StreamKey, View

_OF_KEY = frozenset({Act.PUBLISH, Act.VIEW, Act.OWN})


@dataclasses.dataclass(frozen=True, slots=True)
class ServerTokens:
    """The tokens of the settings; empty ones are needed by nobody."""

    publish: str = dataclasses.field(default="", repr=False)
    admin: str = dataclasses.field(default="", repr=False)


class AccessPolicy:
    """Finds the grant of a token. ``now_us`` is Unix us."""

    def __init__(self, tokens: ServerTokens) -> None:
        self._tokens = tokens

    def grant_of(self, token: str, tables: AccessTables, *, now_us: int) -> Grant | None:
        """Returns what a token grants, None for one that is not of this server.

        Raises NotAuthorized for one that was good once, with the reason.
        """
        key_id = key_id_of(token)
        if key_id and key_id in tables.keys:
            return _grant_of_key(token, tables.keys[key_id], now_us)
        if is_view_token(token):
            return _grant_of_view_token(token, tables, now_us)
        # Both are compared whatever comes of the first: the time tells nothing of either.
        is_admin, is_publisher = _is(token, self._tokens.admin), _is(token, self._tokens.publish)
        if is_admin:
            acts = {Act.ADMIN, Act.OWN, Act.VIEW} | ({Act.PUBLISH} if is_publisher else set())
            return Grant(GrantKind.ADMIN_TOKEN, frozenset(acts))
        if is_publisher:
            return Grant(GrantKind.PUBLISH_TOKEN, frozenset({Act.PUBLISH, Act.VIEW}))
        return None

    @staticmethod
    def view_of(stream: str, tables: AccessTables) -> View:
        """Returns who may watch a stream."""
        return tables.views.get(stream, View.PUBLIC)


def _is(token: str, expected: str) -> bool:
    matches = hmac.compare_digest(token.encode(errors="replace"), expected.encode())
    return matches and bool(expected)


def _grant_of_key(token: str, key: StreamKey, now_us: int) -> Grant | None:
    # Both hashes are looked at in any case.
    is_new, is_old = is_hash_of(token, key.hash), is_hash_of(token, key.old_hash)
    if not is_new and not is_old:
        return None
    if key.is_over(now_us):
        raise NotAuthorized("The stream key has expired.")
    if not is_new and key.old_until_us <= now_us:
        raise NotAuthorized("The stream key was replaced, and this secret of it is over.")
    return Grant(GrantKind.KEY, _OF_KEY, key.id, (key.streams,), key.limits, key.view)


def _grant_of_view_token(token: str, tables: AccessTables, now_us: int) -> Grant | None:
    found = parse_view_token(token, tables.signing)
    if found is None:
        return None
    if found.expires_s * 1_000_000 <= now_us:
        raise NotAuthorized("The view token has expired.")
    if found.key_id:
        key = tables.keys.get(found.key_id)
        if key is None:
            raise NotAuthorized("The stream key that this view token was made with is revoked.")
        if key.is_over(now_us):
            raise NotAuthorized("The stream key that this view token was made with has expired.")
    return Grant(GrantKind.VIEW_TOKEN, frozenset({Act.VIEW}), found.key_id, (found.stream,))
