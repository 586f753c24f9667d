"""Maps RTP times to capture times on the server's clock, for audio and video alike.

A publisher's sender reports pair its RTP times with one clock of its own (RFC 3550 section
6.4.1). That clock is mapped to ours by the smallest offset seen, which is the one of the packet
that travelled fastest. Until both are known, the arrival, smoothed along the RTP time, serves.
"""

from __future__ import annotations

# Seconds from the beginning of NTP's era 0 (1900) to that of Unix time (1970).
_NTP_EPOCH_S = 2_208_988_800

_DRIFT = 10_000
"""The smallest offset may grow by a ten-thousandth (100 ppm): clocks run at different speeds, and
without this a slow one would seem to have captured everything ever longer ago."""


_MAX_OFFSET_US = 10_000_000
"""A capture time further before the arrival than this is a wrong clock's."""

_STEP_US = 1_000_000
"""Reports whose two clocks disagree by more than this were not made by one pair of clocks."""


def ntp_to_us(ntp: int) -> int:
    """Converts a 64-bit NTP time to Unix microseconds (RFC 5905 section 6)."""
    seconds, fraction = ntp >> 32, ntp & 0xFFFFFFFF
    return (seconds - _NTP_EPOCH_S) * 1_000_000 + (fraction * 1_000_000 >> 32)


def us_to_ntp(us: int) -> int:
    """Converts Unix microseconds to a 64-bit NTP time."""
    seconds, rest = divmod(us, 1_000_000)
    return ((seconds + _NTP_EPOCH_S) << 32) | ((rest << 32) // 1_000_000)


class _Track:
    def __init__(self, clock_rate: int) -> None:
        self.clock_rate = clock_rate
        self.report: tuple[int, int] | None = None
        "(Unix us, 32-bit RTP time) of the last sender report."
        self.anchor: tuple[int, int] | None = None

    def elapsed_us(self, pts: int, since_pts: int) -> int:
        return (pts - since_pts) * 1_000_000 // self.clock_rate

    def reported_us(self, pts: int) -> int | None:
        """Returns the publisher's own time of a unit, None before its first report."""
        if self.report is None:
            return None
        report_us, rtp = self.report
        # A report may be there before the first unit, so only the 32 bits can be compared.
        ticks = (pts - rtp + (1 << 31)) % (1 << 32) - (1 << 31)
        return report_us + self.elapsed_us(ticks, 0)


class CaptureClock:
    """The common clock of one publisher's tracks."""

    def __init__(self) -> None:
        self._tracks: dict[str, _Track] = {}
        self._offset_us: int | None = None
        self._offset_at_us = 0

    def add_track(self, name: str, clock_rate: int) -> None:
        """Declares a track; ``clock_rate`` in Hz."""
        self._tracks[name] = _Track(clock_rate)

    def on_report(self, name: str, *, ntp: int, rtp: int) -> None:
        """Takes a sender report: 64-bit NTP time and the 32-bit RTP time of the same instant."""
        track = self._tracks[name]
        if ntp == 0:
            return  # RFC 3550 section 6.4.1: the sender has no notion of wall clock
        report_us = ntp_to_us(ntp)
        # Two reports of one pair of clocks lie on one line. A step between them means that the
        # publisher's clock was set, and the offset that was learnt is none of the new clock's.
        expected_us = track.reported_us(rtp)
        if expected_us is not None and abs(report_us - expected_us) > _STEP_US:
            self._offset_us = None  # the publisher's clock was set
        track.report = (report_us, rtp)

    def restart(self, name: str) -> None:
        """Forgets what was learnt of a track's RTP times, which jumped."""
        self._tracks[name] = _Track(self._tracks[name].clock_rate)
        self._offset_us = None

    def capture_us(self, name: str, *, pts: int, arrival_us: int) -> int:
        """Returns the capture time of a unit in Unix us; never after its arrival."""
        track = self._tracks[name]
        publisher_us = track.reported_us(pts)
        # All tracks change over together: with one by reports and another by arrivals, sound and
        # picture would lie on two clocks.
        if publisher_us is not None and all(other.report for other in self._tracks.values()):
            # The offset is the smallest that was seen, so the capture time is never after the
            # arrival.
            capture_us = publisher_us + self._offset(arrival_us - publisher_us, arrival_us)
            return max(capture_us, arrival_us - _MAX_OFFSET_US)
        if track.anchor is None:
            track.anchor = (arrival_us, pts)
        anchor_us, anchor_pts = track.anchor
        expected = anchor_us + track.elapsed_us(pts, anchor_pts)
        # This unit travelled faster than the one that the anchor was made of, and is the better
        # anchor.
        if arrival_us < expected:
            track.anchor = (arrival_us, pts)
            return arrival_us
        return expected

    def _offset(self, seen_us: int, arrival_us: int) -> int:
        """Returns the smallest offset seen, which may grow slowly, a step a second."""
        elapsed = arrival_us - self._offset_at_us
        # Less than a second would lose too much to the rounding of the division.
        grown = elapsed // _DRIFT if elapsed >= 1_000_000 else 0
        if self._offset_us is None or seen_us <= self._offset_us + grown:
            self._offset_us, self._offset_at_us = seen_us, arrival_us
        elif grown:
            self._offset_us, self._offset_at_us = self._offset_us + grown, arrival_us
        return self._offset_us
