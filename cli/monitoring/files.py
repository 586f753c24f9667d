"""The monitoring files, filled in with addresses and written to a folder."""

from __future__ import annotations

import importlib.resources
import ipaddress
import re
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path

from cli.errors import CliError

PROMETHEUS = "prometheus/prometheus.yml"
_SOURCES = "grafana/provisioning/datasources/sharpcast.yml"
_PROVIDERS = "grafana/provisioning/dashboards/sharpcast.yml"

_TARGET = re.compile(r"(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>\d{1,5})")


def contents() -> dict[str, str]:
    """Returns the files by path, as they are in the package and as Compose uses them."""
    root = importlib.resources.files("cli.monitoring") / "files"
    return {path: each.read_text(encoding="utf-8") for path, each in _below(root, "")}


def _below(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for each in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = f"{path}{each.name}"
        if each.is_dir():
            yield from _below(each, f"{name}/")
        else:
            yield name, each


def filled_in(target: str, prometheus: str, folder: Path) -> dict[str, str]:
    """Returns the files for a server at ``target`` (HOST:PORT) and a Prometheus at that URL, with
    the dashboards in ``folder``. Raises CliError.
    """
    found = contents()
    text = found[PROMETHEUS]
    found[PROMETHEUS] = text[: text.index("    # The server answers")] + scrape(target)
    found[_SOURCES] = found[_SOURCES].replace("http://prometheus:9090", prometheus)
    dashboards = str(folder.resolve() / "grafana/dashboards")
    found[_PROVIDERS] = found[_PROVIDERS].replace("/etc/sharpcast/dashboards", f"'{dashboards}'")
    return found


def scrape(target: str) -> str:
    """Returns the lines that find a server. Raises CliError."""
    match = _TARGET.fullmatch(target)
    if match is None or not 0 < int(match["port"]) < 65536:
        raise CliError(f"--target is the address of a server, HOST:PORT, and not {target!r}.")
    # An address, and a name of loopback, is taken as it is. Other names may not be among those that
    # the server answers to, so they are looked up.
    if match["host"].startswith("[") or _is_own(match["host"]):
        return f"    static_configs:\n      - targets: ['{target}']\n"
    return (
        "    dns_sd_configs:\n"
        f"      - names: ['{match['host']}']\n"
        "        type: A\n"
        f"        port: {match['port']}\n"
    )


def _is_own(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return True


def write(files: dict[str, str], folder: Path) -> None:
    """Writes them below the folder, over what is there. Raises CliError where it cannot."""
    try:
        for path, text in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CliError(f"{folder} cannot be written: {error.strerror}.") from error
