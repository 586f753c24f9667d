"""What the types of settings take and refuse, without the whole of the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from wire import setting_types as types


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (types.Words, " a, b,,c ", ("a", "b", "c")),
        (types.HostNames, "A.example,*.B.example,*", ("a.example", "*.b.example", "*")),
        (types.IpAddresses, "192.0.2.1,2001:db8::1", ("192.0.2.1", "2001:db8::1")),
        (types.Networks, "10.0.0.1/8", ("10.0.0.1/8",)),
        (types.Bitrates, "640x360=1200", ("640x360=1200",)),
        (types.PublicUrl, "https://a.example/live/", "https://a.example/live"),
        (types.KeyPrefix, "other:", "other:"),
        (types.WorkerName, "edge-1.b", "edge-1.b"),
        (types.Folder, "~", Path.home()),
        (types.Folder, "/var/~b", Path("/var/~b")),
    ],
)
def test_values_are_taken(kind: Any, value: str, expected: object) -> None:
    assert TypeAdapter(kind).validate_python(value) == expected


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (types.HostNames, "https://a", "is no host name"),
        (types.IpAddresses, "a.example", "does not appear to be"),
        (types.Networks, "10.0.0.0/99", "does not appear to be"),
        (types.IceServers, "http://a", "must start with stun:"),
        (types.Bitrates, "", "at least one size"),
        (types.Bitrates, "640=1", "is not of the form"),
        (types.PublicUrl, "ftp://a", "must be of the form"),
        (types.PublicUrl, "https://a/?b", "and no more"),
        (types.RedisUrl, "http://a", "redis"),
        (types.KeyPrefix, "a b", "only letters"),
        (types.WorkerName, "-a", "only letters"),
        (types.Token, "short", "at least 8 characters"),
        (types.Token, "with a blank", "only ASCII characters"),
        (types.Folder, "~no-such-user/models", "no such home folder; give the whole path"),
        (types.Folder, "/var/a\0b", "is no path"),
    ],
)
def test_values_are_refused_in_words(kind: Any, value: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        TypeAdapter(kind).validate_python(value)


def test_only_this_machines_names_are_loopback() -> None:
    for host in ("localhost", "a.localhost", "127.0.0.9", "::1"):
        assert types.is_loopback(host)
    for host in ("0.0.0.0", "example.com", "::", "localhost.example"):
        assert not types.is_loopback(host)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("stun:stun.example.org", ("stun.example.org", 3478)),
        ("stun:stun.example.org:19302", ("stun.example.org", 19302)),
        ("stun:[2001:db8::1]", ("2001:db8::1", 3478)),
        ("stun:[2001:db8::1]:9", ("2001:db8::1", 9)),
    ],
)
def test_a_stun_server_has_the_usual_port_where_none_is_named(
    text: str, place: tuple[str, int]
) -> None:
    assert types.parse_stun(text) == place


def test_a_login_has_both_words() -> None:
    assert types.has_login("turn:user:password@host:3478")
    for server in ("turn:host", "turn:user@host", "turn::password@host", "turn:user:@host"):
        assert not types.has_login(server)
