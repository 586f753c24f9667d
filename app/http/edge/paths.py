"""Paths behind a proxy: the prefix of the public address, and trailing slashes."""

from __future__ import annotations


def strip_prefix(path: str, prefix: str) -> str:
    """The path without the prefix, which some proxies keep and others take away."""
    if prefix and (path == prefix or path.startswith(prefix + "/")):
        return path[len(prefix) :] or "/"
    return path


def strip_slash(path: str) -> str:
    """The path without trailing slashes: a redirect would lose a POST, and break a preflight."""
    return path.rstrip("/") or "/"
