"""Two links on bad paths, in virtual time."""

from __future__ import annotations

from functools import partial

import pytest

from tests.wire.link.virtual_path import Pair, Path
from wire.link.link import MAX_EVENTS, Link, MessageReceived
from wire.link.message import Message
from wire.link.pacer import BURST_BYTES

FPS = 30
LEFT_S = 0.25


class Stream:
    """A stream of messages over a pair, from side 0 to side 1."""

    def __init__(self, size: int, path: Path, back: Path | None = None, *, seed: int = 1) -> None:
        self.size = size
        self.pair = Pair(path, back or Path(delay_s=path.delay_s, loss=path.loss), seed=seed)
        self.sent_at: dict[int, float] = {}

    def run(self, seconds: float) -> None:
        """Sends at 30 a second."""
        start, first = self.pair.now, len(self.sent_at)
        for each in range(int(seconds * FPS)):
            self.pair.at(start + each / FPS, partial(self._send, first + each))
        self.pair.run(start + seconds)

    def _send(self, serial: int) -> None:
        self.sent_at[serial] = self.pair.now
        self.pair.send(0, Message(1, 0, serial % 65536, bytes(self.size)), LEFT_S)

    def ages(self, since_s: float = 2.0) -> list[float]:
        """Ages of the messages that arrived, sorted, without those of the first seconds."""
        first = since_s * FPS
        return sorted(
            when - self.sent_at[message.serial]
            for when, message in self.pair.messages[1]
            if message.serial >= first
        )

    def whole(self, since_s: float = 2.0) -> float:
        """The part of the messages that arrived."""
        total = sum(serial >= since_s * FPS for serial in self.sent_at)
        return len(self.ages(since_s)) / total


def percentile(ages: list[float], part: float) -> float:
    return ages[min(len(ages) - 1, int(part * len(ages)))]


def test_a_good_path_adds_its_delay_and_the_time_to_send() -> None:
    stream = Stream(8000, Path(rate_bps=20e6))
    stream.run(10)
    assert stream.whole() == 1.0
    assert percentile(stream.ages(), 0.99) < 0.03
    figures = stream.pair.links[0].figures()
    assert figures.rtt_s == pytest.approx(0.04, abs=0.005)
    assert figures.loss < 0.005
    assert figures.outgoing.repeated == 0


def test_at_two_percent_the_tail_is_that_of_a_path_without_loss() -> None:
    late = 0
    for seed in (1, 2):
        stream = Stream(16_000, Path(rate_bps=20e6, loss=0.02), seed=seed)
        stream.run(30)
        # Without loss all take 27 ms.
        late += sum(age > 1.3 * 0.027 for age in stream.ages())
        out = stream.pair.links[0].figures().outgoing
        spent = out.parity_bytes + out.repeated_bytes
        assert spent < 0.105 * (out.bytes + spent)
    # One in a hundred; with as few stripes as can be it was four.
    assert late / (2 * 28 * FPS) < 0.015


@pytest.mark.parametrize("size", [3300, 16000])
@pytest.mark.parametrize("loss", [0.01, 0.02, 0.05, 0.1])
def test_random_loss_delays_a_few_by_one_round_trip(size: int, loss: float) -> None:
    stream = Stream(size, Path(rate_bps=20e6, loss=loss))
    stream.run(20)
    assert stream.whole() >= 0.98
    assert percentile(stream.ages(), 0.5) < 0.035
    assert percentile(stream.ages(), 0.99) < 0.09
    figures = stream.pair.links[0].figures()
    assert figures.loss == pytest.approx(loss, abs=0.01 + loss / 2)


def test_a_device_that_is_kept_from_its_socket_is_no_queue_on_the_path() -> None:
    stream = Stream(16_000, Path(rate_bps=20e6, loss=0.01))
    # A quota of its processor, or others that want it: at times nothing is read for 130 ms.
    for each in range(40):
        stream.pair.at(stream.pair.now + 0.5 * each, partial(stream.pair.hold, 1, 0.13))
    stream.run(20)
    figures = stream.pair.links[0].figures()
    assert figures.outgoing.late == 0
    assert figures.standing_queue_s < 0.01
    # Taken for a queue, each of them slowed the link to less than the stream.
    assert figures.rate_bps > 16_000 * 8 * FPS
    assert percentile(stream.ages(), 0.5) < 0.035
    assert figures.rtt_s == pytest.approx(0.04, abs=0.005)


