"""The monitoring files as the package has them, and as the command fills them in."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from cli.errors import CliError
from cli.monitoring.files import PROMETHEUS, contents, filled_in, scrape, write

PATHS = {
    "prometheus/prometheus.yml",
    "prometheus/sharpcast.rules.yml",
    "grafana/dashboards/sharpcast.json",
    "grafana/provisioning/dashboards/sharpcast.yml",
    "grafana/provisioning/datasources/sharpcast.yml",
}


def test_the_package_has_all_files_and_each_can_be_read() -> None:
    found = contents()
    assert set(found) == PATHS
    for path, text in found.items():
        assert (json.loads if path.endswith(".json") else yaml.safe_load)(text)


@pytest.mark.parametrize(
    "target", ["127.0.0.1:8080", "localhost:80", "cast.localhost:8080", "[::1]:8080", "10.0.0.7:1"]
)
def test_an_address_is_scraped_as_it_is(target: str) -> None:
    assert yaml.safe_load(scrape(target)) == {"static_configs": [{"targets": [target]}]}


@pytest.mark.parametrize("name", ["app", "cast.example.org", "my-host"])
def test_a_name_is_looked_up_since_the_server_answers_to_addresses(name: str) -> None:
    (found,) = yaml.safe_load(scrape(f"{name}:8443"))["dns_sd_configs"]
    assert found == {"names": [name], "type": "A", "port": 8443}


@pytest.mark.parametrize(
    "target",
    ["", "host", "host:", ":80", "host:0", "host:65536", "http://host:80", "a'b:80", "a b:1"],
)
def test_what_is_no_address_is_refused_in_a_sentence(target: str) -> None:
    with pytest.raises(CliError, match="HOST:PORT"):
        filled_in(target, "http://127.0.0.1:9090", Path("x"))


def test_addresses_and_folder_are_filled_in(tmp_path: Path) -> None:
    found = filled_in("10.0.0.7:8080", "http://10.0.0.8:9090", tmp_path / "a b")
    config = yaml.safe_load(found[PROMETHEUS])
    (job,) = config["scrape_configs"]
    assert job == {"job_name": "sharpcast", "static_configs": [{"targets": ["10.0.0.7:8080"]}]}
    (source,) = yaml.safe_load(found["grafana/provisioning/datasources/sharpcast.yml"])[
        "datasources"
    ]
    assert source["url"] == "http://10.0.0.8:9090"
    (where,) = yaml.safe_load(found["grafana/provisioning/dashboards/sharpcast.yml"])["providers"]
    assert where["options"]["path"] == str(tmp_path / "a b/grafana/dashboards")


def test_the_file_of_the_package_is_that_of_compose_in_all_but_the_addresses() -> None:
    mine, theirs = filled_in("app:8080", "http://prometheus:9090", Path("/etc")), contents()
    assert mine["prometheus/sharpcast.rules.yml"] == theirs["prometheus/sharpcast.rules.yml"]
    (job,) = yaml.safe_load(mine[PROMETHEUS])["scrape_configs"]
    (expected,) = yaml.safe_load(theirs[PROMETHEUS])["scrape_configs"]
    assert job["dns_sd_configs"][0].items() <= expected["dns_sd_configs"][0].items()


def test_prometheus_takes_what_is_written(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    for number, target in enumerate(("127.0.0.1:8080", "cast.example.org:80", "[::1]:8080")):
        folder = tmp_path / str(number)
        write(filled_in(target, "http://127.0.0.1:9090", folder), folder)
        ran = subprocess.run(
            [promtool, "check", "config", folder / PROMETHEUS],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert ran.returncode == 0, ran.stderr


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(CliError, match="cannot be written"):
        write({"a/b": "x"}, tmp_path / "file")


def test_what_is_there_is_written_over(tmp_path: Path) -> None:
    for text in ("one", "two"):
        write({"a/b": text}, tmp_path)
    assert (tmp_path / "a/b").read_text() == "two"
