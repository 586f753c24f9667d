"""DTLS between two key pairs: handshakes on bad paths, pinning, and everything that is no DTLS."""

from __future__ import annotations

import datetime
import random
import time

import pytest

from wire.link.datagram import MAX_DATAGRAM_BYTES
from wire.link.secure import (
    HANDSHAKE_S,
    MAX_RECORDS,
    MAX_REPEATS,
    MAX_UDP_BYTES,
    MIN_REPEAT_S,
    Cookies,
    Identity,
    SecurePeer,
    SecureState,
    make_context,
    make_identity,
)

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def identities() -> tuple[Identity, Identity]:
    return make_identity(now=NOW), make_identity(now=NOW)


class Pair:
    """A client and a server with datagrams that may get lost, in virtual time."""

    def __init__(self, identities: tuple[Identity, Identity]) -> None:
        self.now = 100.0
        self.cookies = Cookies()
        self.cookies.address = b"192.0.2.1:4000"
        self.server = SecurePeer(
            make_context(identities[0], self.cookies), is_server=True, now=self.now
        )
        self.client = SecurePeer(make_context(identities[1]), is_server=False, now=self.now)
        self.is_listening = True
        self.sizes: list[int] = []

    def exchange(self) -> None:
        """Carries datagrams until none is left."""
        moved = True
        while moved:
            moved = False
            for sender, receiver in ((self.client, self.server), (self.server, self.client)):
                while (datagram := sender.next_datagram()) is not None:
                    moved = True
                    self.sizes.append(len(datagram))
                    self._deliver(receiver, datagram)

    def _deliver(self, receiver: SecurePeer, datagram: bytes) -> None:
        if receiver is self.server and self.is_listening:
            if self.server.listen(datagram):
                self.is_listening = False
                self.server.start(now=self.now)
        else:
            receiver.receive(datagram, now=self.now)

    def open(self) -> None:
        """Makes the connection."""
        self.client.start(now=self.now)
        self.exchange()
        assert self.states() == (SecureState.OPEN, SecureState.OPEN)

    def states(self) -> tuple[SecureState, SecureState]:
        return self.client.state, self.server.state


def test_both_sides_open_and_know_each_other(identities: tuple[Identity, Identity]) -> None:
    pair = Pair(identities)
    pair.open()
    assert pair.client.fingerprint == identities[0].fingerprint
    assert pair.server.fingerprint == identities[1].fingerprint
    assert pair.client.exporter == pair.server.exporter
    assert len(pair.client.exporter) == 32
    assert max(pair.sizes) <= MAX_UDP_BYTES
    assert pair.client.next_deadline() is None


def test_every_connection_has_secrets_of_its_own(identities: tuple[Identity, Identity]) -> None:
    first, second = Pair(identities), Pair(identities)
    first.open()
    second.open()
    assert first.client.exporter != second.client.exporter


def test_a_handshake_gets_through_losses(identities: tuple[Identity, Identity]) -> None:
    pair = Pair(identities)
    pair.client.start(now=pair.now)
    lost = pair.client.next_datagram()
    assert lost is not None
    begun = time.monotonic()
    while pair.states() != (SecureState.OPEN, SecureState.OPEN):
        pair.exchange()
        pair.now = 100.0 + time.monotonic() - begun
        pair.client.tick(now=pair.now)
        assert pair.now < 100.0 + HANDSHAKE_S
    # Long before OpenSSL's own timer (RFC 6347 section 4.2.4.1: a second).
    assert MIN_REPEAT_S <= time.monotonic() - begun < 0.9


