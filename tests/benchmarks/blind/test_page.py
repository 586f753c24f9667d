"""The page of blind pairs."""

from __future__ import annotations

import base64
import html.parser
import json
import re

import cv2
import numpy as np

from benchmarks.blind.page import ZOOM, render_page
from benchmarks.blind.pairs import Pair, choose
from tests.benchmarks.blind.frames import NET, frame

PAIRS = choose([frame(name) for name in "abcdefghi"], NET, 5)
PAGE = render_page(PAIRS, "about </script> it")


class Reader(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(page: str = PAGE) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def of(tag: str) -> list[dict[str, str | None]]:
    return [attributes for name, attributes in read().tags if name == tag]


def test_the_page_is_well_formed_and_in_one_file() -> None:
    assert read().open == []
    assert "http" not in PAGE.replace("data:image", "")
    assert not [a for _, a in read().tags if "href" in a]
    assert all((image["src"] or "").startswith("data:image/png;base64,") for image in of("img"))
    assert [a for _, a in read().tags if a.get("lang")] == [{"lang": "en"}]


def test_every_pair_has_two_pictures_with_words_and_two_named_choices() -> None:
    assert len(of("fieldset")) == len(of("legend")) == len(PAIRS)
    images = of("img")
    assert len({image["alt"] for image in images}) == 2 * len(PAIRS)
    choices = of("input")
    assert [choice["type"] for choice in choices] == ["radio"] * 2 * len(PAIRS)
    assert {choice["name"] for choice in choices} == {f"pair{n}" for n in range(len(PAIRS))}
    # A label around each choice names it for a screen reader and makes it larger for a pointer.
    assert PAGE.count("<label><input") == len(choices)


def test_nothing_before_the_answers_tells_which_is_which() -> None:
    before = PAGE.split('<script type="application/json"')[0]
    assert "busiest" not in before and NET not in before and "about" not in before
    assert not re.search(r"<img[^>]*(enhanced|bicubic|player)", before)


def test_the_answers_are_those_of_the_pairs() -> None:
    (text,) = re.findall(r'id="held">(.*?)</script>', PAGE, re.DOTALL)
    held = json.loads(text)
    assert held["sides"] == ["left" if pair.enhanced_is_left else "right" for pair in PAIRS]
    assert held["titles"] == [pair.title for pair in PAIRS]
    assert len(held["chance"]) == len(PAIRS) + 1 and held["chance"][0] == 1
    assert held["about"] == "about </script> it"


def test_pictures_are_shown_larger_pixel_by_pixel() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (10, 20, 3), np.uint8)
    page = render_page([Pair("a", picture, picture, True)], "")
    first = read(page).tags[[name for name, _ in read(page).tags].index("img")][1]
    assert (first["width"], first["height"]) == (str(20 * ZOOM), str(10 * ZOOM))
    data = base64.b64decode((first["src"] or "").split(",")[1])
    seen = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert seen is not None and np.array_equal(np.asarray(seen), picture)
    assert "image-rendering: pixelated" in page
