"""A worker's heartbeat: what it can do, and what it is doing now."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection
from typing import Annotated, TypeVar

import msgspec

from wire import keys
from wire.connection import Redis, command
from wire.errors import BadMessage, DamagedKey
from wire.free_workers import SAMPLE, SHOWN_MS, FreeWorker, FreeWorkers
from wire.script import Script
from wire.team_map import TeamMap

# Six beats fit into one life, so a worker that is held up for two seconds stays in the lists.
EXPIRY_MS = 3_000
PERIOD_S = 0.5

MAX_FOUND = 40
"""Workers that are looked up at once: those drawn for a team, its helpers, those that the operator
pinned, and the lead."""

_READS_AT_ONCE = 4
"""Heartbeats that are read at a time: each takes a connection."""

WORKING = "working"
"""State of a worker that takes jobs."""

BeatT = TypeVar("BeatT")

# In one step: a worker that dies between the two commands would be listed for ever. The first
# write is one that a full server allows.
BEAT = Script(
    """
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'beat', ARGV[1])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
)


class RenditionWork(msgspec.Struct, frozen=True, kw_only=True):
    """One log of an enhanced rendition, as its lead writes it. Counters only grow."""

    name: str
    "Name of the log: that of the rendition, or of its variant in one codec."
    codec: str
    "Codec of what it holds now (``media/codec_table.py``): its own, or a copied source's."
    watched: bool
    "False: nobody watches it, so it is not made."
    width: int = 0
    height: int = 0
    fps: float = 0.0
    "Over the last seconds."
    kbps: float = 0.0
    frames: int = 0
    key_frames: int = 0
    encoded: int = 0
    "Pictures that its encoder made, for all logs that it makes."
    refined: int = 0
    "Pictures for which its encoder had time to do more than the least."
    left_out: int = 0
    "Pictures that its encoder had no time for, while another one had."
    encode_ms: float = 0.0
    "Average time of encoding a picture, in ms."


class TeamDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A helper as the lead sees it, over the last seconds; figures are per second."""

    name: str
    round_trip_ms: float = 0.0
    "95th percentile of the time from task to result, less the helper's own time."
    trust: float = 0.0
    "Part of its time that is given out, 0 to 1; it falls with late results."
    tasks: float = 0.0
    in_time: float = 0.0
    late: float = 0.0
    "Results that came after their frame was made."
    samples: float = 0.0
    "Decoded luma samples of results in time, halos left out."
    fraction: float = 0.0
    "Part of all samples that the net enlarged for the rendition, by the lead or any helper."
    kbps: float = 0.0
    "Bitrate of its results, in kbit/s."


class TeamWork(msgspec.Struct, frozen=True, kw_only=True):
    """The helpers of a rendition as its lead sees them."""

    mode: str = "alone"
    """``alone``, ``regions`` (helpers make regions of each frame), ``frames`` (whole ones in turn),
    or ``off`` (by the operator)."""
    reason: str = ""
    "The reason for the mode, as a sentence."
    invited: int = 0
    "Workers that are asked to help, those that do included."
    wanted: float = 0.0
    "Part of the whole net's work that frames want, on average."
    playout_delay_ms: float = 0.0
    "Time for which a frame may be held back for results."
    turn_around_p50_ms: float = 0.0
    "Median of the time from task to result."
    turn_around_p95_ms: float = 0.0
    devices: list[TeamDevice] = msgspec.field(default_factory=list)


class QualityWork(msgspec.Struct, frozen=True, kw_only=True):
    """The worth of a lead's pictures, measured without the original on some of the last two
    minutes."""

    pictures: int
    "Number of pictures that were measured."
    consistency_db: float
    "PSNR of the enhanced picture, reduced to the source's size, to the decoded source, in dB."
    sharpness: float
    "Gradient energy over that of bicubic interpolation."
    gain_db: float | None = None
    "Estimated PSNR over bicubic interpolation, in dB; None where nothing can be estimated."
    gain_error_db: float | None = None
    "Root mean squared error of the estimate, in dB."


class CostWork(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of a rendition for its lead's machine."""

    cpu_s: float = 0.0
    "Processor time since the worker leads it, in seconds; only grows."
    energy_j: float | None = None
    "Energy of the processors for it, in joules; only grows; None where it is not known."
    cpu_s_per_hour: float | None = None
    "Processor seconds per hour of the stream, over the last minute."
    watt_hours_per_hour: float | None = None
    "Watt-hours per hour of the stream, over the last minute."


