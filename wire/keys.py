"""Names of the Redis keys, and the rule for stream ids.

The hash tag ``{id}`` keeps everything of one stream on one cluster slot, so that the scripts of
``log.py``, ``stream_record.py`` and ``rendition_record.py`` may touch its keys together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from media.codec_table import ENCODED

PREFIX = "sharpcast:"
"""Default prefix of the names of all keys of an installation."""

JOBS = "jobs"
"""Stream of jobs; one entry for each rendition to make."""

FREE_WORKERS = "free-workers"
"""Hash of workers that take further renditions (``free_workers.py``)."""

RECORDINGS = "recordings"
"""Hash of what nodes record (``recording_board.py``)."""

JOBS_GROUP = "workers"
"""Consumer group of all workers on ``JOBS``."""

SOURCE = "source"
"""Name of the rendition that holds the publisher's own bits."""

LAYER_PREFIX = "source-"
"""Beginning of the names of the publisher's simulcast layers, each a rendition as received."""

ENHANCED = "enhanced"
"""Name of the enhanced rendition that every stream has."""

RENDITION_FIELD = "rendition:"
"""Prefix of the fields of a stream record that name its renditions."""

VARIANTS = tuple(each.name for each in ENCODED)
"""Names of the codecs for which each enhanced rendition can have a log of its own."""

# `\Z` instead of `$`, which would let a line break through at the end of a name. None of these has
# braces or a colon, so no name can reach into another stream's keys.
_STREAM_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}\Z")
_RENDITION = re.compile(r"[a-z0-9][a-z0-9-]{0,15}\Z")
_LAYER = re.compile(r"source-[a-z0-9]{1,8}\Z")
_SUFFIXES = tuple(f"-{codec}" for codec in VARIANTS)


def is_stream_id(text: str) -> bool:
    """True for 1 to 64 of letters, digits, ``_ . -``, not starting with punctuation."""
    return _STREAM_ID.match(text) is not None


def is_node(text: str) -> bool:
    """True for the name of an app node: 1 to 32 of letters, digits, ``_ -``, no dot, since a
    session's address has one behind it.
    """
    return _NODE.match(text) is not None


def is_worker(text: str) -> bool:
    """True for the name of a worker: 1 to 64 of letters, digits, ``_ . -``, as in settings."""
    return _STREAM_ID.match(text) is not None


def node_name(text: str) -> str:
    """Returns the name for an app node, or an empty one. Raises ValueError."""
    if text and not is_node(text):
        raise ValueError("only letters, digits, _ - and at most 32 of them")
    return text


def is_rendition(text: str) -> bool:
    """True for a name that an enhanced rendition may have: 1 to 16 of lower-case letters, digits
    and ``-``, not starting with ``-`` or ``source-``, not that of the source and not ending as a
    variant's log.
    """
    is_free = text != SOURCE and not text.startswith(LAYER_PREFIX) and not text.endswith(_SUFFIXES)
    return is_free and _RENDITION.match(text) is not None


def is_layer(text: str) -> bool:
    """True for the name of a publisher's simulcast layer: ``source-`` and 1 to 8 of lower-case
    letters and digits, no codec's name.
    """
    return _LAYER.match(text) is not None and not text.endswith(_SUFFIXES)


def variant(rendition: str, codec: str) -> str:
    """Name of the log that holds nothing but one codec of an enhanced rendition; without a codec,
    of the rendition's usual log.
    """
    return f"{rendition}-{codec}" if codec else rendition


def rendition_of(log_name: str) -> tuple[str, str]:
    """Returns the rendition to which a log belongs, and its codec as in ``variant``."""
    for suffix in _SUFFIXES:
        if log_name.endswith(suffix):
            return log_name.removesuffix(suffix), suffix[1:]
    return log_name, ""


def logs_of(rendition: str) -> tuple[str, ...]:
    """Names of all logs that the lead of an enhanced rendition may write, the usual one first."""
    return (rendition, *(variant(rendition, codec) for codec in VARIANTS))


def log(stream: str, name: str) -> str:
    """Key of one log of a stream: ``source``, a layer's, or one of ``logs_of`` a rendition."""
    is_received = name == SOURCE or is_layer(name)
    return f"{{{stream}}}:{name}" if is_received else f"{{{stream}}}:r:{name}"


def rendition(stream: str, name: str) -> str:
    """Key of the record of an enhanced rendition."""
    return f"{{{stream}}}:r:{name}:spec"


