"""Access to Redis: passwords, users of a role, TLS."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.certificates import write_authority, write_certificate
from tests.contract.acl import rules
from tests.contract.test_heartbeat import beat
from tests.contract.units import batch, video
from tests.records import begin_stream, take_lead
from tests.redis_servers import Server, free_ports, running
from wire import keys
from wire.connection import REDIS_DOWN, Redis, connect, wait_until_up
from wire.control import EndStream, to_lead, to_publisher
from wire.embedded import EmbeddedServer, find_server
from wire.errors import ServerAway, ServerRefuses
from wire.heartbeat import Heartbeats
from wire.jobs import JobQueue
from wire.log import LogReader, LogWriter
from wire.rendition_record import RenditionRegistry, RenditionSpec
from wire.server_memory import read_memory
from wire.stream_record import StreamRegistry
from wire.strikes import Strikes

PASSWORD = "wo#r/d?:@%&+ ä"


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedServer]:
    """A server of our own, whose users may be changed."""
    with EmbeddedServer(find_server()) as server:
        yield server


@pytest.fixture
async def owner(embedded: EmbeddedServer) -> AsyncIterator[Redis]:
    """One who may do anything."""
    client = connect(embedded.url)
    await client.execute("FLUSHALL")
    yield client
    await client.aclose()


def as_user(server: EmbeddedServer, user: str, password: str = PASSWORD) -> Redis:
    return connect(server.url.replace("//", f"//{user}:{password}@"), prefix=keys.PREFIX)


async def test_a_password_of_any_characters_gets_in(embedded: EmbeddedServer, owner: Redis) -> None:
    await owner.execute("ACL", "SETUSER", "any", "on", f">{PASSWORD}", "+@all", "~*")
    client = as_user(embedded, "any")
    assert await client.execute("ACL", "WHOAMI") == b"any"
    await client.aclose()


async def test_a_wrong_password_is_said_as_that_at_once_and_told_to_nobody(
    embedded: EmbeddedServer, owner: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await owner.execute("ACL", "SETUSER", "any", "on", f">{PASSWORD}", "+@all", "~*")
    client = as_user(embedded, "any", "secret-word")
    began = time.monotonic()
    for _ in range(3):
        with pytest.raises(ServerRefuses) as caught:
            await wait_until_up(client, 10.0)
    assert time.monotonic() - began < 1.0
    assert "refuses the user name or the password" in str(caught.value)
    assert "secret-word" not in str(caught.value) + caplog.text
    # While a process runs this is all it says of it, once a minute.
    assert [getattr(record, "action", "") for record in caplog.records] == ["redis_refuses"]
    await client.aclose()


async def test_a_password_that_is_set_meanwhile_is_waited_out(
    embedded: EmbeddedServer, owner: Redis
) -> None:
    words = ("on", f">{PASSWORD}", "+@all", "~*")
    await owner.execute("ACL", "SETUSER", "any", *words)
    client = as_user(embedded, "any")
    await client.execute("PING")
    await owner.execute("ACL", "DELUSER", "any")
    with pytest.raises(ServerRefuses):
        for _ in range(2):  # the server closes what was open first
            with contextlib.suppress(ServerAway):
                await client.execute("PING")
    await owner.execute("ACL", "SETUSER", "any", *words)
    assert await client.execute("PING") == b"PONG"
    await client.aclose()


async def test_each_role_can_do_its_work_with_its_rules_and_no_more(
    embedded: EmbeddedServer, owner: Redis
) -> None:
    for role in ("app", "worker"):
        await owner.execute("ACL", "SETUSER", role, "on", f">{PASSWORD}", *rules(role))
    app, worker = as_user(embedded, "app"), as_user(embedded, "worker")
    registry, jobs = StreamRegistry(app), JobQueue(app)
    queue = JobQueue(worker, consumer="w")
    assert await queue.claim(block_ms=1) is None
    renditions = RenditionRegistry(app)
    source_epoch = await begin_stream(app)
    offered = await jobs.enqueue("cam1", keys.ENHANCED, source_epoch)
    assert await jobs.exists(offered)
    await renditions.set_job("cam1", keys.ENHANCED, source_epoch, before="", job=offered)
    source = LogWriter(app, stream="cam1", rendition=keys.SOURCE, epoch=source_epoch)
    await source.append(batch(source_epoch, video(0, key=True)), now_ms=0)
    await renditions.renew_watch("cam1", keys.ENHANCED, source_epoch)
    await registry.touch("cam1", source_epoch, renditions=[keys.ENHANCED])
    await to_lead(app, "cam1").send(EndStream())

    job = await queue.claim(block_ms=100)
    assert job is not None
    assert await queue.renew(job)
    assert await queue.take_over() is None
    await Heartbeats(worker).beat(beat("w"))
    epoch = await take_lead(worker, source_epoch, job=job.entry)
    await Strikes(worker).decodes("cam1", keys.ENHANCED, epoch, decodes=True)
    reader = LogReader(worker, stream="cam1", rendition=keys.SOURCE)
    assert await reader.seek_last_key_frame()
    assert len(await reader.read(block_ms=100)) == 1
    assert await to_lead(worker, "cam1").read(block_ms=1) == []
    await to_publisher(worker, "cam1").send(EndStream())
    enhanced = LogWriter(worker, stream="cam1", rendition=keys.ENHANCED, epoch=epoch)
    await enhanced.append(batch(epoch, video(0, key=True)), now_ms=0)
    await enhanced.clear()
    await worker.time(keys.record("cam1"))

    assert [record.id for record in await registry.list()] == ["cam1"]
    assert [each.name for each in await Heartbeats(app).list()] == ["w"]
    assert await read_memory(app) is not None
    await Heartbeats(worker).leave("w")
    await queue.finish(job.entry)
    await renditions.ensure("cam1", "sharp", source_epoch, RenditionSpec())
    assert [record.name for record in await renditions.list("cam1")] == [keys.ENHANCED, "sharp"]
    await renditions.remove("cam1", "sharp", source_epoch)
    assert await registry.end("cam1", source_epoch, [keys.ENHANCED])
    for client in (app, worker):
        for words in (
            ("SET", "sharpcast:x", "1"), ("FLUSHALL",), ("CONFIG", "GET", "*"), ("KEYS", "*"),
            ("HGETALL", "other:key"), ("ACL", "LIST"),
        ):  # fmt: skip
            with pytest.raises(ServerRefuses, match="lacks a permission"):
                await client.execute(*words)
        await client.aclose()


async def test_tls_with_an_authority_and_a_certificate_of_our_own(tmp_path: Path) -> None:
    authority = write_authority(tmp_path, "ca")
    for name in ("server", "client"):
        write_certificate(tmp_path, name, authority=authority)
    plain, port = free_ports(2)
    server = Server(
        tmp_path,
        plain,
        "--tls-port",
        str(port),
        "--tls-cert-file",
        f"{tmp_path}/server.pem",
        "--tls-key-file",
        f"{tmp_path}/server.key",
        "--tls-ca-cert-file",
        f"{tmp_path}/ca.pem",
    )
    own = f"cert={tmp_path}/client.pem&key={tmp_path}/client.key"
    with running(server):
        client = connect(f"rediss://127.0.0.1:{port}?ca={tmp_path}/ca.pem&{own}")
        assert await client.execute("PING") == b"PONG"
        await client.aclose()
        client = connect(f"rediss://127.0.0.1:{port}?{own}")
        with pytest.raises(ServerRefuses, match="certificate is not trusted"):
            await client.execute("PING")
        await client.aclose()
        client = connect(f"rediss://127.0.0.1:{port}?ca={tmp_path}/ca.pem")
        with pytest.raises(REDIS_DOWN):  # TLS 1.3 tells it, or closes, whichever is read first
            await client.execute("PING")
        await client.aclose()


@pytest.mark.parametrize("password", ["", "wrong"])
async def test_a_server_with_a_password_says_what_it_wants(tmp_path: Path, password: str) -> None:
    (port,) = free_ports(1)
    with running(Server(tmp_path, port, "--requirepass", PASSWORD)):
        login = f":{password}@" if password else ""
        client = connect(f"redis://{login}127.0.0.1:{port}")
        words = "refuses the user name or the password" if password else "asks for a password"
        with pytest.raises(ServerRefuses, match=words):
            await client.execute("PING")
        await client.aclose()
        client = connect(f"redis://:{PASSWORD}@127.0.0.1:{port}")
        assert await client.execute("PING") == b"PONG"
        await client.aclose()


async def test_one_of_a_cluster_and_none_of_a_cluster_are_said(
    tmp_path: Path, embedded: EmbeddedServer
) -> None:
    (port,) = free_ports(1)
    with running(Server(tmp_path, port)):
        client = connect(f"redis+cluster://127.0.0.1:{port}")
        with pytest.raises(ServerRefuses, match="none of a cluster"):
            await client.execute("PING")
        await client.aclose()
        client = connect(f"redis://127.0.0.1:{port}/99")
        with pytest.raises(ServerRefuses, match="database of that number"):
            await client.execute("PING")
        await client.aclose()
