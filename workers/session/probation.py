"""The lead's notes in the record, by which a rendition that kills workers is found out."""

from __future__ import annotations

import contextlib

from wire import strikes
from wire.connection import REDIS_DOWN
from wire.rendition_record import RenditionRecord
from wire.site import SiteLead
from wire.strikes import LeadNote


class Probation:
    """Notes of one lead; times are arguments, in seconds of one clock or Unix us of the
    server's.
    """

    def __init__(self, lead: SiteLead, epoch: int) -> None:
        self._lead = lead
        self._epoch = epoch
        self._decodes_since: float | None = None

    @staticmethod
    def bar(record: RenditionRecord, *, now_us: int) -> str:
        """Returns a sentence that says why the stream must not be decoded, or an empty one."""
        if strikes.is_set_aside(record.strikes, record.struck_us, now_us=now_us):
            return strikes.sentence(record.strikes)
        return ""

    async def note(self, decodes: bool, *, now: float) -> None:
        """Writes into the record that the lead decodes, or no longer does, before it begins: should
        decoding end this process, the next lead knows.
        """
        # Called for every unit; only a change costs a round trip to Redis.
        if decodes == (self._decodes_since is not None):
            return
        # Without an answer nothing is noted here either, so the next unit tries again; decoding
        # goes on meanwhile.
        with contextlib.suppress(*REDIS_DOWN):
            what = LeadNote.DECODES if decodes else LeadNote.RESTS
            await self._lead.note(what, self._epoch)
            self._decodes_since = now if decodes else None

    async def forgive(self, record: RenditionRecord, *, now: float) -> None:
        """Takes the strikes away once it decoded long enough."""
        since = self._decodes_since
        if record.strikes and since is not None and now - since >= strikes.GOOD_S:
            with contextlib.suppress(*REDIS_DOWN):
                await self._lead.note(LeadNote.FORGIVE, self._epoch)