def owner(stream: str, log_name: str) -> str:
    """Key of the record whose ``epoch`` fences a log."""
    if log_name == SOURCE or is_layer(log_name):
        return record(stream)
    return rendition(stream, rendition_of(log_name)[0])


def of_rendition(stream: str, name: str) -> list[str]:
    """Keys of an enhanced rendition: its record, then its logs."""
    return [rendition(stream, name), *(log(stream, each) for each in logs_of(name))]


def of_stream(stream: str, renditions: Iterable[str]) -> list[str]:
    """Keys of a stream with these renditions, its record first."""
    own = [record(stream), log(stream, SOURCE), control(stream), feedback(stream)]
    own.append(thumbnail(stream))
    return own + [key for name in dict.fromkeys(renditions) for key in of_rendition(stream, name)]


def control(stream: str) -> str:
    """Key of the messages to the stream's lead."""
    return f"{{{stream}}}:control"


def feedback(stream: str) -> str:
    """Key of the messages to the app that holds the stream's publisher."""
    return f"{{{stream}}}:feedback"


def thumbnail(stream: str) -> str:
    """Key of the newest small picture of a stream."""
    return f"{{{stream}}}:thumbnail"


def record(stream: str) -> str:
    """Key of the stream's hash."""
    return f"stream:{{{stream}}}"


def worker(name: str) -> str:
    """Key of a worker's heartbeat hash."""
    return f"worker:{name}"


def team(name: str) -> str:
    """Key of the team messages to a worker; not below ``worker:``, which is scanned for workers."""
    return f"team:{name}"


def job_search(prefix: str) -> str:
    """Key of the hash with the place among the leases from which the next search goes on.

    ``JOBS`` has no hash tag. With all of its key as one, prefix included, both lie on one slot.
    """
    return f"{{{prefix}{JOBS}}}:search"


def app(node: str) -> str:
    """Key of an app node's heartbeat hash."""
    return f"app:{node}"


def mailbox(node: str) -> str:
    """Key of the messages to an app node."""
    return f"mailbox:{node}"


DEVICES_PREFIX = "{devices}:"
"""Beginning of all keys about devices at other sites: one hash tag, since ``devices.py`` changes
several of them in one step."""

DEVICES = f"{DEVICES_PREFIX}by-key"
"""Key of the hash from fingerprints to the names of devices at other sites."""

REMOVED_DEVICES = f"{DEVICES_PREFIX}removed"
"""Key of the hash from fingerprints of removed devices to the time of it."""

JOIN_TOKENS = f"{DEVICES_PREFIX}tokens"
"""Key of the hash from ids of tokens for one device each to the end of their time."""

GATEWAY_IDENTITY = f"{DEVICES_PREFIX}gateway"
"""Key of the hash with the key pair of all gateways of this Redis."""


def device(name: str) -> str:
    """Key of the record of a device at another site."""
    return f"{DEVICES_PREFIX}device:{name}"


def join_token(token_id: str) -> str:
    """Key of a token for one device."""
    return f"{DEVICES_PREFIX}token:{token_id}"


ACCESS_PREFIX = "{access}:"
"""Beginning of all keys about who may publish and watch: one hash tag, since ``stream_keys.py``
changes several of them in one step."""

ACCESS_STATE = f"{ACCESS_PREFIX}state"
"""Key of the hash with the version of the tables below, and the secret that signs view tokens."""

STREAM_KEYS = f"{ACCESS_PREFIX}keys"
"""Key of the hash from ids to stream keys."""

VIEWS = f"{ACCESS_PREFIX}views"
"""Key of the hash from streams to who may watch them."""

RECORDING_CHOICES = f"{ACCESS_PREFIX}recordings"
"""Key of the hash from streams to what is recorded of them."""

ENTRY_HOLDERS = f"{ACCESS_PREFIX}holders"
"""Key of the hash from entries of the two tables above to the owners who made them."""

AUDIT = f"{ACCESS_PREFIX}audit"
"""Key of the stream of the operator's acts, the last ones."""

OWNERS_AUDIT = f"{ACCESS_PREFIX}audit-owners"
"""Key of the stream of the acts of others."""


def gateway(name: str) -> str:
    """Key of a gateway's heartbeat hash."""
    return f"gateway:{name}"


RECORDS_PATTERN = "stream:{*}"
WORKERS_PATTERN = "worker:*"
APPS_PATTERN = "app:*"
GATEWAYS_PATTERN = "gateway:*"
