"""TURN servers that are missing, gone, or have another secret."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.webrtc.ice import IceServer
from cli.diagnostics import turn
from cli.diagnostics.finding import Status
from cli.diagnostics.turn_client import TurnResult, TurnServer
from tests.cli.diagnostics.seeds import TOKENS, assert_fault, settings
from tests.cli.diagnostics.test_turn_client import SECRET, coturn
from tests.redis_servers import free_ports


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with coturn(tmp_path_factory.mktemp("turn")) as found:
        yield found


def test_a_secret_without_a_server_is_a_fault_and_none_at_all_a_note() -> None:
    (found,) = turn.check(settings(turn_secret="abc"))
    assert_fault(found, "no TURN server is named", "SHARPCAST_ICE_SERVERS")
    assert list(turn.check(settings())) == []
    (found,) = turn.check(settings(http_host="0.0.0.0", **TOKENS))
    assert found.status is Status.NOTE and found.detail.startswith("none")


def test_a_server_that_relays_is_good(port: int) -> None:
    (found,) = turn.check(settings(ice_servers=f"turn:127.0.0.1:{port}", turn_secret=SECRET))
    assert found.status is Status.GOOD, found
    assert found.what == f"TURN 127.0.0.1:{port}"


def test_another_secret_is_a_fault(port: int) -> None:
    (found,) = turn.check(settings(ice_servers=f"turn:127.0.0.1:{port}", turn_secret="other"))
    assert_fault(found, "refuses the login", "static-auth-secret", "SHARPCAST_TURN_SECRET")


def test_a_password_that_is_wrong_is_a_fault(port: int) -> None:
    (found,) = turn.check(settings(ice_servers=f"turn:me:wrong@127.0.0.1:{port}"))
    assert_fault(found, "refuses the login", "turn:USER:PASSWORD@HOST:PORT")
    assert "wrong@" not in str(found.as_dict())


@pytest.mark.parametrize("query", ["", "?transport=tcp"])
def test_a_server_that_is_gone_is_a_fault(query: str) -> None:
    (port,) = free_ports(1)
    gone = settings(ice_servers=f"turn:127.0.0.1:{port}{query}", turn_secret="abc")
    (found,) = turn.check(gone)
    assert_fault(found, "cannot be reached", "TCP port" if query else "UDP port", str(port))


def test_the_place_of_a_turn_address() -> None:
    server = IceServer("turn:turn.example.org?transport=tcp", "u", "p")
    assert turn.place_of(server) == TurnServer("turn.example.org", 3478, "u", "p", True)
    assert turn.place_of(IceServer("turn:[2001:db8::1]:99")) == TurnServer(
        "2001:db8::1", 99, "", ""
    )


@pytest.mark.parametrize("result", [TurnResult.OPEN, TurnResult.FAILS])
def test_other_answers_are_faults(result: TurnResult) -> None:
    assert_fault(turn.judge("TURN x", result, 486, has_secret=True))
