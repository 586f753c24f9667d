"""The port for devices at other sites."""

from __future__ import annotations

import socket

from cli.diagnostics import gateway_port
from cli.diagnostics.finding import Status
from tests.cli.diagnostics.seeds import assert_fault, settings


def test_the_port_for_devices_is_checked_where_one_is_set() -> None:
    (unset,) = gateway_port.check(settings())
    assert unset.status is Status.NOTE and "SHARPCAST_GATEWAY_HOST is not set" in unset.detail
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        (found,) = gateway_port.check(settings(gateway_host="127.0.0.1", gateway_port=port))
        assert_fault(found, "SHARPCAST_GATEWAY_PORT")
    (free,) = gateway_port.check(settings(gateway_host="127.0.0.1", gateway_port=port))
    assert free.status is Status.GOOD and free.detail.endswith("with a token of its own each")
    (both,) = gateway_port.check(
        settings(gateway_host="127.0.0.1", gateway_port=port, join_token="t" * 20)
    )
    assert "with the shared token" in both.detail
