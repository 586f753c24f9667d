"""What a user is told where no session comes about.

The sessions are in a process of their own: FFmpeg keeps the interpreter's lock while it waits for
the server of this one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.server import free_port
from cli.publisher.server_query import ServerReason
from cli.publisher.session import _refused
from tests.cli.publisher.http_server import answering

SESSIONS = """
import json, sys
from fractions import Fraction
from cli.errors import NotPublished
from cli.publisher.session import SendFormat, WhipSession

form = SendFormat(width=32, height=24, fps=Fraction(10), kbps=100, has_sound=True)
for url, token in json.loads(sys.argv[1]):
    try:
        with WhipSession(url, token, form):
            print(json.dumps(["stands", False]))
    except NotPublished as error:
        print(json.dumps([str(error), error.is_passing]))
"""


def tried(*urls: str, tokens: tuple[str, ...] = ()) -> list[Any]:
    """Sentence, and whether it may pass, of a session with each address."""
    pairs = [(url, tokens[index] if tokens else "") for index, url in enumerate(urls)]
    ended = subprocess.run(
        [sys.executable, "-c", SESSIONS, json.dumps(pairs)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


REFUSALS = {
    400: ("The server does not take the offer or the name 'cam' (400).", False),
    401: ("The server wants its publish token: set SHARPCAST_PUBLISH_TOKEN (401).", False),
    404: ("Nothing takes streams at {url} (404).", False),
    409: (
        "Somebody publishes 'cam' already; choose another name or end that one (409).",
        True,
    ),
    500: ("The server is full or cannot work at the moment; try again later (503).", True),
    503: ("The server is full or cannot work at the moment; try again later (503).", True),
}


def test_each_refusal_has_its_sentence_and_some_pass() -> None:
    with answering() as server:
        urls = [f"{server.url}/{status}/whip/cam" for status in REFUSALS]
        found = tried(*urls)
    for url, (sentence, is_passing), got in zip(urls, REFUSALS.values(), found, strict=True):
        assert got == [sentence.format(url=url), is_passing]
    asked = [(method, path) for method, path, _ in server.asked]
    # FFmpeg does not keep the reason of a 409, so it is asked for.
    twice = sorted([*REFUSALS, 409])
    assert asked == [("POST", f"/{status}/whip/cam") for status in twice]


@pytest.mark.parametrize(
    ("title", "detail", "said"),
    [
        (
            "Too many streams at a time",
            "What you publish with allows 2 streams.",
            "The server refuses the stream: What you publish with allows 2 streams (409).",
        ),
        ("Full", "", "The server refuses the stream: Full (409)."),
        ("Odd", "a\x1b[2J\nb", "The server refuses the stream: a\\x1b[2J\\nb (409)."),
        ("Already publishing", "cam already has a publisher.", REFUSALS[409][0]),
    ],
)
def test_a_refusal_is_told_in_the_words_of_the_server(title: str, detail: str, said: str) -> None:
    body = json.dumps({"title": title, "detail": detail, "status": 409}).encode()
    with answering(409, body) as server:
        assert tried(f"{server.url}/whip/cam", tokens=("a-long-word",)) == [[said, True]]
    assert [token for _, _, token in server.asked] == ["Bearer a-long-word"] * 2


def test_a_refusal_behind_the_offer_names_both_reasons() -> None:
    """The question for the reason has no offer, so the server cannot come to it."""
    url = "http://127.0.0.1:8080/whip/cam"
    said = _refused(ServerReason(400, "Bad offer", "There is no SDP."), url)
    assert said == (
        "Somebody publishes 'cam' already, or there is no room for its view permission; choose "
        "another name, or end that one (409)."
    )


def test_the_token_goes_with_the_offer() -> None:
    with answering(400) as server:
        tried(f"{server.url}/a", f"{server.url}/b", tokens=("a-long-word", ""))
    assert [token for _, _, token in server.asked] == ["Bearer a-long-word", ""]


def test_a_port_where_nobody_listens_is_named() -> None:
    port = free_port()
    sentence = f"Nothing listens at 127.0.0.1:{port}: the connection was refused."
    assert tried(f"http://127.0.0.1:{port}/whip/cam") == [[sentence, True]]


@pytest.mark.parametrize("body", [b"", b"hello", b"v=0\r\n"])
def test_an_answer_that_is_none_is_one_sentence(body: bytes) -> None:
    with answering(201, body) as server:
        ((sentence, _),) = tried(f"{server.url}/whip/cam")
    assert sentence.startswith("No session with 127.0.0.1:")
    assert sentence.endswith(".") and "\n" not in sentence
