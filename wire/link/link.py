"""One side of a link, without sockets: messages in, datagrams out, and the reverse.

The owner hands over every datagram that arrives (``receive``), sends what ``next_datagram`` returns
until it returns None, asks again at ``next_deadline``, and takes what ``next_event`` returns.
"""

from __future__ import annotations

import collections
import dataclasses

from wire.errors import BadMessage
from wire.link import datagram
from wire.link.arrivals import Arrivals
from wire.link.control_stream import ControlReceiver, ControlSender
from wire.link.datagram import ControlPiece, Report, Stripe
from wire.link.incoming import Incoming, IncomingCounters
from wire.link.message import Message
from wire.link.outgoing import Outgoing, OutgoingCounters
from wire.link.pacer import LinkPacer
from wire.link.path_report import LossMeter, SentPackets
from wire.link.rate_control import RateControl

START_RTT_S = 0.1
"""Taken for the round trip before the first report."""

RTT_WEIGHT = 1 / 8
"""Weight of a new round trip in the average (RFC 6298 section 2)."""

RIDE_S = 0.02
"""A report goes with whatever else is sent, once so long has passed since the last one."""

KEEP_ALIVE_S = 1.0
"""A silent side sends an empty control piece so often; NATs forget a path after 30 s or more
(RFC 4787 section 4.3), and the other side learns that this one lives."""

MAX_EVENTS = 1024
"""Messages that wait for the owner; the oldest is dropped beyond."""


@dataclasses.dataclass(frozen=True, slots=True)
class MessageReceived:
    """A message arrived whole and in time."""

    message: Message


@dataclasses.dataclass(frozen=True, slots=True)
class ControlReceived:
    """A control message arrived."""

    content: bytes


Event = MessageReceived | ControlReceived


@dataclasses.dataclass(frozen=True, slots=True)
class LinkFigures:
    """Figures of a link at the moment."""

    rtt_s: float
    loss: float
    """Part of the packets to the other side that is lost, 0..1."""
    rate_bps: float
    """Rate that may be sent."""
    delivered_bps: float
    """Rate that arrived at the other side lately."""
    standing_queue_s: float
    queued_bytes: int
    outgoing: OutgoingCounters
    incoming: IncomingCounters
    bad_datagrams: int
    events_dropped: int
    control_repeated: int
    """Pieces of control messages that were sent again."""
    control_refused: int
    """Control messages of the other side that were too large."""
    packets_forgotten: int
    """Packets that were given up before a report told of them."""


