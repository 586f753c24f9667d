"""What is missing for a public address, from the settings alone."""

from __future__ import annotations

import pytest

from cli.public_setup.lacks import LackKind, check_url, derived, find_lacks, in_words
from wire.errors import BadSettings

URL = "https://live.example.org"
TOKENS = {"SHARPCAST_PUBLISH_TOKEN": "a" * 20, "SHARPCAST_ADMIN_TOKEN": "b" * 20}
TLS = {"SHARPCAST_TLS_CERT": "/c.pem", "SHARPCAST_TLS_KEY": "/k.pem"}
PROXY = {"SHARPCAST_TRUSTED_PROXIES": "127.0.0.1"}


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        ({}, [LackKind.TOKENS, LackKind.CERTIFICATE]),
        (TOKENS, [LackKind.CERTIFICATE]),
        (TLS, [LackKind.TOKENS]),
        (TOKENS | TLS, []),
        (TOKENS | PROXY, []),
        ({**TOKENS, "SHARPCAST_TLS_CERT": "/c.pem"}, [LackKind.CERTIFICATE]),
    ],
)
def test_tokens_and_a_certificate_or_a_proxy_are_needed(
    values: dict[str, str], kinds: list[LackKind]
) -> None:
    assert [lack.kind for lack in find_lacks(values, URL)] == kinds


def test_only_the_token_that_is_missing_is_named() -> None:
    half = {"SHARPCAST_PUBLISH_TOKEN": "a" * 20, **TLS}
    (lack,) = find_lacks(half, URL)
    assert lack.sentence.startswith("SHARPCAST_ADMIN_TOKEN: ")


def test_a_certificate_means_that_the_server_listens_to_all() -> None:
    assert derived(TLS, URL) == {
        "SHARPCAST_PUBLIC_URL": URL,
        "SHARPCAST_HTTP_HOST": "0.0.0.0",
        "SHARPCAST_HTTP_PORT": "443",
    }
    assert derived(TLS, f"{URL}:8443")["SHARPCAST_HTTP_PORT"] == "8443"
    assert derived(PROXY, URL) == {"SHARPCAST_PUBLIC_URL": URL}


def test_what_is_set_stays() -> None:
    own = {**TLS, "SHARPCAST_HTTP_HOST": "192.0.2.1", "SHARPCAST_HTTP_PORT": "8080"}
    assert derived(own, URL) == {"SHARPCAST_PUBLIC_URL": URL}


@pytest.mark.parametrize("url", ["http://h", "live.example.org", "https://", "https://u@h", ""])
def test_an_address_that_browsers_give_no_camera_to_is_refused(url: str) -> None:
    with pytest.raises(BadSettings, match="https://HOST"):
        check_url(url)


@pytest.mark.parametrize("port", ["99999", "65536", "0", "-1", "web"])
def test_a_port_that_there_is_not_is_refused(port: str) -> None:
    with pytest.raises(BadSettings, match="a port of 1 to 65535"):
        check_url(f"{URL}:{port}")
    assert check_url(f"{URL}:65535") == f"{URL}:65535"


def test_an_address_loses_its_last_slash() -> None:
    assert check_url(f"{URL}/") == URL


def test_the_list_names_all_with_their_cures() -> None:
    text = in_words(URL, find_lacks({}, URL))
    assert text.startswith(f"To serve {URL}, this is missing:\n  - SHARPCAST_PUBLISH_TOKEN and")
    assert "certbot certonly --standalone -d live.example.org" in text
    assert "token_urlsafe" in text
