"""What a worker tells Redis when a stream is over: it ends nothing else."""

from __future__ import annotations

import asyncio
import logging

import pytest

from wire import keys
from wire.connection import Redis, command
from wire.jobs import JobQueue
from workers.process.lead_ending import attempt
from workers.upscale.model_cache import ModelCache

from ..studio import Publisher, lead_config, working
from .test_worker import until


async def test_a_lost_lead_whose_record_is_damaged_does_not_end_the_worker(
    client: Redis, nets: ModelCache
) -> None:
    publisher = Publisher(client)
    async with working(client, nets, lead_config("w1")) as worker:
        await publisher.begin()
        await until(lambda: worker.leads)
        (lead,) = worker.leads
        await asyncio.sleep(0.5)  # nobody watches, and it sleeps
        await command(client, "SET", client.key(keys.record("cam1")), "text")
        await JobQueue(client, consumer="another").take_over(min_idle_ms=0)
        await until(lambda: not worker.leads, timeout_s=2.0)
        await command(client, "DEL", client.key(keys.record("cam1")))
        await publisher.begin()
        await until(lambda: worker.leads and worker.leads[0].epoch > lead.epoch)


async def test_an_answer_of_no_class_is_logged_and_one_that_has_a_class_is_not(
    client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await command(client, "SET", client.key("x"), "text")
    with caplog.at_level(logging.INFO):
        await attempt(command(client, "HGET", client.key("x"), "field"))
        assert not caplog.records
        await attempt(command(client, "SET", client.key("x")))
    assert [record.levelname for record in caplog.records] == ["ERROR"]
