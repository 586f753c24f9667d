"""Names of the Redis keys, and the rule for stream ids.

The hash tag ``{id}`` keeps everything of one stream on one cluster slot, so that the scripts of
``log.py`` and ``streams.py`` may touch its keys together.
"""

from __future__ import annotations

import re

PREFIX = "sharpcast:"
"""What the names of all keys of an installation begin with, unless it is told otherwise."""

JOBS = "jobs"
"""Stream of jobs; one entry per stream to enhance."""

JOBS_GROUP = "workers"
"""Consumer group of all workers on ``JOBS``."""

SOURCE = "source"
"""Name of the rendition that holds the publisher's own bits."""

ENHANCED = "2x"
"""Name of the enhanced rendition in the codec of the lead's choice, or copied from the source."""

ON_DEMAND = {"h264": f"{ENHANCED}-h264", "vp8": f"{ENHANCED}-vp8"}
"""By codec, the names of the enhanced renditions that hold nothing but that codec."""

ALL_ENHANCED = (ENHANCED, *ON_DEMAND.values())
"""The names of all logs that a lead may write."""

_STREAM_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
_RENDITION = re.compile(r"[a-z0-9][a-z0-9-]{0,15}\Z")


def is_stream_id(text: str) -> bool:
    """True for 1 to 64 of letters, digits, ``_ . -``, not starting with punctuation."""
    return _STREAM_ID.match(text) is not None


def is_rendition(text: str) -> bool:
    """True for a rendition name such as ``source`` or ``2x``."""
    return _RENDITION.match(text) is not None


def log(stream: str, rendition: str) -> str:
    """Key of the log that holds one rendition of one stream."""
    if rendition == SOURCE:
        return f"{{{stream}}}:source"
    return f"{{{stream}}}:enhanced:{rendition}"


def control(stream: str) -> str:
    """Key of the messages to the stream's lead."""
    return f"{{{stream}}}:control"


def feedback(stream: str) -> str:
    """Key of the messages to the app that holds the stream's publisher."""
    return f"{{{stream}}}:feedback"


def record(stream: str) -> str:
    """Key of the stream's hash."""
    return f"stream:{{{stream}}}"


def worker(name: str) -> str:
    """Key of a worker's heartbeat hash."""
    return f"worker:{name}"


RECORDS_PATTERN = "stream:{*}"
WORKERS_PATTERN = "worker:*"
