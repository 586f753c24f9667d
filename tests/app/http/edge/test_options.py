"""Conversion of the settings into the options of the ASGI layer."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from app.http.certificate import Certificate
from app.http.edge.options import edge_options
from app.http.edge.origins import Caller
from tests.certificates import write_certificate
from wire.settings import load_settings

BOTH = {"SHARPCAST_PUBLISH_TOKEN": "p" * 12, "SHARPCAST_ADMIN_TOKEN": "a" * 12}


def test_without_settings_the_server_answers_to_loopback_and_its_own_name() -> None:
    options = edge_options(load_settings({}), None)
    machine = socket.gethostname().lower()
    for host in ("localhost", "127.0.0.1", "::1", machine, f"{machine.split('.')[0]}.local"):
        assert options.names.knows(host), host
    assert not options.names.knows("live.example")
    assert not options.proxies.trust("127.0.0.1")
    assert (options.origins.publish_token, options.origins.admin_token) == (False, False)


def test_names_and_tokens_of_the_settings_count() -> None:
    settings = load_settings(
        {
            **BOTH,
            "SHARPCAST_PUBLIC_URL": "https://cast.example/live",
            "SHARPCAST_ALLOWED_HOSTS": "Cam.Lan,[2001:db8::5]",
            "SHARPCAST_TRUSTED_PROXIES": "10.0.0.0/8",
        }
    )
    options = edge_options(settings, None)
    for host in ("cast.example", "cam.lan", "2001:db8::5"):
        assert options.names.knows(host), host
    assert options.proxies.trust("10.2.3.4")
    assert (options.origins.publish_token, options.origins.admin_token) == (True, True)
    caller = Caller(host="cast.example", origin="http://cam.lan")
    assert not options.origins.is_foreign(caller)


def test_any_name_for_the_server_is_not_any_page_for_its_streams() -> None:
    options = edge_options(load_settings({"SHARPCAST_ALLOWED_HOSTS": "*"}), None)
    assert options.names.knows("anything.example")
    assert options.origins.pages == ()
    assert options.origins.is_foreign(Caller(host="a.example", origin="https://b.example"))


def test_one_token_guards_one_half() -> None:
    for name in BOTH:
        options = edge_options(load_settings({name: BOTH[name]}), None)
        found = (options.origins.publish_token, options.origins.admin_token)
        assert found == ("PUBLISH" in name, "ADMIN" in name)


@pytest.mark.parametrize("names", [("live.example", "*.cdn.example"), ("other.example",)])
def test_names_of_a_renewed_certificate_count_at_once(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    cert, key = write_certificate(tmp_path, hosts=["old.example"])
    certificate = Certificate(cert, key)
    options = edge_options(load_settings({}), certificate)
    assert options.names.knows("old.example")
    write_certificate(tmp_path, hosts=names)
    certificate.check(anyway=True)
    assert not options.names.knows("old.example")
    for name in names:
        assert options.names.knows(name.replace("*", "a"))
