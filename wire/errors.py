"""Errors of the wire.

WireError
├── BadBatch          bytes that are no frame batch
├── BadMessage        a control message, record or heartbeat that cannot be read
├── Fenced            somebody else writes this log now; stop writing
├── StreamGone        the record of the stream, or of a rendition of it, is not in Redis
├── DuplicateJob      the rendition has another job; finish this one
├── TooManyRenditions the stream has as many renditions as one may have
├── StreamBusy        the stream already has a publisher
├── RedisTrouble      Redis cannot carry out a command at the moment; wait and try again
│   ├── ServerAway    it cannot be reached, starts, fails over or is busy
│   │   └── NoLease   the gateway holds no lease of this device for what it asked for
│   ├── ServerFull    its memory or its disk is full
│   │   └── LogFull   a log is as long as it may be, and takes no more before the next key frame
│   └── ServerRefuses a password, a permission or a setting is wrong
├── DamagedKey        a key of ours holds something else; set it aside
├── BadAddress        an address of Redis that cannot be read
├── BadSettings       a setting that stops the start, in one sentence
└── NoRedisServer     no server can be started or reached
"""

from __future__ import annotations


class WireError(Exception):
    """The root of what can go wrong between app, workers and Redis."""


class BadBatch(WireError):
    """The bytes are not a frame batch; drop the entry and count it."""


class BadMessage(WireError):
    """The message cannot be read; drop it and count it."""


class Fenced(WireError):
    """Somebody else writes this log now; stop writing and let go of the stream."""


class StreamGone(WireError):
    """The stream, or a rendition of it, has no record in Redis: it ended, was removed by an
    operator, expired, or Redis lost its data.
    """


class DuplicateJob(WireError):
    """The rendition has another job; finish this one."""


class TooManyRenditions(WireError):
    """The stream has as many enhanced renditions as one may have; remove one first."""


class StreamBusy(WireError):
    """The stream already has a publisher; end that one or choose another name."""


class RedisTrouble(WireError):
    """Redis cannot carry out a command at the moment; wait and try again."""


class ServerAway(RedisTrouble):
    """Redis cannot be reached, starts, fails over or is busy."""


class NoLease(ServerAway):
    """The gateway holds no lease of this device for what it asked for, or no longer."""


class ServerFull(RedisTrouble):
    """The memory or the disk of Redis is full, or it has too few replicas to write."""


class LogFull(ServerFull):
    """The log has as many bytes as one may have, and takes no more before the next key frame."""


class ServerRefuses(RedisTrouble):
    """Redis refuses us; the message is the one sentence that says what to set."""


class DamagedKey(WireError):
    """A key of ours holds a value of another type; it is of no use and can be removed."""


class BadAddress(WireError, ValueError):
    """An address of Redis that cannot be read; the message is the end of a sentence, and tells
    nothing of what stands there.
    """


class BadSettings(WireError):
    """A setting is wrong; the message is the one sentence that says which and why."""


class NoRedisServer(WireError):
    """No Redis server can be reached or started; the message says what to install or set."""