class StreamWork(msgspec.Struct, frozen=True, kw_only=True):
    """A lead's report of one enhanced rendition of a stream. Counters only grow."""

    stream: str
    rendition: str
    epoch: int
    state: str
    "``starting``, ``enhancing``, ``idle``, ``bypass``, ``off``"
    reason: str = ""
    "The reason why it is not enhancing, as a sentence."
    model: str = ""
    tuning: str = ""
    """State of the net that is tuned on the stream: ``collecting``, ``training``, ``used``,
    ``judged``, ``resting``; empty where none is."""
    engine: str = ""
    width: int = 0
    "Output size, of what a viewer would get where nobody watches; 0 while that is not known."
    height: int = 0
    fps: float = 0.0
    "Output frames per second, over the last seconds."
    kbps: float = 0.0
    frames_in: int = 0
    frames_out: int = 0
    enhanced: int = 0
    "Frames a net made, whole or in part."
    bicubic: int = 0
    "Frames resized instead."
    bypassed: int = 0
    dropped: dict[str, int] = msgspec.field(default_factory=dict)
    "Frames not put out, by reason."
    key_frames: int = 0
    levels: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    "Frames by quality level and reason, as PROTOCOL.md section 8 names them."
    level: str = ""
    "Quality level that its allocation pays for on every frame."
    allocation_ms: float = 0.0
    "Its allocation, in milliseconds of the engine per second."
    temporal_wanted: float = 0.0
    "Work that frames on ``temporal`` asked the net for, in whole pictures."
    temporal_done: float = 0.0
    "Work that the net did for them."
    net_samples: dict[str, int] = msgspec.field(default_factory=dict)
    """Decoded luma samples that the wanted net enlarged for frames in time, halos left out, by the
    worker that did it."""
    team_results: dict[str, int] = msgspec.field(default_factory=dict)
    "Results of helpers by what became of them, as PROTOCOL.md section 8 names it."
    team: TeamWork = TeamWork()
    "Its helpers."
    team_map: TeamMap | None = None
    "The devices that made each part of the picture; None while nobody asks for it."
    bad_entries: int = 0
    "Entries of the source log that were no batches; of the stream, as ``decoded``."
    stale_units: int = 0
    "Units of the source log that an earlier writer wrote too late; of the stream, as ``decoded``."
    decoded: int = 0
    "Pictures decoded of the source, for all renditions of the stream that this worker leads."
    replayed: int = 0
    "Units only decoded, so that those after them could be."
    bad_messages: int = 0
    "Messages to the lead that were none; of the stream, as ``decoded``."
    quality: QualityWork | None = None
    "The worth of its pictures; None while nothing was measured of late."
    cost: CostWork = CostWork()
    renditions: list[RenditionWork] = msgspec.field(default_factory=list)
    "The logs of the rendition that somebody watches or watched."


class HelperWork(msgspec.Struct, frozen=True, kw_only=True):
    """A helper's report of one rendition that another worker leads. Counters only grow."""

    stream: str
    rendition: str
    lead: str
    "Name of the worker that leads the rendition."
    state: str
    "``preparing`` or ``ready``."
    model: str
    tasks_per_s: float = 0.0
    "Tasks done, over the last seconds."
    busy: float = 0.0
    "Part of the time that its tasks took, over the last seconds."
    outcomes: dict[str, int] = msgspec.field(default_factory=dict)
    "Tasks by outcome: ``made``, or why not, as PROTOCOL.md section 8 names them."
    engine_ms: float = 0.0
    "Time of the net for its tasks."


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One net a worker can load, as its manifest describes it."""

    name: str
    title: str
    scale: int
    macs_per_pixel: int
    "Multiply-adds per input pixel."
    parameters: int
    licence: str
    precisions: list[str]
    strength: bool = False
    "True if it has a faithful and a crisp style."
    missing: str = ""
    "The reason why this worker cannot use it, as a sentence; empty if it can."


class EngineTrial(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's measurement of one inference engine when it chose among them at its start."""

    engine: str
    ms: float = 0.0
    "Time of the default net for a picture of 480x270, in ms; 0 where it could not be run."
    precision: str = ""
    "Precision of its arithmetic: fp32, fp16 or int8."
    reason: str = ""
    "The reason why it could not be run, empty where it could."


