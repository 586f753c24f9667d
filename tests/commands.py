"""What is wrong with a command of the documentation: one function for each program.

Each returns a sentence, or nothing where the command, its options and what it names exist.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import re
import tomllib
from collections.abc import Callable
from typing import Any

import typer
import typer.main
import yaml
from typer._click import exceptions as click

from benchmarks.__main__ import JOBS
from cli.main import app
from docs.api_pages import openapi_document
from tests.shell_lines import Line
from tests.source_tree import ROOT
from wire.settings import Settings

EXTERNAL = {
    "certbot": "of Debian; asks a certificate authority",
    "cp": "of the system",
    "ffmpeg": "of Debian; `tests/interop` and `tests/cli/publisher` run ours",
    "ffplay": "of Debian; opens a window",
    "nvidia-smi": "comes with the driver of a GPU",
    "install": "of the system; writes to /etc",
    "pipx": "a tool of the user's; what it installs is what pip does",
    "prometheus": "of Debian; `tests/e2e/test_monitoring.py` runs it with these files",
    "redis-server": "of Debian",
    "systemctl": "of systemd; needs root",
    "systemd-analyze": "of systemd",
    "tee": "of the system; writes to /etc",
    "uvx": "a tool of the user's; what it installs is what pip does",
}
"""Programs that are not ours, with the reason why their commands are not checked."""

OF_SPANS = ("sharpcast", "make", "python", "python3", "pip", "curl", "docker")
"""Programs by which a span of code is known to be a command; other spans are anything."""

OTHER_VARIABLES = {
    "GRAFANA_PASSWORD": "read by docker-compose.yml",
    "REDIS_PASSWORD": "read by docker-compose.yml",
    "PUBLISH_SOURCE": "read by `sharpcast publish`",
}


def fault(line: Line) -> str:
    """What is wrong with a command, as a sentence; empty if nothing is."""
    for name in line.variables:
        known = name in OTHER_VARIABLES or line.program == "make"
        if not known and name.removeprefix("SHARPCAST_").lower() not in Settings.model_fields:
            return f"There is no setting {name}."
    if "://" in line.program:
        return unknown_address(line.program)
    if line.program.endswith(".sh"):
        return "" if (ROOT / line.program).exists() else f"There is no {line.program}."
    check = CHECKS.get(line.program)
    if check is not None:
        return check(line)
    if line.program in EXTERNAL or not line.program or not line.is_block:
        return ""
    return f"Nobody checks {line.program}: mark the block as `text`, or name it in EXTERNAL."


def _sharpcast(line: Line) -> str:
    group: Any = typer.main.get_command(app)
    words = list(line.arguments)
    while hasattr(group, "commands"):
        if words and words[0] in ("--help", "--version") and len(words) == 1:
            return "" if words[0] == "--help" else "There is no --version."
        if not words or words[0] not in group.commands:
            return "" if not words and not line.is_block else f"There is no command {words[:1]}."
        group = group.commands[words.pop(0)]
    if group.name == "bench":
        return _bench(words)
    return _parsed(group, words, is_whole=line.is_block)


def _bench(words: list[str]) -> str:
    rest = iter(words)
    for word in rest:
        if word.startswith("--") and word not in _options_in("benchmarks.__main__") | {"--help"}:
            return f"bench has no option {word}."
        if not word.startswith("--") and word not in JOBS:
            return f"bench has no job {word}."
        if word in ("--seconds", "--out"):
            next(rest, "")
    return ""


def _parsed(command: Any, words: list[str], *, is_whole: bool) -> str:
    """Parses as the command would, and runs nothing; a word in capitals is any value."""
    said = ""
    for stand_in in (None, "1", str(ROOT / "README.md")):
        given = [stand_in if stand_in and re.fullmatch(r"[A-Z_]+", w) else w for w in words]
        try:
            command.make_context(command.name, list(given))
        except typer.Exit:  # --help
            return ""
        except click.MissingParameter as error:
            return error.format_message() if is_whole else ""
        except click.BadParameter as error:
            said = error.format_message()
        except click.BadOptionUsage as error:  # an option without its value
            return str(error.format_message()) if is_whole else ""
        except click.UsageError as error:
            return str(error.format_message())
        else:
            return ""
    return str(said)


def _make(line: Line) -> str:
    text = (ROOT / "Makefile").read_text()
    recipes = dict(re.findall(r"^([\w-]+):[^=\n]*\n((?:\t.*\n)*)", text, re.MULTILINE))
    targets = [word for word in line.arguments if "=" not in word and not word.startswith("-")]
    for word in targets:
        if word not in recipes:
            return f"There is no target {word}."
    for word in line.arguments:
        name, is_set, value = word.partition("=")
        recipe = "".join(recipes[target] for target in targets)
        if is_set and name != "PYTHON" and f"$({name})" not in recipe:
            return f"The target {targets} does not read {name}."
        for module in re.findall(r"python -m ([\w.]+)", recipe) if is_set else []:
            if module != "pytest" and (lack := _unknown_option(module, value.split())):
                return lack
    return ""


def _python(line: Line) -> str:
    words = list(line.arguments)
    if words[:1] != ["-m"] or len(words) < 2:
        return "" if not words else f"Only `python -m MODULE` is checked, not {words}."
    module = words[1]
    if importlib.util.find_spec(module) is None:
        return f"There is no module {module}."
    if module == "pytest":
        return _missing_tests(words[2:])
    if module.split(".")[0] in ("venv", "pip"):
        return ""
    return _unknown_option(module, words[2:])


def _missing_tests(words: list[str]) -> str:
    for word in words:
        if word.startswith("tests/") and not [*ROOT.glob(word.partition("::")[0])]:
            return f"There is no {word}."
    return ""


def _unknown_option(module: str, words: list[str]) -> str:
    """The first option that no text in the module's package has."""
    known = _options_in(module)
    lacking = [w for w in words if w.startswith("--") and w.partition("=")[0] not in known]
    return f"{module} has no option {lacking[0]}." if lacking else ""


