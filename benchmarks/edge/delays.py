"""The time that packets take through a server, from RTP times alone; no I/O.

A server may write other RTP times, but differences stay. Frame times of the clip are uneven, so a
row of them fits in one place only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

_MASK = 0xFFFFFFFF
_COMPARED = 6
"""Frames that must fit: by chance two of 1,024 uneven times are alike, six are not."""


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """One packet that a viewer got."""

    viewer: int
    ssrc: int
    sequence: int
    timestamp: int
    at_ns: int


def find_offset(stamps: Iterable[int], sent: dict[int, int], guess: int | None) -> int | None:
    """Returns what was added to the RTP times of ``sent``; None where ``stamps`` are of another
    track. ``guess`` is tried first.
    """
    row = list(dict.fromkeys(stamps))
    probe = row[-_COMPARED:]
    if len(probe) < _COMPARED:
        return None
    candidates = [(probe[0] - ticks) & _MASK for ticks in sent]
    if guess is not None:
        candidates.insert(0, guess)
    for offset in candidates:
        if all((stamp - offset) & _MASK in sent for stamp in probe):
            return offset
    return None


def delays_ms(samples: Sequence[Sample], sent: dict[int, int]) -> list[float]:
    """Returns for each packet of video the time since its frame's last packet left the publisher;
    negative where a server passes packets on before it has the frame.
    """
    tracks: dict[tuple[int, int], list[Sample]] = {}
    for sample in samples:
        tracks.setdefault((sample.viewer, sample.ssrc), []).append(sample)
    found: list[float] = []
    guess: int | None = None
    for track in tracks.values():
        offset = find_offset((s.timestamp for s in track), sent, guess)
        if offset is None:
            continue
        guess = offset
        for sample in track:
            left = sent.get((sample.timestamp - offset) & _MASK)
            if left is not None:
                found.append((sample.at_ns - left) / 1e6)
    return sorted(found)


def expected_packets(samples: Sequence[Sample], seconds: float) -> float:
    """Returns how many packets were sent in ``seconds``, by the rate at which sequence numbers of
    each track grow from its first sample to its last.
    """
    tracks: dict[tuple[int, int], list[Sample]] = {}
    for sample in samples:
        tracks.setdefault((sample.viewer, sample.ssrc), []).append(sample)
    total = 0.0
    for track in tracks.values():
        # Less than 32,768 packets of a track are sent in one measurement.
        grown = (track[-1].sequence - track[0].sequence) & 0xFFFF
        took_ns = track[-1].at_ns - track[0].at_ns
        if took_ns > 0 and grown < 0x8000:
            total += grown * seconds * 1e9 / took_ns
    return total


def percentile(ordered: Sequence[float], part: float) -> float:
    """Returns the value that ``part`` of the ordered ones stay below; 0 where there is none."""
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0
