"""The address to which a stream is pushed."""

from __future__ import annotations

import pytest

from cli.errors import NotPushed
from cli.pusher.target import TargetKind, parse_target


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        (
            "https://live.example/whip/cam",
            TargetKind.WHIP,
            "https://live.example/whip/cam",
        ),
        ("http://host:8080/whip/cam?x=1", TargetKind.WHIP, "http://host:8080/whip/cam"),
        ("rtmp://host/app/secret-key", TargetKind.RTMP, "rtmp://host/app/..."),
        ("rtmps://host:443/app/secret-key", TargetKind.RTMP, "rtmps://host:443/app/..."),
    ],
)
def test_the_scheme_tells_the_protocol_and_no_key_is_shown(
    text: str, kind: TargetKind, shown: str
) -> None:
    target = parse_target(text)
    assert (target.kind, target.shown, target.url) == (kind, shown, text)


@pytest.mark.parametrize("text", ["", "cam", "srt://host:1", "http://", "rtmp:///x", "http://h:x/"])
def test_anything_else_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(NotPushed, match=r"\.$"):
        parse_target(text)


def test_a_token_belongs_to_whip() -> None:
    assert parse_target("https://host/whip/cam", "secret").token == "secret"
    with pytest.raises(NotPushed, match="RTMP takes no token"):
        parse_target("rtmp://host/app/key", "secret")
