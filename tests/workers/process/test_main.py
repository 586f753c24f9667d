"""The start of a worker in this process; ``test_process.py`` starts whole ones."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from media.codec import Codec
from wire.connection import Redis
from wire.embedded import EmbeddedServer
from wire.heartbeat import Heartbeats
from wire.settings import Settings
from wire.site import RedisSite
from workers.engines.registry import make_engine
from workers.engines.selection import Choice
from workers.errors import EngineUnavailable, NetUnusable
from workers.process import main
from workers.process.calibration import Speed
from workers.process.calibration_store import Calibration
from workers.process.installed_models import list_installed
from workers.process.worker_state import WorkerLife, WorkerState, worker_life
from workers.scheduling.placement import Place
from workers.upscale.model_cache import ModelCache

ENGINE = make_engine("auto", threads=1).info.name


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A named engine and the lightest shipped net, so that a start takes a second or two."""
    return Settings(
        worker_name="w1",
        engine=ENGINE,
        model="live-s",
        worker_threads=1,
        engine_cache=tmp_path / "cache/engines",
        models_dir=tmp_path / "models",
        temporal=False,
    )


@pytest.fixture
def life() -> Iterator[WorkerLife]:
    yield worker_life("w1")


def kept(settings: Settings) -> Path:
    """The file of the calibration."""
    (path,) = settings.engine_cache.parent.glob("calibration-*.json")
    return path


def test_without_an_address_of_redis_it_says_so_and_does_not_start(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(settings) == 2
    said = capsys.readouterr().err
    assert said.startswith("SHARPCAST_REDIS_URL: ") and len(said.splitlines()) == 1


def test_a_first_start_measures_the_next_recalls_and_one_without_its_engine_measures_anew(
    settings: Settings, life: WorkerLife, caplog: pytest.LogCaptureFixture
) -> None:
    first = main._start(settings, life)
    first.nets.close()
    assert life.state is WorkerState.CALIBRATING
    assert first.choice.engine.info.name == ENGINE and first.choice.trials == ()
    assert first.speed.streams > 0 and first.speed.ms_per_frame > 0
    path = kept(settings)
    found = msgspec.json.decode(path.read_bytes(), type=Calibration)
    speed = (found.streams, found.ms_per_frame, found.core_ms, found.coding_ms)
    assert speed == dataclasses.astuple(first.speed)
    assert 0 <= time.time() - found.measured_s < 60

    again = worker_life("w2")
    second = main._start(settings, again)
    second.nets.close()
    assert again.state is WorkerState.STARTING
    assert second.speed == first.speed

    gone = msgspec.structs.replace(found, engine="abacus", streams=99.0)
    path.write_bytes(msgspec.json.encode(gone))
    anew = worker_life("w3")
    with caplog.at_level(logging.INFO):
        third = main._start(settings, anew)
    third.nets.close()
    assert anew.state is WorkerState.CALIBRATING
    assert third.speed.streams != 99.0 and third.choice.engine.info.name == ENGINE
    assert "memory_refused" in [record.__dict__.get("action") for record in caplog.records]
    assert msgspec.json.decode(path.read_bytes(), type=Calibration).engine == ENGINE


@pytest.mark.parametrize(
    ("change", "error"),
    [({"model": "nowhere"}, NetUnusable), ({"engine": "abacus"}, EngineUnavailable)],
)
def test_what_cannot_be_measured_leaves_no_calibration_behind(
    settings: Settings, life: WorkerLife, change: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        main._start(settings.model_copy(update=change), life)
    assert not list(settings.engine_cache.parent.glob("calibration-*"))


class Closable:
    """Stands for nets; notes that it was closed."""

    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


def test_nets_are_closed_after_a_failure_only() -> None:
    kept_open, failed = Closable(), Closable()
    with main._closed_on_failure(kept_open) as nets:  # type: ignore[arg-type]
        assert nets is kept_open
    assert not kept_open.is_closed
    with pytest.raises(ZeroDivisionError), main._closed_on_failure(failed):  # type: ignore[arg-type]
        raise ZeroDivisionError
    assert failed.is_closed


def test_settings_become_the_configuration_of_all_leads(
    settings: Settings, nets: ModelCache
) -> None:
    own = settings.model_copy(
        update={
            "output_codec": "vp8",
            "x264_preset": "medium",
            "strength": 0.25,
            "enhance_unwatched": True,
            "worker_capacity": 7.5,
        }
    )
    choice = Choice(nets.engine)
    start = main._Start(choice, nets, Speed(streams=2.0, ms_per_frame=3.14159))
    config = main._config(own, start, list_installed())
    assert (config.worker, config.model) == ("w1", "live-s")
    assert (config.output.codec, config.output.preset) == (Codec.VP8, "medium")
    assert (config.strength, config.enhance_unwatched) == (0.25, True)
    # The operator's number of streams replaces the measured one, and the time of a frame stays.
    assert (config.capacity.streams, config.capacity.ms_per_frame) == (7.5, 3.14)
    assert config.capacity.macs["live-m"] > config.capacity.macs["live-s"] > 0
    assert config.capacity.scales["live-m-x3"] == 3


async def test_a_worker_lists_itself_and_leaves_the_list_when_it_is_told_to_stop(
    settings: Settings, redis_server: EmbeddedServer, client: Redis
) -> None:
    own = settings.model_copy(update={"redis_url": redis_server.url})
    stopping = asyncio.Event()
    running = asyncio.create_task(
        main._work_with(RedisSite(client, own.worker_name), stopping, own)
    )
    async with asyncio.timeout(20):
        while not (beats := await Heartbeats(client).list()):  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.02)
    (beat,) = beats
    assert (beat.name, beat.state, beat.engines) == ("w1", "working", [ENGINE])
    assert "live-s" in [model.name for model in beat.models]
    stopping.set()
    async with asyncio.timeout(5):
        await running
    assert await Heartbeats(client).list() == []


def test_where_it_is_and_its_role_make_a_place(settings: Settings, nets: ModelCache) -> None:
    speed = Speed(streams=0.1, ms_per_frame=200.0, core_ms=100.0, coding_ms=4.0)
    start = main._Start(Choice(nets.engine), nets, speed)

    def place(**changes: object) -> tuple[Place, float]:
        config = main._config(settings.model_copy(update=changes), start, [])
        return config.place, config.capacity.streams

    assert place() == (Place.SITE, 0.1)
    assert place(join="gateway:9443") == (Place.FAR, 0.1)
    composer, streams = place(worker_role="compose")
    assert composer is Place.COMPOSER and streams > 1.0, "its capacity is that of its encoder"
    assert place(worker_role="compose", worker_capacity=2.0) == (Place.COMPOSER, 2.0)


def test_nets_are_tuned_where_that_is_wanted(settings: Settings, nets: ModelCache) -> None:
    start = main._Start(Choice(nets.engine), nets, Speed(streams=2.0, ms_per_frame=3.0))
    assert main._config(settings, start, list_installed()).tunings is None
    wanted = settings.model_copy(update={"tune": True})
    tunings = main._config(wanted, start, list_installed()).tunings
    assert tunings is not None and tunings.folder.is_dir()
    tunings.close()
    assert not tunings.folder.exists()
    composer = wanted.model_copy(update={"worker_role": "compose"})
    assert main._config(composer, start, list_installed()).tunings is None
