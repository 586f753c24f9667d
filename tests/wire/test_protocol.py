"""The specification and the code say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec

from media.access_unit import Checkpoint
from media.codec_table import TABLE
from media.limits import MAX_SIDE
from wire import (
    batch,
    control,
    hash_record,
    heartbeat,
    jobs,
    keys,
    log,
    rendition_record,
    thumbnail,
)
from wire.heartbeat import (
    CostWork,
    EngineTrial,
    ModelInfo,
    QualityWork,
    RenditionWork,
    StreamWork,
    TeamDevice,
    TeamWork,
    WorkerBeat,
)
from wire.rendition_record import RenditionRecord
from wire.stream_record import StreamRecord
from wire.team_map import MAX_CELLS, MAX_DEVICES, TeamMap
from workers.scheduling.decision import DROP, Reason
from workers.upscale.methods.table import METHODS

TEXT = (Path(batch.__file__).parent / "PROTOCOL.md").read_text()

STARTS_EMPTY = ("dropped", "levels", "renditions", "net_samples", "team_results", "team", "cost")
"""Fields whose default is made anew for each object."""


def section(number: int) -> str:
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found.group()


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def schema() -> dict[str, Any]:
    block = re.search(r"```json\n(.*?)```", section(8), re.DOTALL)
    assert block is not None
    found: dict[str, Any] = json.loads(block.group(1))
    return found


def required(kind: type[msgspec.Struct]) -> set[str]:
    return {field.name for field in msgspec.structs.fields(kind) if field.required}


def fields_of(text: str) -> set[str]:
    """The fields that the first table of a text names."""
    found: list[list[str]] = []
    for line in text[text.index("| field |") :].splitlines():
        if not line.startswith("|"):
            break
        found += rows(line)
    return {name for row in found for name in re.findall(r"`([\w:]+)`", row[0])}


def test_every_field_of_the_records_is_in_its_table_and_no_other() -> None:
    streams, renditions = section(5).split("### 5.1")
    for text, kind, several, together in (
        (streams, StreamRecord, "rendition:NAME", "renditions"),
        (renditions, RenditionRecord, "watched_us:CODEC", "watched"),
    ):
        # One field for each in the hash; all of them together in the code.
        named = fields_of(text) - {several} | {together}
        assert named == {field.name for field in msgspec.structs.fields(kind)}


def test_the_defaults_of_a_specification_are_those_of_the_code() -> None:
    defaults = {row[0]: row[2] for row in rows(section(5).split("### 5.1")[1]) if len(row) == 5}
    for name in rendition_record.SPEC_FIELDS:
        default = getattr(rendition_record.RenditionSpec(), name)
        assert defaults[f"`{name}`"] == (f"{default:g}" if default != "" else "empty")


def test_the_schema_of_heartbeats_is_that_of_the_code() -> None:
    work = schema()["properties"]["streams"]["items"]
    model = schema()["properties"]["models"]["items"]
    trial = schema()["properties"]["trials"]["items"]
    for found, kind in (
        (schema(), WorkerBeat), (work, StreamWork), (model, ModelInfo), (trial, EngineTrial),
        (work["properties"]["renditions"]["items"], RenditionWork),
        (work["properties"]["team"], TeamWork),
        (work["properties"]["team_map"], TeamMap),
        (work["properties"]["quality"], QualityWork), (work["properties"]["cost"], CostWork),
        (work["properties"]["team"]["properties"]["devices"]["items"], TeamDevice),
    ):  # fmt: skip
        assert set(found["properties"]) == set(kind.__struct_fields__)
        assert set(found.get("required", [])) == required(kind)
    found = work["properties"]["team_map"]["properties"]
    assert (found["devices"]["maxItems"], found["cells"]["maxLength"]) == (MAX_DEVICES, MAX_CELLS)
    defaults = {field.name: field.default for field in msgspec.structs.fields(StreamWork)}
    for name, described in work["properties"].items():
        if "default" in described and name not in STARTS_EMPTY:
            assert described["default"] == defaults[name]


def test_every_codec_is_named_with_its_number_and_in_the_record_of_a_stream() -> None:
    (form,) = (row[3] for row in rows(section(2)) if row[2:3] == ["codec"])
    found = re.findall(r"(\d+) ([\w.]+) \(", form)
    assert sorted(found) == sorted((str(each.codec.value), each.title) for each in TABLE)
    (meaning,) = (row[4] for row in rows(section(5)) if row[0::3] == ["`codec`", "app"])
    videos = {each.name for each in TABLE if each.kind == "video"}
    assert set(re.findall(r"`(\w+)`", meaning)) == videos


def test_every_codec_in_which_renditions_are_encoded_has_its_log() -> None:
    for name in keys.VARIANTS:
        assert f"`-{name}`" in section(1)
        assert f"`RENDITION-{name}`" in section(1) and f"`RENDITION-{name}`" in section(5)


def test_every_key_and_every_pattern_of_a_listing_is_in_the_table_of_keys() -> None:
    named = {row[0].strip("`") for row in rows(section(3)) if len(row) == 4 and "`" in row[0]}
    assert named == {
        keys.JOBS, keys.record("ID"), keys.log("ID", keys.SOURCE), keys.log("ID", "LOG"),
        f"{{{'ID'}}}:{keys.LAYER_PREFIX}NAME",
        keys.rendition("ID", "RENDITION"), keys.control("ID"), keys.feedback("ID"),
        keys.thumbnail("ID"),
        keys.worker("NAME"), keys.app("NODE"), keys.mailbox("NODE"), keys.team("NAME"),
        keys.FREE_WORKERS, keys.job_search(""), keys.RECORDINGS,
        f"{keys.gateway('NAME')}`, `{keys.DEVICES_PREFIX}...", f"{keys.ACCESS_PREFIX}...",
    }  # fmt: skip
    patterns = [value for name, value in vars(keys).items() if name.endswith("_PATTERN")]
    assert len(patterns) == 4
    assert all(f"`{pattern}`" in section(3) for pattern in patterns)


def test_the_stages_are_those_of_the_code() -> None:
    table = [(row[0], row[1]) for row in rows(section(10))[2:]]
    assert table == [(stage.name.lower(), str(stage.value)) for stage in Checkpoint]


def test_the_limits_are_those_of_the_code() -> None:
    limits = section(2)
    for number in (batch.MAX_UNITS, batch.MAX_BATCH, batch.MAX_PAYLOAD, batch.MAX_STAMPS):
        assert f" {number} " in limits
    for number in (MAX_SIDE, batch.MAX_CLOCK_RATE):
        assert f" {number}" in limits


def test_the_times_are_those_of_the_code() -> None:
    expiries = {row[0]: row[3] for row in rows(section(3))[2:] if len(row) == 4}
    assert f"{log.EXPIRY_MS // 1000} s" in expiries["`{ID}:source`"]
    for key in ("`stream:{ID}`", "`{ID}:r:RENDITION:spec`"):
        assert f"{hash_record.EXPIRY_MS // 1000} s" in expiries[key]
    assert f"{control.EXPIRY_MS // 1000} s" in expiries["`{ID}:control`"]
    assert f"{heartbeat.EXPIRY_MS // 1000} s" in expiries["`worker:NAME`"]
    assert f"{thumbnail.EXPIRY_MS // 1000} s" in expiries["`{ID}:thumbnail`"]
    assert f"now + {rendition_record.WATCH_LEASE_MS // 1000} s" in section(5)
    assert f"lapses {jobs.LEASE_MS} ms" in section(6)
    assert f"every {int(jobs.RENEW_S * 1000)} ms" in section(6)
    assert f"last {control.MAX_LENGTH} messages" in section(7)
    assert f"Every {int(heartbeat.PERIOD_S * 1000)} ms" in section(8)


def test_every_quality_level_and_reason_of_the_workers_is_explained() -> None:
    for name in (
        *(method.name for method in METHODS),
        DROP,
        "passthrough",
        *(reason.value for reason in Reason),
    ):
        assert f"`{name}`" in section(8)
