"""What the Compose file promises."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cli.monitoring.files import contents
from tests.compose.project import ROOT, MissingVariable, entrypoint, in_order, load, whole
from tests.contract.acl import rules
from wire.settings import load_settings

SECRETS = {
    "SHARPCAST_PUBLISH_TOKEN": "publish-word",
    "SHARPCAST_ADMIN_TOKEN": "admin-word",
    "SHARPCAST_ICE_ADDRESSES": "192.0.2.1",
    "REDIS_PASSWORD": "redis-word",
}
PROJECT = whole(SECRETS)
SERVICES = PROJECT["services"]
OURS = ("app", "worker")


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_a_health_check_limits_and_a_restart_policy(name: str) -> None:
    service = SERVICES[name]
    check = service["healthcheck"]
    assert check["test"][0] in ("CMD", "CMD-SHELL")
    assert {"interval", "timeout", "retries"} <= set(check)
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SECRETS)
def test_it_does_not_start_without_tokens_and_address(name: str) -> None:
    with pytest.raises(MissingVariable, match=f"{name}: set it to"):
        load({key: value for key, value in SECRETS.items() if key != name})


def test_services_wait_until_what_they_need_is_healthy() -> None:
    assert in_order(SERVICES) == ["redis", "app", "worker"]
    for name in OURS:
        for needed in SERVICES[name]["depends_on"].values():
            assert needed == {"condition": "service_healthy"}


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting_with_a_good_value(name: str) -> None:
    settings = load_settings(SERVICES[name]["environment"])
    assert settings.redis_url == f"redis://sharpcast-{name}:redis-word@redis:6379/0"
    assert entrypoint() == ["sharpcast"]


def test_a_gateway_runs_only_where_it_is_asked_for_with_the_rights_of_a_worker() -> None:
    gateway = SERVICES["gateway"]
    assert gateway["profiles"] == ["gateway"]
    settings = load_settings(gateway["environment"])
    assert settings.redis_url == "redis://sharpcast-worker:redis-word@redis:6379/0"
    assert f"{settings.gateway_port}:{settings.gateway_port}/udp" in gateway["ports"]
    assert settings.gateway_host == "0.0.0.0"
    assert settings.join_token.get_secret_value() == ""


def test_workers_can_be_scaled() -> None:
    worker = SERVICES["worker"]
    assert not {"container_name", "ports", "hostname"} & set(worker)
    assert "SHARPCAST_WORKER_NAME" not in worker["environment"]
    limit = float(worker["deploy"]["resources"]["limits"]["cpus"])
    assert float(worker["environment"]["SHARPCAST_WORKER_THREADS"]) == limit


def test_the_ports_that_media_uses_are_the_published_ones() -> None:
    app: dict[str, Any] = SERVICES["app"]
    settings = load_settings(app["environment"])
    assert f"{settings.udp_port}:{settings.udp_port}/udp" in app["ports"]
    assert f"{settings.ice_tcp_port}:{settings.ice_tcp_port}/tcp" in app["ports"]


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_has_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert "no-new-privileges:true" in service["security_opt"]
    assert 0 < service["pids_limit"] <= 512
    assert {"privileged", "network_mode", "pid", "devices"}.isdisjoint(service)
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "turn" else [])


def test_our_image_runs_as_an_ordinary_user_who_may_write_to_its_volumes_alone() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER sharpcast$", text, re.MULTILINE)
    for name in OURS:
        folders = [volume.partition(":")[2] for volume in SERVICES[name]["volumes"]]
        assert len(folders) == (2 if name == "app" else 1)
        for folder in folders:
            assert f"install -d -o sharpcast -g sharpcast {folder}" in text
        folder = folders[0]
        assert f"NUMBA_CACHE_DIR={folder}/numba" in text
        assert f"XDG_CACHE_HOME={folder}" in text


@pytest.mark.parametrize("name", SERVICES)
def test_logs_do_not_fill_the_disk(name: str) -> None:
    logging = SERVICES[name]["logging"]
    assert logging["driver"] == "json-file"
    assert set(logging["options"]) == {"max-size", "max-file"}


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_named_by_exact_version(name: str) -> None:
    assert re.search(r":v?\d+\.\d+\.\d+(-\w+)?(@sha256:[0-9a-f]{64})?$", SERVICES[name]["image"])


def test_redis_and_workers_are_reached_from_inside_alone() -> None:
    networks = {name: set(service["networks"]) for name, service in SERVICES.items()}
    assert PROJECT["networks"]["backend"]["internal"] is True
    assert networks == {
        "redis": {"backend"},
        "worker": {"backend"},
        "app": {"backend", "edge", "monitoring"},
        "gateway": {"backend", "edge"},
        "turn": {"turn"},
        "prometheus": {"monitoring"},
        "grafana": {"monitoring"},
    }
    assert [name for name, service in SERVICES.items() if "ports" in service] == [
        "app",
        "gateway",
        "turn",
        "grafana",
    ]


def test_the_web_server_is_published_on_loopback_unless_told_otherwise() -> None:
    assert SERVICES["app"]["ports"][0] == "127.0.0.1:8080:8080/tcp"
    wide = load(SECRETS | {"SHARPCAST_HTTP_BIND": "0.0.0.0"})
    assert wide["app"]["ports"][0] == "0.0.0.0:8080:8080/tcp"


def redis_users() -> dict[str, list[str]]:
    text: str = PROJECT["configs"]["redis-users"]["content"]
    lines = [line.split() for line in text.splitlines()]
    assert all(words[0] == "user" for words in lines)
    return {words[1]: words[2:] for words in lines}


def test_nobody_gets_into_redis_without_a_password() -> None:
    users = redis_users()
    assert users["default"] == ["off"]
    assert set(users) == {"default", "health", "sharpcast-app", "sharpcast-worker"}
    assert users["health"] == ["on", ">health", "-@all", "+ping"]
    assert "nopass" not in str(users)


@pytest.mark.parametrize("role", OURS)
def test_our_redis_users_are_those_of_the_documentation(role: str) -> None:
    # There the contract suite runs as these users.
    assert redis_users()[f"sharpcast-{role}"] == ["on", ">redis-word", *rules(role)]


def test_the_health_check_of_redis_is_that_of_its_health_user() -> None:
    words = SERVICES["redis"]["healthcheck"]["test"]
    assert words[words.index("--user") + 1] == "health"
    assert f">{words[words.index('--pass') + 1]}" in redis_users()["health"]


def test_turn_relays_to_this_host_and_to_nothing_else() -> None:
    words = SERVICES["turn"]["command"]
    assert "--use-auth-secret" in words
    assert "--no-tcp-relay" in words
    assert [word for word in words if word.startswith("--allowed-peer-ip")] == [
        "--allowed-peer-ip=192.0.2.1"
    ]
    assert {word for word in words if word.startswith("--denied-peer-ip")} == {
        "--denied-peer-ip=0.0.0.0-255.255.255.255",
        "--denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    }
    assert not any(word.startswith("--user=") for word in words)


def test_turn_does_not_start_without_its_secret(tmp_path: Path) -> None:
    told = tmp_path / "turnserver"
    told.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    told.chmod(0o755)

    def start(secret: str) -> subprocess.CompletedProcess[str]:
        service = load(SECRETS | {"SHARPCAST_TURN_SECRET": secret})["turn"]
        return subprocess.run(
            [*service["entrypoint"], "--one", "--two words"],
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}", **service["environment"]},
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )

    refused = start("")
    assert refused.returncode == 1
    assert "SHARPCAST_TURN_SECRET is not set" in refused.stderr
    assert start("a word").stdout.splitlines() == [
        "--static-auth-secret=a word",
        "--one",
        "--two words",
    ]


def test_monitoring_runs_only_where_it_is_asked_for_and_is_seen_from_this_host_alone() -> None:
    for name in ("prometheus", "grafana"):
        assert SERVICES[name]["profiles"] == ["monitoring"]
    assert SERVICES["grafana"]["ports"] == ["127.0.0.1:3000:3000/tcp"]
    assert "ports" not in SERVICES["prometheus"]


def test_the_files_that_monitoring_mounts_are_there_and_fit_together() -> None:
    mounts = [m for name in ("prometheus", "grafana") for m in SERVICES[name]["volumes"]]
    ours = dict(mount.split(":")[:2] for mount in mounts if mount.startswith("./"))
    assert all(mount.endswith(":ro") for mount in mounts if mount.startswith("./"))
    assert all((ROOT / folder).is_dir() for folder in ours)
    files = contents()
    assert "/etc/sharpcast/dashboards" in ours.values()
    assert (
        "path: /etc/sharpcast/dashboards" in files["grafana/provisioning/dashboards/sharpcast.yml"]
    )
    sources = files["grafana/provisioning/datasources/sharpcast.yml"]
    assert "http://prometheus:9090" in sources
    assert "names: [app]" in files["prometheus/prometheus.yml"]


def test_grafana_does_not_start_with_the_password_that_everybody_knows(tmp_path: Path) -> None:
    command = SERVICES["grafana"]["entrypoint"]
    run = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "GF_SECURITY_ADMIN_PASSWORD": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=10,
    )
    assert (run.returncode, run.stderr) == (1, "GRAFANA_PASSWORD is not set\n")


def test_redis_keeps_nothing_on_disk() -> None:
    command = SERVICES["redis"]["command"]
    assert command[command.index("--save") + 1] == ""
    assert command[command.index("--appendonly") + 1] == "no"


def test_the_example_file_names_every_setting_and_changes_none() -> None:
    text = (ROOT / "sharpcast.env.example").read_text()
    named = set(re.findall(r"^#(SHARPCAST_\w+)=", text, re.MULTILINE))
    fields = {f"SHARPCAST_{name.upper()}" for name in type(load_settings({})).model_fields}
    assert named == fields
    values = dict(re.findall(r"^#(SHARPCAST_\w+)=(.*)$", text, re.MULTILINE))
    named_worker = {"SHARPCAST_WORKER_NAME": "one"}
    assert load_settings(values | named_worker) == load_settings(named_worker)
