"""Counters of what is done beside the live path: recordings, webhooks, rights that others give.

``wire/counters.py`` has them in its table; code reads them from there.
"""

from __future__ import annotations

from wire.counter import Counter

_READER = ("stream", "rendition")
_RECORDER = (*_READER, "reason")

RECORDING_BYTES = Counter(
    "recording_bytes", "bytes", "Bytes recorded here", _READER, ("RecordingWriter.bytes",)
)
RECORDING_UNITS_DROPPED = Counter(
    "recording_units_dropped", "units", "Units not recorded", _RECORDER, ("UnitQueue.dropped",)
)
RECORDINGS_FINISHED = Counter(
    "recordings_finished", "files", "Recorded files that are whole", (), ("Recorders.finished",)
)
RECORDINGS_UNTIDIED = Counter(
    "recordings_untidied",
    "files",
    "Recorded files that could be neither ended nor removed",
    (),
    ("TidyFaults.count",),
)
RECORDINGS_REMOVED = Counter(
    "recordings_removed", "files", "Recorded files removed by age", (), ("Recorders.removed",)
)
WEBHOOKS_SENT = Counter(
    "webhooks_sent", "events", "Events that a receiver took", ("receiver",), ("Webhooks.sent",)
)
WEBHOOK_ATTEMPTS_FAILED = Counter(
    "webhook_attempts_failed",
    "attempts",
    "Attempts to tell a receiver that failed",
    ("receiver",),
    ("Webhooks.attempts_failed",),
)
WEBHOOKS_DROPPED = Counter(
    "webhooks_dropped",
    "events",
    "Events that a receiver is never told",
    ("receiver", "reason"),
    ("DeliveryQueue.dropped",),
)
JWKS_FETCHES = Counter(
    "jwks_fetches",
    "fetches",
    "Fetches of the keys that sign JWTs",
    ("result",),
    ("JwksKeeper.fetches",),
)
JWTS_REFUSED = Counter(
    "jwts_refused", "tokens", "JWTs that were refused", ("reason",), ("JwtCheck.refused",)
)
ACCESS_HOOK_QUESTIONS = Counter(
    "access_hook_questions",
    "questions",
    "Questions to the access hook",
    ("result",),
    ("AccessHook.asked",),
)
