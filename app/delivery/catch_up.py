"""Units that a decoder needs before it can go on with the next picture; no I/O, no clock."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from app.rtp.send_queue import PacketizedFrame

SQUEEZE = 10_000
"""Parts of a second: units that were shown already are at most a tenth of a millisecond apart, so
that a whole row of them may get lost and the next one is still too near to be shown."""


def catch_up(units: Sequence[PacketizedFrame], *, shown: int | None) -> list[PacketizedFrame]:
    """Returns one group of pictures for a viewer who saw everything up to the media time ``shown``.

    Units beyond that keep their times: each is shown once, at its place on the time line. The
    others are only decoded: their times are squeezed into the moment before the first unit
    beyond, so that none lasts as long as a display needs to show it. Only the last unit is live.
    """
    past = [unit for unit in units if shown is not None and unit.pts <= shown]
    beyond = [unit for unit in units if shown is None or unit.pts > shown]
    squeezed: list[PacketizedFrame] = []
    if past and shown is not None:
        step = past[0].clock_rate // SQUEEZE
        # With nothing beyond, the group ends behind what was shown: the viewer's RTP times must not
        # go back, so units that were shown get new times.
        end = beyond[0].pts if beyond else shown + step * (len(past) + 1)
        # A long group does not fit before the next unit at that spacing, and shares what there is.
        # One tick is the least that keeps two units in order.
        step = max(1, min(step, (end - shown) // (len(past) + 1)))
        squeezed = [
            dataclasses.replace(unit, pts=end - step * (len(past) - index), is_live=False)
            for index, unit in enumerate(past)
        ]
    # Units that catch up count neither for the rendition's rate nor as a base for sender reports:
    # they leave later than their capture times say.
    late = [dataclasses.replace(unit, is_live=False) for unit in beyond[:-1]]
    return [*squeezed, *late, *beyond[-1:]]
