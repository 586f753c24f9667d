"""What the Compose file promises."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.compose.project import ROOT, MissingVariable, entrypoint, in_order, load
from wire.settings import load_settings

SECRETS = {
    "SHARPCAST_PUBLISH_TOKEN": "publish-word",
    "SHARPCAST_ADMIN_TOKEN": "admin-word",
    "SHARPCAST_ICE_ADDRESSES": "192.0.2.1",
}
SERVICES = load(SECRETS)
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
    assert settings.redis_url == "redis://redis:6379/0"
    assert entrypoint() == ["sharpcast"]


def test_workers_can_be_scaled() -> None:
    worker = SERVICES["worker"]
    assert not {"container_name", "ports", "hostname"} & set(worker)
    assert "SHARPCAST_WORKER_NAME" not in worker["environment"]
    limit = float(worker["deploy"]["resources"]["limits"]["cpus"])
    assert float(worker["environment"]["SHARPCAST_WORKER_THREADS"]) == limit


def test_the_udp_ports_that_media_uses_are_the_published_ones() -> None:
    app: dict[str, Any] = SERVICES["app"]
    low, high = app["sysctls"]["net.ipv4.ip_local_port_range"].split()
    assert f"{low}-{high}:{low}-{high}/udp" in app["ports"]


@pytest.mark.parametrize("name", OURS)
def test_our_services_have_no_more_rights_than_they_need(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert "no-new-privileges:true" in service["security_opt"]
    assert re.search(r"^USER sharpcast$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


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
