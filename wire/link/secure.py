"""Encryption of a link: DTLS 1.2 between two key pairs, without sockets (RFC 6347).

Both sides present a self-signed certificate, as in WebRTC; who they are is settled inside, by the
token of the join (``join.py``) and by the fingerprint that is pinned at the first one.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import enum
import hashlib
import hmac
import secrets
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from wire.errors import WireError
from wire.state_machine import StateMachine, TransitionTable

MAX_UDP_BYTES = 1200
"""Largest UDP payload; see ``datagram.MAX_DATAGRAM_BYTES``."""

MAX_RECORDS = 64
"""Records that wait to be sent or read; a peer that sends more at once loses the rest."""

CIPHERS = b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305"
EXPORTER_LABEL = b"EXPORTER-sharpcast-join"
HANDSHAKE_S = 10.0
"""A handshake that takes longer is given up; six tries at 1 s, doubled, do not fit."""

MIN_REPEAT_S, MAX_REPEATS = 0.2, 4
"""The last datagrams of a handshake are sent again after so long, doubled each time, without a word
of OpenSSL's, whose timer begins at a second: at 10 % loss a handshake took 3 s in the median and
one in four failed. Who has them already drops them as replays (RFC 6347 section 4.1.2.6)."""

_RECORD_HEAD = 13
_APPLICATION_DATA = 23
"""Type of a record with data (RFC 5246 section 6.2.1)."""

_RECORD_BYTES = MAX_UDP_BYTES + 256
_HANDSHAKE_BYTES = 1 << 17
"""Bytes that are read at once of what OpenSSL made: a record, or whole flights of a handshake."""

_COOKIE_EXCHANGE = 0x2000
"""OpenSSL's SSL_OP_COOKIE_EXCHANGE, which the binding may lack by name."""


class LinkRefused(WireError):
    """The other side does not speak DTLS, or not with us."""


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """A key pair with its certificate, in PEM. Whoever holds it is this device or gateway."""

    key_pem: bytes
    certificate_pem: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate in hexadecimal."""
        certificate = x509.load_pem_x509_certificate(self.certificate_pem)
        return certificate.fingerprint(hashes.SHA256()).hex()


def make_identity(*, now: datetime.datetime) -> Identity:
    """Makes a new key pair (P-256) and a certificate without an end."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sharpcast")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        # Peers compare the fingerprint, and a device without a clock must not be shut out.
        .not_valid_after(datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC))
        .sign(key, hashes.SHA256())
    )
    return Identity(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        certificate.public_bytes(serialization.Encoding.PEM),
    )


class Cookies:
    """Stateless cookies of the server (RFC 6347 section 4.2.1): nothing is kept for an address
    that has not shown that it receives what is sent to it.
    """

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self.address = b""
        """Address of the datagram that is looked at."""

    def make(self) -> bytes:
        """Returns the cookie of the address."""
        return hmac.digest(self._secret, self.address, hashlib.sha256)

    def verify(self, cookie: bytes) -> bool:
        """True if the cookie was made for the address."""
        return hmac.compare_digest(cookie, self.make())


def make_context(identity: Identity, cookies: Cookies | None = None) -> SSL.Context:
    """Returns the settings of all connections of one side; ``cookies`` for the server's."""
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
    context.use_certificate(x509.load_pem_x509_certificate(identity.certificate_pem))
    key = serialization.load_pem_private_key(identity.key_pem, None)
    context.use_privatekey(cast(ec.EllipticCurvePrivateKey, key))
    context.set_cipher_list(CIPHERS)
    # The size of records is set by hand; OpenSSL would ask the system about a socket it lacks.
    context.set_options(SSL.OP_NO_QUERY_MTU)
    if cookies is not None:
        context.set_options(_COOKIE_EXCHANGE)
        context.set_cookie_generate_callback(lambda _: cookies.make())
        context.set_cookie_verify_callback(lambda _, cookie: cookies.verify(cookie))
    return context


