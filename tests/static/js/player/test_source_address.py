"""What `src` of an embedded player names (``player/source-address.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

BODY = "return m.parseSource(given, 'https://blog.example/posts/1')"


@pytest.mark.parametrize(
    ("src", "root", "stream"),
    [
        ("https://live.example/watch/cam1", "https://live.example/", "cam1"),
        ("https://live.example/watch/cam1/?view=source", "https://live.example/", "cam1"),
        ("https://live.example:8443/sub/embed/a.b", "https://live.example:8443/sub/", "a.b"),
        ("/watch/cam1", "https://blog.example/", "cam1"),
        ("../watch/cam1", "https://blog.example/", "cam1"),
    ],
)
async def test_an_address_of_a_page_gives_server_and_stream(
    run: Run, src: str, root: str, stream: str
) -> None:
    assert await run("player/source-address", BODY, src) == {
        "root": root, "stream": stream, "token": "", "fault": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("src", "words"),
    [
        ("", "has no address"),
        ("   ", "has no address"),
        ("https://live.example/", "not the address of a watch page"),
        ("https://live.example/watch/a/b", "not the address of a watch page"),
        ("ftp://live.example/watch/cam1", "not the address of a watch page"),
        ("http://[", "is no address"),
        ("https://live.example/watch/%E0%A4%A", "is no address"),
        ("https://live.example/watch/-x", "starts with a letter"),
    ],
)
async def test_what_is_none_is_said_in_a_sentence(run: Run, src: str, words: str) -> None:
    found = await run("player/source-address", BODY, src)
    assert words in found["fault"]
    assert found["fault"].endswith(".")


async def test_the_token_to_watch_stands_in_the_query(run: Run) -> None:
    found = await run("player/source-address", BODY, "/embed/cam1?view=source&token=vt_a.b%2B")
    assert (found["stream"], found["token"]) == ("cam1", "vt_a.b+")
