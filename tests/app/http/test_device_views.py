"""Views of devices: where they join, and what is shown of them."""

from __future__ import annotations

import shlex

import msgspec
import pytest

from app.http.device_views import device_list, new_device, place_of
from tests.wire.test_gateway_heartbeat import BEAT
from wire.devices import DeviceRecord
from wire.gateway_heartbeat import GatewayBeat
from wire.join_tokens import JoinToken, NewToken

SECRET = "ab" * 64


def gateway(host: str) -> GatewayBeat:
    return msgspec.structs.replace(BEAT, host=host)


def record(name: str) -> DeviceRecord:
    return DeviceRecord(
        name=name,
        fingerprint="cd" * 32,
        token="t",
        secret=SECRET,
        joined_us=1_800_000_000_000_000,
        seen_us=1_800_000_060_000_000,
        address="198.51.100.7",
    )


@pytest.mark.parametrize(
    ("host", "asked", "place"),
    [
        ("0.0.0.0", "cast.example.org", "cast.example.org:9443"),
        ("::", "2001:db8::1", "[2001:db8::1]:9443"),
        ("192.0.2.1", "cast.example.org", "192.0.2.1:9443"),
        ("2001:db8::2", "cast.example.org", "[2001:db8::2]:9443"),
    ],
)
def test_a_device_joins_where_the_gateway_can_be_reached(host: str, asked: str, place: str) -> None:
    assert place_of(gateway(host), asked) == place


def test_the_command_survives_a_shell() -> None:
    made = NewToken("-a$b'c d", "0123", 1_800_000_000_000_000)
    shown = new_device(made, "attic", "[::1]:9443")
    assert shlex.split(shown.command) == ["sharpcast", "join", "[::1]:9443", "--token=-a$b'c d"]
    assert (shown.name, shown.expires_at) == ("attic", "2027-01-15T08:00:00Z")


def test_devices_are_shown_with_the_links_that_their_gateways_measure() -> None:
    tokens = [JoinToken(id="0123", name="", secret=SECRET, expires_us=1_800_000_000_000_000)]
    shown = device_list([record("dev1"), record("dev2")], tokens, [BEAT])
    here, away = shown.devices
    assert (here.state, here.gateway) == ("joined", "g1")
    assert here.link is not None
    assert (here.link.rtt_ms, here.link.loss, here.link.messages) == (41.5, 0.02, {"sent": 7})
    assert [(job.stream, job.rendition) for job in here.jobs] == [("cam1", "enhanced")]
    assert (away.state, away.gateway, away.link, away.jobs) == ("away", "", None, [])
    assert away.seen_at == "2027-01-15T08:01:00Z"
    assert [(each.name, each.devices) for each in shown.gateways] == [("g1", 1)]
    assert [each.id for each in shown.tokens] == ["0123"]
    # Neither tokens nor what is kept of them are anybody's business.
    assert SECRET not in shown.model_dump_json()