def test_a_sender_that_wakes_late_makes_up_for_it() -> None:
    stream = Stream(16_000, Path(rate_bps=20e6))
    # Others have the processor: it comes to send every 16 ms, where each burst took 6 kB and no
    # more: 3 Mbit/s of the stream's 3.9, whatever the path carries.
    for each in range(600):
        stream.pair.at(stream.pair.now + each / 60, partial(stream.pair.hold, 0, 0.016))
    stream.run(10)
    stream.pair.run(stream.pair.now + LEFT_S)
    assert stream.whole() == 1.0
    assert percentile(stream.ages(), 0.99) < 0.07
    assert stream.pair.links[0].figures().outgoing.late == 0


def test_stripes_leave_together_and_the_last_no_later() -> None:
    stream = Stream(15_000, Path(rate_bps=1e9, delay_s=0.001))
    stream.run(10)
    link = stream.pair.links[0]
    sent = [when for when, data in stream.pair.datagrams[0] if data[0] & 0xF == 1 and when > 15.0]
    messages = sum(when > 15.0 for when, _ in stream.pair.messages[1])
    turns = len(set(sent))
    # 13 stripes or 14, of which five may leave at once.
    assert len(sent) / messages > 12
    assert turns / messages < 4
    longest = max(stream.ages(5.0))
    assert longest < 0.001 + (15_500 - BURST_BYTES) * 8 / link.figures().rate_bps + 0.003


def test_reports_go_with_what_is_sent_anyway() -> None:
    stream = Stream(3000, Path(rate_bps=20e6))

    def answer(message: Message) -> None:
        assert stream.pair.send(1, message, LEFT_S)

    # The other way, a small message after each that arrives.
    for each in range(300):
        at, message = stream.pair.now + 0.025 + each / FPS, Message(2, 0, each, bytes(200))
        stream.pair.at(at, partial(answer, message))
    stream.run(10)
    reports = [when for when, data in stream.pair.datagrams[1] if data[0] & 0xF == 2]
    others = {when for when, data in stream.pair.datagrams[1] if data[0] & 0xF != 2}
    alone = sum(when not in others for when in reports)
    assert len(reports) > 250
    assert alone < len(reports) / 4


def test_at_two_percent_parity_and_repetition_take_little() -> None:
    stream = Stream(16000, Path(rate_bps=20e6, loss=0.02))
    stream.run(20)
    out = stream.pair.links[0].figures().outgoing
    assert out.parity_bytes + out.repeated_bytes < 0.13 * out.bytes


def test_bursts_of_losses_cost_few_messages() -> None:
    stream = Stream(8000, Path(rate_bps=20e6, loss=0.02, burst=4.0))
    stream.run(20)
    assert stream.whole() >= 0.985


@pytest.mark.parametrize("jitter_s", [0.004, 0.01])
def test_jitter_is_no_loss_and_no_congestion(jitter_s: float) -> None:
    ages: list[float] = []
    for seed in (1, 2, 3):
        stream = Stream(8000, Path(rate_bps=20e6, loss=0.02, jitter_s=jitter_s), seed=seed)
        stream.run(20)
        assert stream.whole() >= 0.985
        ages += stream.ages()
        figures = stream.pair.links[0].figures()
        assert figures.outgoing.repeated_bytes < 0.02 * 8000 * 600
        # It was never slowed: 2.5 times what is sent is all that the sender can prove.
        assert figures.rate_bps > 2 * 8000 * 8 * FPS
    assert percentile(sorted(ages), 0.95) < 0.025 + 2 * jitter_s


def test_most_messages_survive_sixty_percent_loss() -> None:
    stream = Stream(8000, Path(rate_bps=20e6, loss=0.6))
    stream.run(20)
    assert stream.whole() > 0.8


def test_a_path_too_narrow_carries_what_it_can_in_time() -> None:
    stream = Stream(8000, Path(rate_bps=1e6))
    stream.run(20)
    figures = stream.pair.links[0].figures()
    assert 0.15 < stream.whole(5) < 0.55
    assert percentile(stream.ages(5), 0.95) < LEFT_S + 0.08
    assert figures.outgoing.late > 100
    assert figures.rate_bps < 1.5e6


def test_a_path_that_gets_narrow_for_ten_seconds_recovers() -> None:
    path = Path(rate_bps=20e6, loss=0.02)
    stream = Stream(8000, path)
    stream.run(5)
    path.rate_bps = 1e6
    stream.run(10)
    path.rate_bps = 20e6
    stream.run(5)
    before = len(stream.pair.messages[1])
    stream.run(5)
    assert len(stream.pair.messages[1]) - before > 0.97 * 5 * FPS