class SecureState(enum.Enum):
    """Life of a DTLS connection."""

    HANDSHAKE = "handshake"
    OPEN = "open"
    CLOSED = "closed"


class SecureEvent(enum.Enum):
    """Events that move it."""

    FINISHED = "finished"
    CLOSE = "close"


SECURE = TransitionTable(
    "DTLS connections of links",
    SecureState.HANDSHAKE,
    {
        SecureState.HANDSHAKE: {
            SecureEvent.FINISHED: SecureState.OPEN,
            SecureEvent.CLOSE: SecureState.CLOSED,
        },
        SecureState.OPEN: {SecureEvent.CLOSE: SecureState.CLOSED},
        SecureState.CLOSED: {SecureEvent.CLOSE: SecureState.CLOSED},
    },
)


class SecurePeer:
    """One side of a DTLS connection: records in, data out, and the reverse. ``now`` in seconds.

    OpenSSL's timer of the handshake runs by the system's clock, whatever ``now`` says.
    """

    def __init__(self, context: SSL.Context, *, is_server: bool, now: float) -> None:
        self._tls = SSL.Connection(context, None)
        self._tls.set_ciphertext_mtu(MAX_UDP_BYTES)
        if is_server:
            self._tls.set_accept_state()
        else:
            self._tls.set_connect_state()
        self._machine = StateMachine(SECURE, owner="link")
        self.is_open = False
        "True while data can be sent and read."
        self._give_up_at = now + HANDSHAKE_S
        self._retry_at: float | None = None
        self._flight: tuple[bytes, ...] = ()
        self._repeats = 0
        self._repeat_at = 0.0
        self._datagrams: collections.deque[bytes] = collections.deque()
        self._data: collections.deque[bytes] = collections.deque()
        self.dropped = 0
        """Datagrams and data that found no space."""

    @property
    def state(self) -> SecureState:
        """The state of the connection."""
        return self._machine.state

    @property
    def exporter(self) -> bytes:
        """32 bytes that only the two sides of this connection know (RFC 5705)."""
        return bytes(self._tls.export_keying_material(EXPORTER_LABEL, 32))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the other side's certificate, in hexadecimal."""
        found = self._tls.get_peer_certificate(as_cryptography=True)
        if found is None:
            raise LinkRefused("the other side has shown no certificate")
        return found.fingerprint(hashes.SHA256()).hex()

    def start(self, *, now: float) -> None:
        """Begins the handshake from the client's side."""
        self._advance(now=now)

    def listen(self, data: bytes) -> bool:
        """Looks at a client's first datagram; True once it carried a good cookie.

        Until then nothing of it is kept: the caller uses one such object for all addresses.
        """
        if not data:
            return False
        self._tls.bio_write(data)
        try:
            self._tls.DTLSv1_listen()
        except SSL.Error:
            return False
        finally:
            self._drain()
        return True

    def receive(self, data: bytes | memoryview, *, now: float) -> None:
        """Takes a datagram of the other side. What is not DTLS of this connection has no effect."""
        if self.state is SecureState.CLOSED or not data:
            return
        self._tls.bio_write(data)
        if self.is_open and _is_one_record(data):
            # It holds one piece of data at most, and is answered by nothing.
            self._read_record()
        else:
            if self.state is SecureState.HANDSHAKE:
                self._advance(now=now)
            if self.is_open:
                while self._read_record():
                    pass
                self._drain()
        if self._data:  # the other side has all it needs
            self._flight = ()

    def seal(self, data: bytes) -> bytes:
        """Returns a datagram with data, at most ``MAX_DATAGRAM_BYTES``; the connection must be
        open, and nothing else may wait to be sent.
        """
        self._tls.send(data)
        return self._tls.bio_read(_RECORD_BYTES)

    def next_datagram(self) -> bytes | None:
        """Returns a datagram for the other side, or None."""
        return self._datagrams.popleft() if self._datagrams else None

    def next_data(self) -> bytes | None:
        """Returns decrypted data, or None."""
        return self._data.popleft() if self._data else None

    def next_deadline(self) -> float | None:
        """Returns when ``tick`` is to be called; None once the handshake is over on both sides."""
        if self.is_open and not self._flight:
            return None
        times = [self._repeat_at] if self._flight else []
        if self.state is SecureState.HANDSHAKE:
            times += [self._give_up_at, self._retry_at or self._give_up_at]
        return min(times, default=None)

    def tick(self, *, now: float) -> None:
        """Sends a flight of the handshake again, or gives it up."""
        if self._flight and now >= self._repeat_at:
            self._repeat(now=now)
        if self.state is not SecureState.HANDSHAKE:
            return
        if now >= self._give_up_at:
            self.close()
        elif self._retry_at is not None and now >= self._retry_at:
            self._tls.DTLSv1_handle_timeout()
            self._set_retry(now=now)
            self._drain()

    def _repeat(self, *, now: float) -> None:
        for datagram in self._flight:
            _put(self._datagrams, datagram, self)
        self._repeats += 1
        self._repeat_at = now + MIN_REPEAT_S * 2**self._repeats
        if self._repeats == MAX_REPEATS:
            self._flight = ()

    def close(self) -> None:
        """Tells the other side once, and takes nothing any more."""
        self._flight = ()
        if self.state is SecureState.OPEN:
            try:
                self._tls.shutdown()
            except SSL.Error:
                pass  # the other side closed first
            self._drain()
        self._apply(SecureEvent.CLOSE)

    def _apply(self, event: SecureEvent) -> None:
        self.is_open = self._machine.apply(event) is SecureState.OPEN

    def _advance(self, *, now: float) -> None:
        try:
            self._tls.do_handshake()
            self._apply(SecureEvent.FINISHED)
        except SSL.WantReadError:
            pass
        except SSL.Error:
            self._apply(SecureEvent.CLOSE)
        self._set_retry(now=now)
        before = len(self._datagrams)
        self._drain()
        made = tuple(self._datagrams)[before:]
        if made:
            self._flight, self._repeats, self._repeat_at = made, 0, now + MIN_REPEAT_S
        elif self.state is SecureState.OPEN:  # the last flight was the other side's
            self._flight = ()

    def _set_retry(self, *, now: float) -> None:
        left_s = self._tls.DTLSv1_get_timeout()
        self._retry_at = None if left_s is None else now + left_s

    def _read_record(self) -> bool:
        """Reads a piece of data; False once there is none."""
        try:
            data = self._tls.recv(MAX_UDP_BYTES)
        except SSL.WantReadError:
            return False
        except SSL.Error:
            self._apply(SecureEvent.CLOSE)
            return False
        _put(self._data, data, self)
        return True

    def _drain(self) -> None:
        """Packs the records that OpenSSL made into datagrams."""
        try:
            made = self._tls.bio_read(_HANDSHAKE_BYTES)
        except SSL.WantReadError:
            return
        packed = b""
        while len(made) >= _RECORD_HEAD:
            size = _RECORD_HEAD + int.from_bytes(made[11:13], "big")
            if packed and len(packed) + size > MAX_UDP_BYTES:
                _put(self._datagrams, packed, self)
                packed = b""
            packed, made = packed + made[:size], made[size:]
        if packed:
            _put(self._datagrams, packed, self)


def _is_one_record(datagram: bytes | memoryview) -> bool:
    """True if a datagram is one record of data (RFC 6347 section 4.1)."""
    return (
        len(datagram) > _RECORD_HEAD
        and datagram[0] == _APPLICATION_DATA
        and datagram[11] << 8 | datagram[12] == len(datagram) - _RECORD_HEAD
    )


def _put(queue: collections.deque[bytes], item: bytes, peer: SecurePeer) -> None:
    if len(queue) == MAX_RECORDS:
        peer.dropped += 1
    else:
        queue.append(item)
