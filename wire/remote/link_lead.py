"""One job for a worker at another site: its records and its logs, over the link."""

from __future__ import annotations

from typing import Any, Protocol

from wire.batch import Batch
from wire.errors import ServerAway
from wire.jobs import Job
from wire.link.message import Message
from wire.remote import calls, units
from wire.remote.gateway_calls import GatewayCalls, read_value
from wire.rendition_record import RenditionRecord
from wire.site import Records, TakenLead
from wire.stream_record import StreamRecord
from wire.strikes import LeadNote


class LogLanes(Protocol):
    """The site, as writers of logs need it."""

    connection: int
    """Number of the connection; a log that was opened in an earlier one has to be opened anew."""

    def new_lane(self) -> int:
        """Returns a lane that is free."""

    def sent(self, entry: str, size: int) -> None:
        """Notes the bytes of a batch that was sent for a job."""

    def granted_kbps(self, entry: str) -> float | None:
        """Rate of media that the link bears for a job; None before the first link."""

    def check(self, entry: str) -> None:
        """Raises what ended the lead of a job, if anything did."""


class LinkLogWriter:
    """One log of a rendition; an append waits for nobody. Follows ``wire.site.SiteLogWriter``."""

    def __init__(
        self, gateway: GatewayCalls, lanes: LogLanes, *, entry: str, log: str, epoch: int
    ) -> None:
        self._gateway = gateway
        self._lanes = lanes
        self._entry = entry
        self._log = log
        self._lane = 0
        self._opened_in: int | None = None
        self._serial = 0
        self._turn = 0
        self.epoch = epoch

    async def append(self, batch: Batch, *, now_ms: int) -> str:
        """Sends a batch and returns an empty id. Raises Fenced or StreamGone once the gateway said
        so, BadBatch, or ServerAway.
        """
        await self._open()
        uplink = self._gateway.uplink
        for part in units.cut(units.encode_units(batch), self._turn):
            message = Message(
                units.RENDITION_UNITS, self._lane, self._serial % 65536, part, is_precious=True
            )
            self._serial += 1
            if uplink is None or not uplink.send(message, units.UNIT_S):
                raise ServerAway("the link takes no more")
            self._lanes.sent(self._entry, len(part))
        return ""

    async def clear(self) -> None:
        """Empties the log, after the batches that were sent. Raises as ``append`` does."""
        await self._open()
        self._turn = (self._turn + 1) % 65536
        await self._gateway.call(calls.ClearLog(lane=self._lane, turn=self._turn))

    async def _open(self) -> None:
        self._lanes.check(self._entry)
        if self._opened_in == self._lanes.connection:
            return
        connection, lane = self._lanes.connection, self._lanes.new_lane()
        call = calls.OpenLog(entry=self._entry, log=self._log, epoch=self.epoch, lane=lane)
        await self._gateway.call(call)
        self._opened_in, self._lane, self._serial, self._turn = connection, lane, 0, 0


class LinkLead:
    """One job. Follows ``wire.site.SiteLead``."""

    def __init__(self, gateway: GatewayCalls, lanes: LogLanes, job: Job) -> None:
        self._gateway = gateway
        self._lanes = lanes
        self._entry = job.entry

    @property
    def granted_kbps(self) -> float | None:
        """Rate of media that the link bears for the job; None before the first link."""
        return self._lanes.granted_kbps(self._entry)

    async def records(self) -> Records:
        """Returns the records of stream and rendition. Raises StreamGone or BadMessage."""
        answer = await self._gateway.call(calls.GetRecords(entry=self._entry))
        pair = read_value(answer, tuple[Any, Any])
        return Records(read_value(pair[0], StreamRecord), read_value(pair[1], RenditionRecord))

    async def take(self, output: str) -> TakenLead:
        """Takes the lead. Raises StreamGone or DuplicateJob."""
        call = calls.TakeLead(entry=self._entry, output=output)
        return read_value(await self._gateway.call(call), TakenLead)

    async def drop(self, epoch: int) -> None:
        """Lets go of the lead; no effect if it is another's by now."""
        await self._gateway.call(calls.DropLead(entry=self._entry, epoch=epoch))

    async def note(self, what: LeadNote, epoch: int) -> None:
        """Notes something about the lead in the rendition's record."""
        await self._gateway.call(calls.Note(entry=self._entry, epoch=epoch, what=what))

    def writer(self, log: str, epoch: int) -> LinkLogWriter:
        """Returns the writer of one of the rendition's logs."""
        return LinkLogWriter(self._gateway, self._lanes, entry=self._entry, log=log, epoch=epoch)
