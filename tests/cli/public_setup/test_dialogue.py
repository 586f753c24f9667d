"""The dialogue: answers become settings; whoever gives up gets one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.public_setup.dialogue import MAX_ANSWERS, Dialogue
from cli.public_setup.lacks import Lack, LackKind, find_lacks
from wire.errors import BadSettings

URL = "https://live.example.org"


class Terminal:
    """Answers in turn, and keeps what was said."""

    def __init__(self, *answers: str) -> None:
        self._answers: Iterator[str] = iter(answers)
        self.said: list[str] = []

    def ask(self, question: str) -> str:
        self.said.append(question)
        try:
            return next(self._answers)
        except StopIteration:
            raise EOFError from None

    def dialogue(self, folder: Path) -> Dialogue:
        return Dialogue(self.ask, self.said.append, folder)


def fill(terminal: Terminal, folder: Path, known: dict[str, str] | None = None) -> dict[str, str]:
    known = known or {}
    return terminal.dialogue(folder).fill(find_lacks(known, URL), URL, known)


def test_tokens_are_made_and_a_trial_certificate(tmp_path: Path) -> None:
    found = fill(Terminal("", "3"), tmp_path)
    assert len(found["SHARPCAST_PUBLISH_TOKEN"]) == 32
    assert found["SHARPCAST_PUBLISH_TOKEN"] != found["SHARPCAST_ADMIN_TOKEN"]
    assert Path(found["SHARPCAST_TLS_CERT"]).exists()
    assert Path(found["SHARPCAST_TLS_KEY"]).parent == tmp_path


def test_a_token_that_is_set_is_not_made_anew(tmp_path: Path) -> None:
    found = fill(Terminal("y", "2", ""), tmp_path, {"SHARPCAST_ADMIN_TOKEN": "mine-mine-mine"})
    assert set(found) == {"SHARPCAST_PUBLISH_TOKEN", "SHARPCAST_TRUSTED_PROXIES"}
    assert found["SHARPCAST_TRUSTED_PROXIES"] == "127.0.0.1"


def test_files_are_asked_for_until_they_can_be_read(tmp_path: Path) -> None:
    cert, key = tmp_path / "c.pem", tmp_path / "k.pem"
    cert.touch()
    key.touch()
    terminal = Terminal("Y", "1", "/not/there", str(cert), str(key))
    found = fill(terminal, tmp_path)
    assert found["SHARPCAST_TLS_CERT"] == str(cert)
    assert found["SHARPCAST_TLS_KEY"] == str(key)
    assert "/not/there cannot be read." in terminal.said
    assert any("/etc/letsencrypt/live/live.example.org/fullchain.pem" in s for s in terminal.said)


def test_how_to_get_a_certificate_is_said(tmp_path: Path) -> None:
    terminal = Terminal("y", "2", "10.0.0.2")
    assert fill(terminal, tmp_path)["SHARPCAST_TRUSTED_PROXIES"] == "10.0.0.2"
    assert any("certbot certonly --standalone -d live.example.org" in s for s in terminal.said)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (("n",), "Set SHARPCAST_PUBLISH_TOKEN"),
        (("what?",) * MAX_ANSWERS, "None of the answers"),
        (("y", *("9",) * MAX_ANSWERS), "None of the answers"),
        (("y", "1", *("/not/there",) * MAX_ANSWERS), "No file"),
    ],
)
def test_whoever_gives_up_gets_one_sentence(
    answers: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    with pytest.raises(BadSettings, match=words):
        fill(Terminal(*answers), tmp_path)


def test_the_end_of_the_input_is_told_to_the_caller(tmp_path: Path) -> None:
    with pytest.raises(EOFError):
        fill(Terminal("y"), tmp_path)


def test_what_no_answer_cures_ends_it(tmp_path: Path) -> None:
    lack = Lack(LackKind.PATH, "UDP: dropped", "Let it in")
    with pytest.raises(BadSettings, match="Let it in."):
        Terminal().dialogue(tmp_path).fill([lack], URL, {})
