"""The checks of ``sharpcast doctor``, one by one."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from cli import diagnostics
from cli.diagnostics import Finding, Status
from tests.certificates import write_certificate
from wire.settings import PREFIX, Settings, load_settings
from workers.engines.registry import UNVERIFIED


def settings(**keys: str) -> Settings:
    return load_settings({f"{PREFIX}{name.upper()}": value for name, value in keys.items()})


def test_a_finding_is_json_with_its_status_as_a_word() -> None:
    finding = Finding("web port", Status.NOTE, "taken", {"port": 8080})
    assert json.loads(json.dumps(finding.as_dict())) == {
        "what": "web port",
        "status": "note",
        "detail": "taken",
        "values": {"port": 8080},
    }


def test_a_free_port_is_good_and_a_taken_one_says_what_to_set() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = diagnostics._port(settings(http_port=str(port)))
        assert found.status is Status.NOTE
        assert found.detail.startswith(f"127.0.0.1:{port} is taken (Address already in use)")
        assert found.detail.endswith("; set SHARPCAST_HTTP_PORT")
    free = diagnostics._port(settings(http_port=str(port)))
    assert free.status is Status.GOOD and f"127.0.0.1:{port} is free" in free.detail


def test_a_media_port_that_is_taken_says_what_to_set() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        found = diagnostics._media_port(settings(udp_port=str(port)))
        assert found.status is Status.NOTE
        assert found.detail.startswith(f"UDP 127.0.0.1:{port} cannot be had (Address already in")
        assert found.detail.endswith("; set SHARPCAST_UDP_PORT")
    free = diagnostics._media_port(settings(udp_port=str(port)))
    assert free.status is Status.GOOD
    assert free.detail == f"UDP port {port} is free; peers are offered 127.0.0.1"
    any_port = diagnostics._media_port(settings(udp_port="0", ice_addresses="203.0.113.5"))
    assert any_port.detail == "any UDP port is free; peers are offered 203.0.113.5"


@pytest.mark.parametrize("host", ["192.0.2.77", "2001:db8::77"])
def test_a_host_that_is_no_address_of_this_machine_is_told_from_a_taken_port(host: str) -> None:
    tokens = {"publish_token": "a-long-word", "admin_token": "b-long-word"}
    found = diagnostics._port(settings(http_host=host, http_port="0", **tokens))
    assert found.status is Status.NOTE
    assert f"{host} is no address of this machine" in found.detail
    assert found.detail.endswith("; set SHARPCAST_HTTP_HOST")


def test_a_redis_that_is_named_is_not_looked_for() -> None:
    named = diagnostics._redis(settings(redis_url="redis://h:1"))
    assert named.detail == "the one that SHARPCAST_REDIS_URL names" and not named.values
    own = diagnostics._redis(settings())
    assert own.status is Status.GOOD and own.detail.startswith("embedded, ")
    assert Path(own.values["binary"]).exists()


def test_every_encoder_that_is_needed_is_looked_for() -> None:
    found = {finding.what: finding for finding in diagnostics._encoders()}
    assert set(found) == {"encoder libx264", "encoder libvpx", "encoder libopus"}
    assert all(finding.status is Status.GOOD for finding in found.values())


def test_engines_that_never_ran_on_hardware_are_a_note_at_most() -> None:
    found = {finding.what: finding for finding in diagnostics._engines()}
    assert found["engine openvino"].status is Status.GOOD
    for name in UNVERIFIED:
        assert found[f"engine {name}"].status is Status.NOTE
        assert "has not run on hardware yet" in found[f"engine {name}"].detail


def test_an_engine_that_is_none_is_one_finding() -> None:
    (found,) = diagnostics._nets(settings(engine="abacus"))
    assert (found.what, found.status) == ("nets", Status.MISSING)
    assert "'abacus' cannot be used" in found.detail


def test_without_tls_the_camera_is_missed(tmp_path: Path) -> None:
    assert diagnostics._tls(settings()).status is Status.NOTE
    certificate, key = write_certificate(tmp_path)
    with_tls = settings(tls_cert=str(certificate), tls_key=str(key))
    assert diagnostics._tls(with_tls).status is Status.GOOD


def test_memory_and_cores_are_those_of_the_machine() -> None:
    memory, processor = diagnostics._memory(), diagnostics._processor()
    assert 0 < memory.values["free"] <= memory.values["total"]
    assert processor.values["cores"] >= 1
    assert set(processor.values["flags"]) <= {"avx2", "avx512f", "avx512_vnni", "avx_vnni"}


def test_the_port_for_devices_is_checked_where_one_is_set() -> None:
    (unset,) = diagnostics._gateway(settings())
    assert unset.status is Status.NOTE and "SHARPCAST_GATEWAY_HOST is not set" in unset.detail
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        (found,) = diagnostics._gateway(settings(gateway_host="127.0.0.1", gateway_port=port))
        assert found.status is Status.NOTE and "SHARPCAST_GATEWAY_PORT" in found.detail
    (free,) = diagnostics._gateway(settings(gateway_host="127.0.0.1", gateway_port=port))
    assert free.status is Status.GOOD and free.detail.endswith("with a token of its own each")
    (both,) = diagnostics._gateway(
        settings(gateway_host="127.0.0.1", gateway_port=port, join_token="t" * 20)
    )
    assert "with the shared token" in both.detail
