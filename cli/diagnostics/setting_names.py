"""Check of the settings themselves: names that are none, values that cannot be used."""

from __future__ import annotations

import os
from collections.abc import Mapping

from cli.diagnostics.finding import Finding, fault, good
from wire.errors import BadSettings
from wire.settings import PREFIX, Settings, load_settings

_TOKENS = (
    "`sharpcast up --public https://HOST` makes tokens and writes them to a file, or "
    "`python3 -c 'import secrets; print(secrets.token_urlsafe(24))'` prints one."
)


def load(environ: Mapping[str, str] | None = None) -> tuple[Settings | None, Finding]:
    """Reads the settings as the server does; None where it would not start with them."""
    environ = os.environ if environ is None else environ
    place = environ.get(f"{PREFIX}CONFIG", "")
    shown = f"{place} and the environment" if place else "the environment"
    try:
        settings = load_settings(environ)
    except BadSettings as error:
        return None, fault("settings", str(error).rstrip("."), cure_of(str(error), shown))
    count = sum(key.startswith(PREFIX) for key in environ)
    return settings, good("settings", f"{count} variables in {shown}")


def cure_of(sentence: str, shown: str) -> str:
    """Returns the cure of settings that cannot be used."""
    if "needs SHARPCAST_PUBLISH_TOKEN" in sentence:
        return f"Set both tokens: {_TOKENS}"
    if "is not a setting" in sentence:
        return f"Correct or remove the name in {shown}; sharpcast.env.example lists all settings."
    return f"Correct the value in {shown}; sharpcast.env.example explains each setting."
