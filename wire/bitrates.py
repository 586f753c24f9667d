"""Bitrate targets of the enhanced picture by its size, as the setting ``bitrates`` lists them."""

from __future__ import annotations

import dataclasses
import re

from wire.errors import BadSettings

MIN_KBPS = 32.0
"""Minimum for a picture of any size: encoders count whole kbit/s, and fail below one."""

# Sides of 10 to 9999 pixels, 10 to 999,999 kbit/s.
_TARGET = re.compile(r"([1-9]\d{1,3})x([1-9]\d{1,3})=([1-9]\d{1,5})\Z")


def parse_target(word: str) -> tuple[int, float] | None:
    """Returns (pixels, kbit/s) of ``WxH=kbit/s``, None if the word is of another form."""
    match = _TARGET.match(word)
    if match is None:
        return None
    width, height, kbps = (int(part) for part in match.groups())
    return width * height, float(kbps)


@dataclasses.dataclass(frozen=True, slots=True)
class BitrateTable:
    """Bitrate targets by output size, ``MIN_KBPS`` at least."""

    targets: tuple[tuple[int, float], ...]
    "(pixels, kbit/s) by growing pixels."

    @classmethod
    def parse(cls, words: tuple[str, ...]) -> BitrateTable:
        """Parses ``WxH=kbit/s`` words that ``Settings`` has checked."""
        targets = []
        for word in words:
            target = parse_target(word)
            if target is None:
                raise BadSettings(f"SHARPCAST_BITRATES: {word!r} is not of the form 960x540=2500.")
            targets.append(target)
        return cls(tuple(sorted(targets)))

    def kbps(self, width: int, height: int) -> float:
        """Returns the target for a size: linear between targets, proportional to pixels outside
        them, as far as encoders follow.
        """
        pixels = width * height
        below = [target for target in self.targets if target[0] <= pixels]
        above = [target for target in self.targets if target[0] > pixels]
        # Beyond the ends the bits per pixel stay those of the nearest target: a straight line
        # through two targets could fall to zero or below for small pictures.
        if not below or not above:
            edge_pixels, edge_kbps = above[0] if above else below[-1]
            return max(MIN_KBPS, edge_kbps * pixels / edge_pixels)
        (low, low_kbps), (high, high_kbps) = below[-1], above[0]
        return low_kbps + (high_kbps - low_kbps) * (pixels - low) / (high - low)
