"""Request targets: their forms, the prefix of the public address, trailing slashes."""

from __future__ import annotations

import re

_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?#]*)(.*)\Z", re.DOTALL)


def split_target(target: bytes) -> tuple[bytes, bytes] | None:
    """Splits a target in absolute form into its host with port and its path without the query.

    Returns None for a target in another form.

    Every server must take that form (RFC 9112 section 3.2.2); proxies are asked with it.
    """
    match = _ABSOLUTE.match(target)
    return (match[1], match[2] or b"/") if match else None


def strip_prefix(path: str, prefix: str) -> str:
    """Returns the path without the prefix, which some proxies keep and others remove."""
    if prefix and (path == prefix or path.startswith(prefix + "/")):
        return path[len(prefix) :] or "/"
    return path


def strip_slash(path: str) -> str:
    """Returns the path without trailing slashes.

    A redirect instead would lose a POST and break a preflight.
    """
    return path.rstrip("/") or "/"