class Link:
    """One side of a link. ``now`` in seconds, the same clock at each call, never going back."""

    def __init__(self, *, start_bps: float | None = None) -> None:
        self._out = Outgoing()
        self._in = Incoming()
        self._control_out = ControlSender()
        self._control_in = ControlReceiver()
        self._sent = SentPackets()
        self._arrivals = Arrivals()
        self._loss = LossMeter()
        self._rate = RateControl() if start_bps is None else RateControl(start_bps)
        self._events: collections.deque[Event] = collections.deque()
        self._rtt_s: float | None = None
        self._pacer = LinkPacer()
        self._alive_at = 0.0
        self._sent_at = 0.0
        self._bad = 0
        self._dropped = 0
        self.heard_at: float | None = None
        """Time of the last good datagram of the other side; None before the first."""

    @property
    def rtt_s(self) -> float:
        """The smoothed round trip."""
        return START_RTT_S if self._rtt_s is None else self._rtt_s

    @property
    def rate_bps(self) -> float:
        """The rate that may be sent."""
        return self._rate.rate_bps

    def figures(self) -> LinkFigures:
        """Returns what is measured and counted."""
        return LinkFigures(
            rtt_s=self.rtt_s,
            loss=self._loss.measured,
            rate_bps=self._rate.rate_bps,
            delivered_bps=self._rate.delivered_bps,
            standing_queue_s=self._rate.standing_queue_s,
            queued_bytes=self._out.queued_bytes,
            outgoing=self._out.counters,
            incoming=self._in.counters,
            bad_datagrams=self._bad,
            events_dropped=self._dropped,
            control_repeated=self._control_out.repeated,
            control_refused=self._control_in.refused,
            packets_forgotten=self._sent.forgotten,
        )

    def send(self, message: Message, *, deadline: float, now: float) -> bool:
        """Queues a message; False if it is late or the queue is full. Raises ValueError."""
        return self._out.add(message, deadline=deadline, now=now)

    def send_control(self, content: bytes) -> bool:
        """Queues a control message; False if the other side takes none. Raises ValueError."""
        return self._control_out.add(content)

    def receive(self, data: bytes, *, now: float, arrived_at: float | None = None) -> None:
        """Takes a datagram of the other side; a broken one is counted.

        ``arrived_at`` is when it came, where it waited until ``now`` to be read.
        """
        try:
            found = datagram.parse(data)
        except BadMessage:
            self._bad += 1
            return
        self.heard_at = now
        at = now if arrived_at is None else arrived_at
        match found:
            case Stripe():
                self._arrivals.add(found.packet, found.sent_us, at=at, now=now)
                message = self._in.read(found, rtt_s=self.rtt_s, now=at)
                if message is not None:
                    self._tell(MessageReceived(message))
            case ControlPiece():
                self._arrivals.add(found.packet, found.sent_us, at=at, now=now)
                for content in self._control_in.read(found):
                    self._tell(ControlReceived(content))
            case Report():
                self._read_report(found, at=at, now=now)

    def next_event(self) -> Event | None:
        """Returns what arrived next, or None."""
        return self._events.popleft() if self._events else None

    def next_datagram(self, *, now: float) -> bytes | None:
        """Returns a datagram to send now, or None."""
        if self._sent_at != now:
            self._rate.tick(now=now)
            report = self._due_report(now=now)
            if report is not None:
                return report
        found = self._due_piece(now=now) or self._due_stripe(now=now)
        if found is None and self._sent_at == now:
            # Nobody has to wake for a report that goes with others.
            found = self._due_report(rides=now >= self._arrivals.told_at + RIDE_S, now=now)
        return found

    def _due_stripe(self, *, now: float) -> bytes | None:
        if not self._out.has_more:
            self._pacer.idle()
            return None
        rate_bps = self._rate.rate_bps
        if not self._pacer.may_send(self._out.queued_bytes, rate_bps=rate_bps, now=now):
            return None
        block = self._out.next_block(
            loss=self._loss.loss,
            rate_bps=rate_bps,
            one_way_s=self.rtt_s / 2,
            now=now,
        )
        if block is None:
            return None
        left_ms = round((block.deadline - now) * 1000)
        data = datagram.encode(
            Stripe(
                packet=self._sent.add(len(block.data), now=now) & 0xFFFFFFFF,
                sent_us=int(now * 1e6) & 0xFFFFFFFF,
                message=block.message,
                needed=block.needed,
                total=block.total,
                index=block.index,
                left_ms=left_ms if left_ms < 0xFFFF else 0xFFFF,
                block=block.data,
            )
        )
        self._pacer.spend(len(data))
        self._sent_at = now
        self._rate.sent(now=now)
        return data

    def next_deadline(self, *, now: float) -> float:
        """Returns when ``next_datagram`` should be asked again; it may be past."""
        times = [self._alive_at + KEEP_ALIVE_S]
        for due in (
            self._arrivals.due_at,
            self._control_out.next_deadline(),
            self._in.next_deadline(rtt_s=self.rtt_s),
        ):
            if due is not None:
                times.append(due)
        if self._out.has_more:
            queued, rate_bps = self._out.queued_bytes, self._rate.rate_bps
            times.append(self._pacer.next_at(queued, rate_bps=rate_bps))
        return max(now, min(times))

    def _tell(self, event: Event) -> None:
        if len(self._events) == MAX_EVENTS:
            self._events.popleft()
            self._dropped += 1
        self._events.append(event)

    def _due_report(self, *, rides: bool = False, now: float) -> bytes | None:
        """Returns a report that is due, or ``rides`` with others, or has to ask for something."""
        requests = self._in.requests(rtt_s=self.rtt_s, now=now)
        due = self._arrivals.due_at
        if not requests and (due is None or (now < due and not rides)):
            return None
        awaited = self._control_in.awaited
        report = self._arrivals.report(control=awaited, requests=requests, now=now)
        return None if report is None else datagram.encode(report)

    def _due_piece(self, *, now: float) -> bytes | None:
        piece = self._control_out.next_piece(rtt_s=self.rtt_s, now=now)
        if piece is None:
            if now < self._alive_at + KEEP_ALIVE_S or self._control_out.waiting:
                return None
            # A piece that was acknowledged is thrown away by the other side, but reported.
            piece = ((self._control_out.serial - 1) % (1 << 32), True, b"")
        self._alive_at = self._sent_at = now
        serial, is_last, content = piece
        self._rate.sent(now=now)
        packet = self._sent.add(len(content), now=now) % (1 << 32)
        sent_us = int(now * 1e6) % (1 << 32)
        return datagram.encode(ControlPiece(packet, sent_us, serial, is_last, content))

    def _read_report(self, report: Report, *, at: float, now: float) -> None:
        found = self._sent.read(report, now=at)
        if found.arrivals:
            self._rtt_s = (
                found.rtt_s
                if self._rtt_s is None
                else self._rtt_s + (found.rtt_s - self._rtt_s) * RTT_WEIGHT
            )
        self._loss.add(len(found.arrivals), found.lost)
        self._rate.read(found, now=now)
        self._control_out.acknowledge(report.control)
        for request in report.requests:
            self._out.repeat(request, loss=self._loss.loss, one_way_s=self.rtt_s / 2, now=now)
