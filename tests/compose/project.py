"""docker-compose.yml as Compose reads it: variables filled in, services in order of dependency."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
_VARIABLE = re.compile(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}")


class MissingVariable(Exception):
    """A variable that must be set is not."""


def load(variables: Mapping[str, str]) -> dict[str, Any]:
    """The services. Raises MissingVariable as Compose does."""
    services: dict[str, Any] = whole(variables)["services"]
    return services


def whole(variables: Mapping[str, str]) -> dict[str, Any]:
    """Reads the whole file. Raises MissingVariable as Compose does."""
    text = (ROOT / "docker-compose.yml").read_text()
    project: dict[str, Any] = _fill(yaml.safe_load(text), variables)
    return project


def _fill(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _fill(part, variables) for key, part in value.items()}
    if isinstance(value, list):
        return [_fill(part, variables) for part in value]
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: _value(match, variables), value).replace("$$", "$")
    return value


def _value(match: re.Match[str], variables: Mapping[str, str]) -> str:
    name, operator, text = match.groups()
    found = variables.get(name, "")
    if not found and operator == ":?":
        raise MissingVariable(f"{name}: {text}")
    return found or (text if operator == ":-" else "")


def in_order(services: Mapping[str, Any]) -> list[str]:
    """Names of the services that run without a profile, each after what it depends on."""
    waiting = [name for name, service in services.items() if "profiles" not in service]
    order: list[str] = []
    while waiting:
        ready = [n for n in waiting if set(services[n].get("depends_on", {})) <= set(order)]
        assert ready, f"{waiting} depend on each other"
        order += ready
        waiting = [name for name in waiting if name not in ready]
    return order


def entrypoint() -> list[str]:
    """Of the image that app and workers share."""
    text = (ROOT / "Dockerfile").read_text()
    match = re.search(r"^ENTRYPOINT (\[.*\])$", text, re.MULTILINE)
    assert match is not None
    found: list[str] = json.loads(match[1])
    return found