class LossyPair(Pair):
    """Loses datagrams at random; time passes in steps of 10 ms."""

    def __init__(self, identities: tuple[Identity, Identity], loss: float, seed: int) -> None:
        super().__init__(identities)
        self._rng, self._loss = random.Random(seed), loss

    def _deliver(self, receiver: SecurePeer, datagram: bytes) -> None:
        if self._rng.random() >= self._loss:
            super()._deliver(receiver, datagram)

    def seconds_to_open(self) -> float:
        begun = self.now
        self.client.start(now=self.now)
        while self.states() != (SecureState.OPEN, SecureState.OPEN):
            self.exchange()
            self.now += 0.01
            self.client.tick(now=self.now)
            if not self.is_listening:
                self.server.tick(now=self.now)
            if self.now > begun + HANDSHAKE_S:
                return HANDSHAKE_S
        return self.now - begun


@pytest.mark.parametrize(("loss", "median_s", "failures"), [(0.1, 0.5, 0), (0.3, 2.0, 3)])
def test_handshakes_are_short_on_paths_that_lose(
    identities: tuple[Identity, Identity], loss: float, median_s: float, failures: int
) -> None:
    # OpenSSL's timer takes no part: hardly any of the system's time passes.
    took = sorted(LossyPair(identities, loss, seed).seconds_to_open() for seed in range(20))
    assert took[10] <= median_s
    assert sum(seconds == HANDSHAKE_S for seconds in took) <= failures


def test_the_last_flight_is_repeated_until_data_comes(
    identities: tuple[Identity, Identity],
) -> None:
    pair = Pair(identities)
    pair.open()
    assert pair.client.next_deadline() is None
    due = pair.server.next_deadline()
    assert due == pytest.approx(pair.now + MIN_REPEAT_S)
    pair.server.tick(now=pair.now + MIN_REPEAT_S)
    repeated = pair.server.next_datagram()
    assert repeated is not None
    pair.client.receive(repeated, now=pair.now)
    assert pair.states() == (SecureState.OPEN, SecureState.OPEN)
    pair.server.receive(pair.client.seal(b"x"), now=pair.now)
    assert pair.server.next_deadline() is None


def test_a_flight_is_not_repeated_for_ever(identities: tuple[Identity, Identity]) -> None:
    pair = Pair(identities)
    pair.open()
    sent = 0
    for step in range(1000):
        pair.server.tick(now=pair.now + step / 100)
        while pair.server.next_datagram() is not None:
            sent += 1
    assert 0 < sent <= MAX_REPEATS * 3
    assert pair.server.next_deadline() is None


def test_data_of_the_largest_size_passes_both_ways(identities: tuple[Identity, Identity]) -> None:
    pair = Pair(identities)
    pair.open()
    for sender, receiver in ((pair.client, pair.server), (pair.server, pair.client)):
        data = random.Random(1).randbytes(MAX_DATAGRAM_BYTES)
        largest = sender.seal(data)
        for each in (largest, sender.seal(b"x")):
            receiver.receive(each, now=pair.now)
        assert len(largest) == MAX_UDP_BYTES
        assert (receiver.next_data(), receiver.next_data()) == (data, b"x")
        assert receiver.next_data() is None
    assert max(pair.sizes) <= MAX_UDP_BYTES


def test_several_records_in_one_datagram_are_all_read(
    identities: tuple[Identity, Identity],
) -> None:
    pair = Pair(identities)
    pair.open()
    joined = pair.client.seal(b"one") + pair.client.seal(b"two")
    pair.server.receive(memoryview(joined), now=pair.now)
    assert [pair.server.next_data() for _ in range(3)] == [b"one", b"two", None]
    pair.server.receive(memoryview(pair.client.seal(b"three")), now=pair.now)
    assert pair.server.next_data() == b"three"


def test_a_repeated_or_changed_datagram_gives_no_data(
    identities: tuple[Identity, Identity],
) -> None:
    pair = Pair(identities)
    pair.open()
    datagram = pair.client.seal(b"once")
    for at in range(len(datagram)):
        pair.server.receive(
            datagram[:at] + bytes([datagram[at] ^ 1]) + datagram[at + 1 :], now=pair.now
        )
    assert pair.server.next_data() is None
    for _ in range(3):
        pair.server.receive(datagram, now=pair.now)
    assert pair.server.next_data() == b"once"
    assert pair.server.next_data() is None
    assert pair.states() == (SecureState.OPEN, SecureState.OPEN)


