"""A worker in virtual time, which leads the stream of ``redis_model.py`` when it can."""

from __future__ import annotations

import dataclasses

from benchmarks.faults.redis_model import Down, Fenced, Gone, RedisModel
from media.access_unit import AccessUnit, Flags, Kind
from wire import keys
from wire.batch import is_repeated
from wire.jobs import LEASE_MS, RENEW_S

RESTART_S = 1.5
"""The time from the death of a worker to the next one's first claim."""

ENHANCED_LINES = 540
"""Lines of an enhanced picture."""

# Seconds: older units are decoded for those after them and not put out, as a lead replays.
_FRESH_S = 0.3


class WorkerModel:
    """A worker: claims, follows the source, puts out pictures, and is fenced when it is late."""

    def __init__(self, number: int, redis: RedisModel, lag_s: float) -> None:
        self._number = number
        self._redis = redis
        self._lag_s = lag_s
        self.starts_s = 0.0
        self.is_stopped = False
        self._end_lead()

    def kill(self, now_s: float) -> None:
        """Ends the worker; another one starts in its place."""
        self.starts_s = now_s + RESTART_S
        self._end_lead()

    def _end_lead(self) -> None:
        self._epoch = 0
        self._at = 0
        self._last_sequence: int | None = None
        self._sequence = 0
        self._fresh = False
        self._pending: list[tuple[float, AccessUnit]] = []
        self._renew_s = 0.0
        self._broken = True

    def step(self, now_s: float) -> None:
        """Does the work of one moment."""
        if now_s < self.starts_s or self.is_stopped:
            return
        try:
            if not self._epoch:
                self._claim(now_s)
            else:
                self._lead(now_s)
        except Down:
            return
        except (Gone, Fenced):
            self._end_lead()

    def _claim(self, now_s: float) -> None:
        redis = self._redis
        redis.reach()
        is_lapsed = now_s - redis.renewed_s > LEASE_MS / 1000
        if redis.session is None or not (redis.holder is None or is_lapsed):
            return
        redis.holder, redis.renewed_s = self._number, now_s
        self._epoch = redis.take_lead(now_s)
        self._at = redis.logs[keys.SOURCE].last_key()

    def _lead(self, now_s: float) -> None:
        redis = self._redis
        # As in the product, what is ready is put out before anybody says whose the lease is.
        self._put_out(now_s)
        redis.reach()
        if now_s >= self._renew_s:
            if redis.holder != self._number:
                raise Fenced
            redis.renewed_s, self._renew_s = now_s, now_s + RENEW_S
        for number, _, unit in redis.logs[keys.SOURCE].after(self._at):
            self._at = number
            if unit.kind is not Kind.VIDEO or is_repeated(unit.sequence, self._last_sequence):
                continue
            is_next = self._last_sequence is None or unit.sequence == self._last_sequence + 1
            self._last_sequence = unit.sequence
            self._broken = not unit.is_key and (
                self._broken or not is_next or bool(unit.flags & Flags.DISCONTINUITY)
            )
            if not self._broken:
                self._pending.append((now_s + self._lag_s, unit))

    def _put_out(self, now_s: float) -> None:
        while self._pending and self._pending[0][0] <= now_s:
            _, unit = self._pending.pop(0)
            self._fresh = self._fresh or now_s - unit.arrival_us / 1e6 <= _FRESH_S
            if not self._fresh:
                continue
            flags = Flags.KEY if self._sequence % 300 == 0 else Flags.NONE
            made = dataclasses.replace(
                unit, sequence=self._sequence, flags=flags, height=ENHANCED_LINES, stamps=()
            )
            try:
                self._redis.append(keys.ENHANCED, self._epoch, [made])
            except Down:
                self._sequence = -(-self._sequence // 300) * 300
                raise
            self._sequence += 1
