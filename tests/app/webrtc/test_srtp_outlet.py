"""Packets that are protected together are those that ``pylibsrtp`` protects one by one."""

from __future__ import annotations

import struct

import pylibsrtp
import pytest

from app.webrtc.srtp_outlet import MAX_PACKET_BYTES, SrtpOutlet

PROFILES = {
    pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM: 28,
    pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM: 44,
    pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80: 30,
}
"""Bytes of key and salt."""


def session(profile: int, *, inbound: bool = False) -> pylibsrtp.Session:
    direction = pylibsrtp.Policy.SSRC_ANY_INBOUND if inbound else pylibsrtp.Policy.SSRC_ANY_OUTBOUND
    key = bytes(range(PROFILES[profile]))
    return pylibsrtp.Session(pylibsrtp.Policy(key=key, ssrc_type=direction, srtp_profile=profile))


def packet(sequence: int, size: int = 100, *, ssrc: int = 7) -> bytes:
    return (
        struct.pack("!BBHII", 0x80, 96, sequence & 0xFFFF, 0, ssrc) + bytes([sequence % 256]) * size
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_they_are_the_same_packets(profile: int) -> None:
    packets = [packet(65_500 + n, 10 * n, ssrc=7 + n % 2) for n in range(100)]
    one, all_at_once = session(profile), SrtpOutlet(session(profile))
    protected = all_at_once.protect_all(packets[:60]) + all_at_once.protect_all(packets[60:])
    assert protected == [one.protect(each) for each in packets]
    receiver = session(profile, inbound=True)
    assert [receiver.unprotect(each) for each in protected] == packets


@pytest.mark.parametrize("profile", PROFILES)
def test_control_packets_are_protected_too(profile: int) -> None:
    outlet = SrtpOutlet(session(profile))
    report = struct.pack("!BBHI", 0x80, 201, 1, 7)
    protected = outlet.protect_control(report)
    assert session(profile, inbound=True).unprotect_rtcp(protected) == report
    # The buffer is shared by both.
    assert len(outlet.protect_all([packet(1)])) == 1


def test_what_libsrtp_does_not_take_is_an_error_and_the_rest_goes_on() -> None:
    profile = pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    outlet = SrtpOutlet(session(profile))
    with pytest.raises(pylibsrtp.Error):
        outlet.protect_all([packet(1), packet(1)])  # libsrtp refuses a number that was used
    with pytest.raises(pylibsrtp.Error):
        outlet.protect_all([b"short"])
    (protected,) = outlet.protect_all([packet(2)])
    assert session(profile, inbound=True).unprotect(protected) == packet(2)


def test_the_longest_packet_is_that_of_a_session() -> None:
    profile = pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80
    longest = packet(1, MAX_PACKET_BYTES - 12)
    assert len(longest) == MAX_PACKET_BYTES
    one, outlet = session(profile), SrtpOutlet(session(profile))
    assert outlet.protect_all([longest]) == [one.protect(longest)]
    for protect in (one.protect, lambda data: outlet.protect_all([data])):
        with pytest.raises(ValueError, match="too long"):
            protect(longest + b"x")


def test_nothing_is_nothing() -> None:
    outlet = SrtpOutlet(session(pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM))
    assert outlet.protect_all([]) == []