class WorkerBeat(msgspec.Struct, frozen=True, kw_only=True):
    """One heartbeat of a worker."""

    name: str
    host: str
    pid: int
    started_us: Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
    engines: list[str]
    models: list[ModelInfo]
    capacity: float
    "Streams of 480x270 at 30 fps that it holds in time, by its start and the quota of its cores."
    load: float
    "Capacity in use now, in the same unit."
    ms_per_frame: float
    "Measured time of the default net at 480x270, in ms."
    streams: list[StreamWork]
    trials: list[EngineTrial] = msgspec.field(default_factory=list)
    "Trials of all engines, where it chose by measuring."
    engine_ms_per_s: float = 0.0
    "Milliseconds per second that nets took of the engine, over the last seconds."
    given_ms_per_s: float = 0.0
    "Milliseconds per second that nets may take of the engine, by what the cores have left."
    rtt_ms: float = 0.0
    "Round trip of its link to the site of Redis; 0 for a worker in it."
    handed_over: int = 0
    "Renditions that it handed to another worker that holds them better."
    state: str = WORKING
    "``working``, or ``draining``: it was told to stop, and claims nothing more."
    bad_jobs: int = 0
    "Entries of the jobs stream that were no jobs, and were removed."
    is_remote: bool = False
    "It is at another site, and reaches this one through a gateway."
    cores: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0
    "Cores whose time it may use, less than one by a quota; 0 where it did not say."
    composes: bool = False
    "It leads renditions, and leaves nets to helpers."
    team_late: int = 0
    "Team messages, sent or received, that were past their deadline and dropped."
    team_bad: int = 0
    "Entries of its inbox that were no team messages."
    helping: list[HelperWork] = msgspec.field(default_factory=list)
    "Leads that it helps."
    helped: dict[str, int] = msgspec.field(default_factory=dict)
    "Tasks of all leads by outcome, since it started."
    helper_engine_ms: float = 0.0
    "Time of the net for them, in ms."
    declined: int = 0
    "Invitations of leads that it declined."
    team_unsent: int = 0
    "Messages to leads that could not be sent, or found no space."
    team_unclaimed: int = 0
    "Messages of helpers for a lead that it is not any more."


def parse_beat(data: bytes) -> WorkerBeat:
    """Parses the heartbeat in ``data``. Raises BadMessage."""
    try:
        return msgspec.json.decode(data, type=WorkerBeat)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(f"heartbeat: {error}") from error


async def list_beats(
    client: Redis, pattern: str, parse: Callable[[bytes], BeatT], name: Callable[[BeatT], str]
) -> list[BeatT]:
    """Returns the heartbeats whose keys match, by name. Those that cannot be read are left out."""
    found: dict[str, BeatT] = {}
    names = await client.scan(pattern)
    async for answer in client.answers([("HGET", key, "beat") for key in names]):
        if isinstance(answer, DamagedKey):
            continue
        with contextlib.suppress(BadMessage):
            beat = parse(answer or b"")
            # A scan may give a key twice, so results are collected by name.
            found[name(beat)] = beat
    return [found[each] for each in sorted(found)]


class Heartbeats:
    """Writes one worker's heartbeat, reads all."""

    def __init__(self, client: Redis, *, expiry_ms: int = EXPIRY_MS) -> None:
        """``expiry_ms`` is how long a heartbeat is shown."""
        self._client = client
        self._expiry_ms = expiry_ms
        self._free = FreeWorkers(client, expiry_ms=SHOWN_MS * expiry_ms // EXPIRY_MS)
        self.free = 0
        "Workers with free capacity at the last beat."

    async def beat(self, beat: WorkerBeat) -> None:
        """Shows the worker for ``expiry_ms`` more, also to those who have something to hand on if
        it has free capacity.
        """
        args = [msgspec.json.encode(beat), self._expiry_ms]
        await BEAT.run(self._client, [keys.worker(beat.name)], args)
        if beat.state != WORKING or beat.load >= beat.capacity:
            self.free = await self._free.hide(beat.name)
            return
        worker = FreeWorker(
            name=beat.name,
            capacity=beat.capacity,
            load=beat.load,
            # A link whose round trip is not measured yet is a link all the same.
            rtt_ms=max(1.0, beat.rtt_ms) if beat.is_remote else 0.0,
            composes=beat.composes,
        )
        self.free = await self._free.show(worker)

    async def draw(self, count: int = SAMPLE) -> list[FreeWorker]:
        """Returns up to ``count`` of the workers that have free capacity, at random."""
        return await self._free.draw(count)

    async def leave(self, name: str) -> None:
        """Removes the worker from the lists at once."""
        await command(self._client, "DEL", self._client.key(keys.worker(name)))
        await self._free.hide(name)

    async def find(self, names: Collection[str], model: str) -> list[WorkerBeat]:
        """Returns those of these workers that are alive, by name; of their nets only ``model``, if
        they know it.
        """
        places = asyncio.Semaphore(_READS_AT_ONCE)

        async def read(name: str) -> WorkerBeat | None:
            async with places:
                with contextlib.suppress(DamagedKey, BadMessage):
                    key = self._client.key(keys.worker(name))
                    return parse_beat(await command(self._client, "HGET", key, "beat") or b"")
            return None

        beats = await asyncio.gather(*(read(name) for name in sorted(set(names))[:MAX_FOUND]))
        return [
            msgspec.structs.replace(
                beat, models=[each for each in beat.models if each.name == model]
            )
            for beat in beats
            if beat is not None
        ]

    async def list(self) -> list[WorkerBeat]:
        """Returns all workers, by name. Heartbeats that cannot be read are left out."""
        return await list_beats(
            self._client, keys.WORKERS_PATTERN, parse_beat, lambda beat: beat.name
        )
