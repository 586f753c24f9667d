"""Raises the limit of open files of this process, for sockets are files."""

from __future__ import annotations

import logging
import resource

log = logging.getLogger(__name__)

WANTED = 65_536


def raise_limit(needed: int) -> int:
    """Raises the soft limit as far as it goes without rights, and returns it. Warns below need."""
    # The soft limit is often 1,024, whatever the hard one: `select` can handle no more, and
    # programs that do not use it are expected to raise it.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = WANTED if hard == resource.RLIM_INFINITY else min(hard, WANTED)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    if soft != resource.RLIM_INFINITY and soft < needed:
        log.warning(
            "This process may open %d files, and %d streams, viewers and web connections at a "
            "time may need %d: raise `ulimit -n`, or lower SHARPCAST_MAX_VIEWERS.",
            soft,
            needed,
            needed,
            extra={"action": "open_files"},
        )
    return soft