def test_foreign_datagrams_do_not_end_a_connection(identities: tuple[Identity, Identity]) -> None:
    pair, rng = Pair(identities), random.Random(2)
    pair.open()
    other = Pair(identities)
    other.client.start(now=other.now)
    hello = other.client.next_datagram() or b""
    for each in range(2000):
        junk = rng.randbytes(rng.randrange(0, 1300))
        if each % 3 == 0:
            junk = bytes([rng.choice((20, 21, 22, 23, 25)), 254, 253]) + junk
        for peer in (pair.client, pair.server):
            peer.receive(junk, now=pair.now)
            peer.receive(hello, now=pair.now)
    pair.exchange()
    pair.server.receive(pair.client.seal(b"still here"), now=pair.now)
    assert pair.server.next_data() == b"still here"


def test_an_address_that_does_not_answer_gets_a_cookie_and_leaves_nothing(
    identities: tuple[Identity, Identity],
) -> None:
    pair = Pair(identities)
    pair.client.start(now=pair.now)
    hello = pair.client.next_datagram()
    assert hello is not None
    for number in range(50):
        pair.cookies.address = b"198.51.100.%d" % number
        assert not pair.server.listen(hello)
        answer = pair.server.next_datagram()
        assert answer is not None
        # Whoever forges addresses gets back less than he sends.
        assert len(answer) < len(hello)
        assert pair.server.next_datagram() is None


def test_a_cookie_is_good_for_its_address_only(identities: tuple[Identity, Identity]) -> None:
    pair = Pair(identities)
    pair.client.start(now=pair.now)
    pair.server.listen(pair.client.next_datagram() or b"")
    pair.client.receive(pair.server.next_datagram() or b"", now=pair.now)
    second = pair.client.next_datagram()
    assert second is not None
    pair.cookies.address = b"198.51.100.1"
    assert not pair.server.listen(second)
    pair.cookies.address = b"192.0.2.1:4000"
    assert pair.server.listen(second)


@pytest.mark.parametrize("junk", [b"", b"\x00", b"\x16\xfe\xfd", bytes(1200)])
def test_what_is_no_client_hello_is_not_listened_to(
    identities: tuple[Identity, Identity], junk: bytes
) -> None:
    pair = Pair(identities)
    assert not pair.server.listen(junk)
    pair.open()


def test_a_handshake_without_answers_is_given_up(identities: tuple[Identity, Identity]) -> None:
    pair = Pair(identities)
    pair.client.start(now=pair.now)
    while pair.client.state is SecureState.HANDSHAKE:
        due = pair.client.next_deadline()
        assert due is not None
        pair.now = max(pair.now + 0.01, due)
        pair.client.tick(now=pair.now)
    assert pair.client.state is SecureState.CLOSED
    assert pair.now == pytest.approx(100.0 + HANDSHAKE_S, abs=0.02)


def test_closing_is_told_to_the_other_side_and_may_be_repeated(
    identities: tuple[Identity, Identity],
) -> None:
    pair = Pair(identities)
    pair.open()
    pair.client.close()
    pair.client.close()
    pair.exchange()
    assert pair.states() == (SecureState.CLOSED, SecureState.CLOSED)
    pair.server.receive(b"late", now=pair.now)
    assert pair.server.next_data() is None


def test_a_peer_that_sends_faster_than_it_is_read_loses_the_rest(
    identities: tuple[Identity, Identity],
) -> None:
    pair = Pair(identities)
    pair.open()
    for number in range(MAX_RECORDS + 5):
        pair.server.receive(pair.client.seal(b"%d" % number), now=pair.now)
    assert pair.server.dropped == 5
    assert pair.server.next_data() == b"0"
