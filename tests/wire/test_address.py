from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.address import Address, AddressKind, Login, parse_address
from wire.errors import BadAddress

PASSWORDS = [
    "se#cret",
    "a/b",
    "a?b",
    "a:b",
    "a@b",
    "a%b",
    "100%",
    "%zz",
    "ä€",
    "#/?@:%",
    "a b",
    "[x]",
]


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize(
    "place", ["redis://{}h:1/2", "redis+cluster://{}h:1,i:2", "redis+sentinel://{}h,i/m/3"]
)
def test_a_password_holds_any_character(password: str, place: str) -> None:
    assert parse_address(place.format(f"user:{password}@")).login == Login("user", password)
    assert parse_address(place.format(f":{password}@")).login == Login(None, password)


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_password_may_be_percent_encoded(password: str) -> None:
    encoded = "".join(f"%{byte:02X}" for byte in password.encode())
    address = parse_address(f"redis://user:{encoded}@host:7000/3")
    assert address.login == Login("user", password)
    assert (address.hosts, address.database) == ((("host", 7000),), 3)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("redis://host", Address(AddressKind.SERVER, hosts=(("host", 6379),))),
        ("redis://", Address(AddressKind.SERVER, hosts=(("localhost", 6379),))),
        ("redis://[::1]:7000/4", Address(AddressKind.SERVER, hosts=(("::1", 7000),), database=4)),
        ("redis://h?db=5", Address(AddressKind.SERVER, hosts=(("h", 6379),), database=5)),
        ("rediss://h:1", Address(AddressKind.SERVER, hosts=(("h", 1),), is_tls=True)),
        ("unix:///run/r.sock", Address(AddressKind.SERVER, path="/run/r.sock")),
        ("unix:///run/a@b.sock", Address(AddressKind.SERVER, path="/run/a@b.sock")),
        (
            "unix://u:p@/run/r.sock?db=2",
            Address(AddressKind.SERVER, path="/run/r.sock", login=Login("u", "p"), database=2),
        ),
        (
            "redis+sentinel://a,b:1/main/2",
            Address(
                AddressKind.SENTINEL, hosts=(("a", 26379), ("b", 1)), service="main", database=2
            ),
        ),
        (
            "rediss+sentinel://a/main?sentinel_user=s&sentinel_password=%40",
            Address(
                AddressKind.SENTINEL, hosts=(("a", 26379),), service="main", is_tls=True,
                sentinel_login=Login("s", "@"),
            ),
        ),
        (
            "rediss+cluster://a,b:1",
            Address(AddressKind.CLUSTER, hosts=(("a", 6379), ("b", 1)), is_tls=True),
        ),
    ],
)  # fmt: skip
def test_each_form_is_read(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("http://host", "it must start with redis://"),
        ("secret", "it must start with redis://"),
        ("redis://:secret", "the host or the port cannot be read"),
        ("redis://u:secret@host:port", "the host or the port cannot be read"),
        ("redis://u:secret@host:70000", "the host or the port cannot be read"),
        ("redis://u:secret@host/x", "the number of a database"),
        ("redis://u:secret@a,b", "several hosts need"),
        ("redis://u:secret@host?secret=1", "an option behind ?"),
        ("redis+sentinel://u:secret@host", "/SERVICE"),
        ("redis+sentinel://u:secret@host/m/x", "the number of a database"),
        ("redis+cluster://u:secret@host/3", "database 0 only"),
        ("redis+cluster://u:secret@", "the host or the port cannot be read"),
        ("redis://u:secret@host?ca=/secret", "for rediss://"),
        ("rediss://u:secret@host?ca=/secret", "the file that ca names"),
        ("rediss://u:secret@host?cert=/secret", "cert and key go together"),
        ("unix://u:secret@run", "the path of a socket"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence_without_a_secret(
    text: str, words: str
) -> None:
    with pytest.raises(BadAddress) as caught:
        parse_address(text)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    for scheme in ("redis", "rediss+sentinel", "redis+cluster", "unix"):
        try:
            address = parse_address(f"{scheme}://{text}")
        except BadAddress:
            continue
        assert address.path or address.hosts


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="%"), max_size=40))
def test_any_password_without_percent_signs_is_taken_as_it_stands(password: str) -> None:
    password = password.strip()
    assert parse_address(f"redis://:{password}@host").login.password == password


def test_nothing_shows_a_login(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.touch()
    texts = {
        "redis://u:secret@[::1]:1/2": "redis://[::1]:1/2",
        f"rediss://u:secret@h?ca={file}": "rediss://h:6379",
        "unix://u:secret@/r.sock": "unix:///r.sock",
        "rediss+sentinel://u:secret@a,b/m/2?sentinel_password=secret": (
            "rediss+sentinel://a:26379,b:26379/m/2"
        ),
        "redis+cluster://u:secret@a": "redis+cluster://a:6379",
    }
    for text, shown in texts.items():
        address = parse_address(text)
        assert address.shown() == shown
        assert "secret" not in repr(address)
