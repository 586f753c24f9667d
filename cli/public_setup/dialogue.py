"""The dialogue at a terminal that asks for what is missing."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from cli.public_setup.lacks import (
    ADMIN_TOKEN,
    PUBLISH_TOKEN,
    TLS_CERT,
    TLS_KEY,
    TRUSTED_PROXIES,
    Lack,
    LackKind,
)
from cli.public_setup.self_signed import write_self_signed
from wire.errors import BadSettings

_TOKEN_BYTES = 24
MAX_ANSWERS = 5
"""Answers to one question that are none, after which the command ends."""

Ask = Callable[[str], str]
"""Prints a question and returns a line; raises EOFError at the end of the input."""


class Dialogue:
    """Asks for one thing after the other; the answers are settings."""

    def __init__(self, ask: Ask, say: Callable[[str], None], folder: Path) -> None:
        self._ask = ask
        self._say = say
        self._folder = folder
        "Folder to which a certificate for trials is written."

    def fill(self, lacks: list[Lack], url: str, known: dict[str, str]) -> dict[str, str]:
        """Returns settings for all that is missing. Raises BadSettings where the user gives up."""
        found: dict[str, str] = {}
        for lack in lacks:
            self._say(f"Missing: {lack.sentence}.")
            if lack.kind is LackKind.TOKENS:
                found |= self._tokens(known)
            elif lack.kind is LackKind.CERTIFICATE:
                found |= self._certificate(lack, url)
            else:
                raise BadSettings(f"{lack.cure}.")
        return found

    def _tokens(self, known: dict[str, str]) -> dict[str, str]:
        answer = self._choose(
            "Shall both be made at random now? [Y/n] ", {"": "y", "y": "y", "n": "n"}
        )
        if answer == "n":
            raise BadSettings(f"Set {PUBLISH_TOKEN} and {ADMIN_TOKEN}, and start again.")
        names = [name for name in (PUBLISH_TOKEN, ADMIN_TOKEN) if not known.get(name)]
        return {name: secrets.token_urlsafe(_TOKEN_BYTES) for name in names}

    def _certificate(self, lack: Lack, url: str) -> dict[str, str]:
        host = urlsplit(url).hostname or ""
        self._say(f"How is {url} encrypted?")
        self._say(f"  1  by a certificate that is on this machine; {lack.cure}")
        self._say("  2  by a reverse proxy in front of this server (Caddy, nginx, Traefik)")
        self._say("  3  by a certificate made now, for a trial: browsers warn of it")
        answer = self._choose("1, 2 or 3? ", {"1": "1", "2": "2", "3": "3"})
        if answer == "1":
            return {
                TLS_CERT: self._file(f"/etc/letsencrypt/live/{host}/fullchain.pem"),
                TLS_KEY: self._file(f"/etc/letsencrypt/live/{host}/privkey.pem"),
            }
        if answer == "2":
            question = "Address of the proxy, as this server sees it [127.0.0.1]: "
            return {TRUSTED_PROXIES: self._ask(question).strip() or "127.0.0.1"}
        cert, key = write_self_signed(self._folder, host)
        return {TLS_CERT: str(cert), TLS_KEY: str(key)}

    def _file(self, usual: str) -> str:
        for _ in range(MAX_ANSWERS):
            path = self._ask(f"File [{usual}]: ").strip() or usual
            if os.access(path, os.R_OK):
                return path
            self._say(f"{path} cannot be read.")
        raise BadSettings("No file that can be read was named.")

    def _choose(self, question: str, answers: dict[str, str]) -> str:
        for _ in range(MAX_ANSWERS):
            answer = self._ask(question).strip().lower()
            if answer in answers:
                return answers[answer]
        raise BadSettings("None of the answers was chosen.")
