"""The classes of what can go wrong with Redis, each decided here once.

``RedisTrouble`` (away, full, refused) passes by itself or by an operator: whoever meets it waits
and tries again. ``DamagedKey`` is about one key. What has no class stays the library's error: it
is a fault of ours, and the supervisor of the task that meets it logs it.
"""

from __future__ import annotations

import ssl

import redis.exceptions as library

from wire.errors import DamagedKey, RedisTrouble, ServerAway, ServerFull, ServerRefuses

REDIS_DOWN = (RedisTrouble, OSError)
"""Errors that a call raises while the server is away, full or refuses us."""

REDIS_FAULT = library.RedisError
"""Root of the library's errors, for whoever logs those that have no class of ours."""

REDIS_URL = "SHARPCAST_REDIS_URL"

# Codes of a server that is there but cannot serve now: it runs a long script, loads its data,
# follows a master that it cannot reach, or takes part in a fail-over.
_AWAY = (
    "BUSY ",
    "LOADING",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "MASTERDOWN",
    "READONLY",
    "NOMASTERLINK",
    "UNBLOCKED force",
    "FAILOVER",
    "FAILOVER_IN_PROGRESS",
    "MOVED",
    "ASK ",
)
_FULL = ("OOM", "MISCONF", "NOREPLICAS")
_DAMAGED = ("WRONGTYPE",)
_FORBIDDEN = (
    "NOPERM",
    "ACL failure in script",
    "The user executing the script can't",
)
_LOGIN = (
    "WRONGPASS",
    "NOAUTH",
    "AUTH <password> called without",
    "invalid username-password",
    "invalid password",
)


def classed(error: Exception, *, in_cluster: bool = False) -> Exception:
    """Returns our error for one that the library raised, or the same one if it has no class."""
    if in_cluster and isinstance(error, library.AskError):
        return error  # ``MOVED`` and ``ASK``, which say where to go on
    causes = _chain(error)
    refusal = next(filter(None, map(_refusal, causes)), "")
    if refusal:
        return ServerRefuses(f"{REDIS_URL}: {refusal}")
    words = _words(error)
    if isinstance(error, library.MovedError):
        return ServerRefuses(
            f"{REDIS_URL}: this server is one of a cluster; begin the address with redis+cluster://."
        )
    if words.startswith(_FULL):
        return ServerFull(words)
    if words.startswith(_DAMAGED):
        return DamagedKey(words)
    if words.startswith(_AWAY) or isinstance(
        error, (library.ConnectionError, library.TimeoutError, library.ClusterError)
    ):
        return ServerAway(words)
    if isinstance(error, library.InvalidResponse):
        return ServerAway(f"this is not how Redis answers: {words}")
    return error


def _refusal(error: BaseException) -> str:
    """Returns a sentence that says what the server refuses, and nothing of the password; an empty
    one if the error is no refusal.
    """
    words = _words(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the server's certificate is not trusted ({error.verify_message}); "
            "name the authority's file with ?ca=FILE."
        )
    if isinstance(error, ssl.SSLError):
        return "the server does not speak TLS there, or refuses our certificate."
    if words.startswith(_FORBIDDEN):
        return f"the Redis user lacks a permission, see docs/redis.md; Redis says: {words}."
    if isinstance(error, library.AuthenticationError) or words.startswith(_LOGIN):
        if "required" in words or words.startswith("NOAUTH"):
            return "the Redis server asks for a password."
        if "without any password" in words or "no password is set" in words:
            return "the Redis server has no password, but one is given."
        return "the Redis server refuses the user name or the password."
    if words.startswith("DENIED"):
        return "the Redis server is in protected mode and serves its own machine only."
    if "DB index" in words or "SELECT is not allowed" in words:
        return "the Redis server does not have the database of that number."
    return ""


def _words(error: BaseException) -> str:
    """Returns the words of the server on one line, its code in front."""
    code = getattr(error, "status_code", None)
    words = " ".join(str(error).split())
    if not code or code == "ERR" or words.startswith(code):
        return words or type(error).__name__
    return f"{code} {words}"


def _chain(error: BaseException) -> list[BaseException]:
    """Returns the error and its causes: the library wraps what a server answers to a login."""
    found: list[BaseException] = []
    seen: BaseException | None = error
    # Five are more than the library wraps around each other; the bound also ends a circle of
    # causes.
    while seen is not None and len(found) < 5:
        found.append(seen)
        below = seen.__cause__
        # Without "from" only a socket's error belongs to it; others were met and done with before.
        if below is None and isinstance(seen.__context__, OSError):
            below = seen.__context__
        seen = below
    return found