@functools.cache
def _options_in(module: str) -> frozenset[str]:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return frozenset()
    folder = ROOT / spec.origin
    files = folder.parent.glob("*.py") if folder.name == "__init__.py" else [folder]
    nodes = (node for path in files for node in ast.walk(ast.parse(path.read_text())))
    texts = (n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str))
    return frozenset(text for text in texts if re.fullmatch(r"--[a-z][\w-]*", text))


def _pip(line: Line) -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for word in line.arguments:
        named = re.fullmatch(r"(?:sharpcast|\.)\[([\w,-]+)\]", word)
        for extra in named[1].split(",") if named else []:
            if extra not in project["optional-dependencies"]:
                return f"There is no extra {extra}."
        if re.fullmatch(r"sharpcast-[\d.]+-py3-none-any\.whl", word):
            version = word.split("-")[1]
            if version != project["version"]:
                return f"The version is {project['version']}, not {version}."
    return ""


def _docker(line: Line) -> str:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    profiles = {profile for service in compose.values() for profile in service.get("profiles", [])}
    words = iter(line.arguments)
    for word in words:
        if word == "--profile" and (profile := next(words)) not in profiles:
            return f"docker-compose.yml has no profile {profile}."
        if word == "--scale" and (scaled := next(words).partition("=")[0]) not in compose:
            return f"docker-compose.yml has no service {scaled}."
    return ""


def _curl(line: Line) -> str:
    addresses = [word for word in line.arguments if "://" in word]
    return next((lack for each in addresses if (lack := unknown_address(each))), "")


def unknown_address(address: str) -> str:
    """Says that a server of ours has no such route; pages and the root are known beside routes."""
    path = re.sub(r"^\w+://[^/]+", "", address).partition("?")[0].rstrip("/")
    routes = [re.sub(r"{[^}]+}", "[^/]+", each) for each in openapi_document()["paths"]]
    page = (ROOT / "static" / f"{path.strip('/') or 'index'}.html").exists()
    if page or any(re.fullmatch(each, path) for each in routes):
        return ""
    return f"There is no route {path}."


CHECKS: dict[str, Callable[[Line], str]] = {
    "sharpcast": _sharpcast,
    "make": _make,
    "python": _python,
    "python3": _python,
    "pip": _pip,
    "docker": _docker,
    "curl": _curl,
}
"""Programs whose commands are checked."""
