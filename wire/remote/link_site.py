"""The site of a worker that reaches it by a gateway: the same methods as those of ``RedisSite``.

While the link is away each call raises ServerAway, as Redis would. In a new connection the worker
goes on with its jobs, its readers begin behind what arrived, and its logs are opened anew.
"""

from __future__ import annotations

import itertools
import logging
import time

from wire.control import KeyFrameRequest, MapRequest, RecordChanged
from wire.errors import BadMessage, Fenced
from wire.jobs import Job
from wire.link.message import Message
from wire.remote import calls, units
from wire.remote.gateway_calls import GatewayCalls, Uplink, error_of
from wire.remote.link_jobs import LinkHeartbeats, LinkJobs
from wire.remote.link_lead import LinkLead
from wire.remote.link_stream import LinkReader, LinkStream, StreamMails
from wire.remote.link_team import LinkTeam
from wire.remote.team_units import TEAM
from wire.remote.uplink_parts import UplinkParts

log = logging.getLogger(__name__)


class LinkSite:
    """The site of a device. Follows ``wire.site.Site``; its owner hands over what the link
    receives.
    """

    def __init__(self) -> None:
        self._gateway = GatewayCalls()
        self.jobs = LinkJobs(self._gateway)
        self.heartbeats = LinkHeartbeats(self._gateway)
        self._uplink_parts = UplinkParts()
        self._rate_bps: float | None = None
        self.team = LinkTeam(self._gateway, self._uplink_parts)
        self.connection = 0
        "Number of the connection; each begins anew."
        self._mails = StreamMails()
        self._lanes = itertools.cycle(range(1 << 16))
        self._readers: dict[int, LinkReader] = {}
        self._bad_messages = 0

    @property
    def is_attached(self) -> bool:
        """True while there is a link."""
        return self._gateway.uplink is not None

    @property
    def bad_messages(self) -> int:
        """Messages of the gateway that could not be read."""
        return self._bad_messages

    def stream(self, name: str) -> LinkStream:
        """Returns a stream."""
        return LinkStream(self._gateway, self, self._mails, name)

    def lead(self, job: Job) -> LinkLead:
        """Returns a job's lead."""
        return LinkLead(self._gateway, self, job)

    # Used by the owner of the link.

    async def attach(self, uplink: Uplink) -> None:
        """Begins to use a link over which the device has joined. Raises ServerAway."""
        # Other calls wait for the jobs, without which the gateway would refuse them.
        self._gateway.begin(uplink)
        await self.jobs.resume()
        self.heartbeats.begin()
        self.connection += 1
        self._gateway.open()

    def detach(self) -> None:
        """Notes that the link is gone. Harmless when repeated."""
        self._gateway.fail()
        readers, self._readers = list(self._readers.values()), {}
        for reader in readers:
            reader.fail()

    def on_control(self, data: bytes) -> None:
        """Takes a control message of the gateway."""
        try:
            message = calls.parse_from_gateway(data)
        except BadMessage as bad:
            self._bad_messages += 1
            log.warning("the gateway: %s", bad, extra={"action": "bad_message"})
            return
        match message:
            case calls.Reply():
                self._gateway.settle(message)
            case calls.Changed(stream=stream):
                self._mails.post(stream, RecordChanged())
            case calls.KeyFrameWanted(stream=stream, rendition=rendition, reason=reason):
                self._mails.post(stream, KeyFrameRequest(rendition=rendition, reason=reason))
            case calls.MapWanted(stream=stream, rendition=rendition):
                self._mails.post(stream, MapRequest(rendition=rendition))
            case calls.JobLost(entry=entry, error=error, reason=reason):
                log.info("job %s is lost: %s", entry, reason, extra={"action": "job_lost"})
                self.jobs.lose(entry, error_of(error, reason, otherwise=Fenced))
            case _:
                self._bad_messages += 1

    def on_message(self, message: Message) -> None:
        """Takes a message of the gateway."""
        if message.kind == TEAM:
            uplink = self._gateway.uplink
            self.team.put(message.content, one_way_s=uplink.rtt_s / 2 if uplink else 0.0)
        elif message.kind == units.SOURCE_UNITS:
            reader = self._readers.get(message.lane)
            if reader is not None:
                reader.put(message.serial, message.content)
        else:
            self._bad_messages += 1

    # As ``SourceLanes`` and ``LogLanes``.

    def new_lane(self) -> int:
        """Returns a lane that is free."""
        return next(self._lanes)

    def follow(self, reader: LinkReader) -> int:
        """Returns a new lane whose messages go to the reader."""
        lane = self.new_lane()
        self._readers[lane] = reader
        return lane

    def unfollow(self, lane: int) -> None:
        """Hands messages of the lane to nobody."""
        self._readers.pop(lane, None)

    def sent(self, entry: str, size: int) -> None:
        """Notes the bytes of a batch that was sent for a job."""
        self._uplink_parts.note_media(entry, size, now=time.monotonic())

    def granted_kbps(self, entry: str) -> float | None:
        """Rate of media that the link bears for a job; while it is away, the last link."""
        uplink = self._gateway.uplink
        if uplink is not None:
            self._rate_bps = uplink.rate_bps
        if self._rate_bps is None:
            return None
        return self._uplink_parts.granted_kbps(entry, self._rate_bps, now=time.monotonic())

    def check(self, entry: str) -> None:
        """Raises what ended the lead of a job, if anything did."""
        error = self.jobs.lost(entry)
        if error is not None:
            raise error