def test_an_outage_loses_its_own_messages_only() -> None:
    path, back = Path(rate_bps=20e6), Path()
    stream = Stream(8000, path, back)
    stream.run(5)
    path.is_down = back.is_down = True
    stream.run(5)
    path.is_down = back.is_down = False
    stream.run(1)
    before = len(stream.pair.messages[1])
    stream.run(5)
    assert len(stream.pair.messages[1]) - before > 0.97 * 5 * FPS
    serials = [message.serial for _, message in stream.pair.messages[1]]
    assert len(serials) == len(set(serials))


def test_no_message_arrives_twice_or_long_after_its_deadline() -> None:
    stream = Stream(8000, Path(rate_bps=3e6, loss=0.2, jitter_s=0.02))
    stream.run(20)
    serials = [message.serial for _, message in stream.pair.messages[1]]
    assert len(serials) == len(set(serials))
    assert stream.ages(0.0)[-1] < LEFT_S + 0.1


def test_control_messages_arrive_in_order_on_a_path_that_loses_half() -> None:
    pair = Pair(Path(loss=0.5), Path(loss=0.5))
    contents = [bytes([number]) * (number * 40) for number in range(60)]
    for content in contents:
        assert pair.links[0].send_control(content)
    pair.run(40)
    assert pair.control[1] == contents


def test_silent_sides_keep_the_path_alive_and_are_heard() -> None:
    pair = Pair(Path(), Path())
    pair.run(40)
    for side in (0, 1):
        heard_at = pair.links[side].heard_at
        assert heard_at is not None
        assert pair.clock(side) - heard_at < 1.2
        assert pair.control[side] == []
    assert pair.paths[0].passed < 150


def test_broken_datagrams_are_counted() -> None:
    link = Link()
    for data in (b"", b"\x00", b"\x11short"):
        link.receive(data, now=1.0)
    assert link.figures().bad_datagrams == 3
    assert link.heard_at is None


def test_an_owner_that_takes_nothing_loses_the_oldest() -> None:
    pair = Pair(Path(), Path())
    link = pair.links[1]
    for number in range(MAX_EVENTS + 5):
        pair.links[0].send_control(b"%d" % number)
        while (data := pair.links[0].next_datagram(now=pair.now)) is not None:
            link.receive(data, now=pair.now)
        while (data := link.next_datagram(now=pair.now)) is not None:
            pair.links[0].receive(data, now=pair.now)
        pair.now += 0.03
    assert link.figures().events_dropped == 5
    assert not isinstance(link.next_event(), MessageReceived)


def run_together(streams: list[Stream], starts: list[float], seconds: float) -> None:
    """Runs streams on paths that may be the same, in steps of a millisecond."""
    begin = streams[0].pair.now
    for stream, start in zip(streams, starts, strict=True):
        for each in range(int((seconds - start) * FPS)):
            stream.pair.at(begin + start + each / FPS, partial(stream._send, each))
    for step in range(int(seconds * 1000)):
        for stream in streams:
            stream.pair.run(begin + (step + 1) / 1000)


@pytest.mark.parametrize(("loss", "jitter_s"), [(0.0, 0.0), (0.02, 0.004)])
def test_a_latecomer_gets_its_part_of_a_path_that_two_links_fill(
    loss: float, jitter_s: float
) -> None:
    path = Path(rate_bps=5e6, loss=loss, jitter_s=jitter_s)
    streams = [Stream(16_000, path, Path(), seed=seed) for seed in (1, 2)]
    run_together(streams, [0.0, 5.0], 30.0)
    got = [
        sum(when > 30.0 for when, _ in stream.pair.messages[1]) for stream in streams
    ]  # the last ten seconds
    assert min(got) > 0.7 * max(got)
    # 5 Mbit/s carry 360 of the 600 with a tenth of parity.
    assert sum(got) > 250
    for stream in streams:
        assert stream.pair.links[0].figures().standing_queue_s < 0.1


def test_a_link_with_little_to_send_is_not_starved_by_a_greedy_one() -> None:
    path = Path(rate_bps=5e6)
    little, greedy = Stream(3300, path, Path()), Stream(30_000, path, Path(), seed=2)
    run_together([little, greedy], [0.0, 0.0], 20.0)
    ages = little.ages(8.0)
    assert len(ages) > 0.99 * 12 * FPS - 5
    assert percentile(ages, 0.5) < 0.06
