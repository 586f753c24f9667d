"""The JSON of the admin API, as OpenAPI shows it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.http.enhancement_schemas import STATES, TUNING, Enhancement
from app.http.recording_schemas import StreamRecording
from app.http.team_schemas import Team
from app.http.worth_schemas import Cost, Quality
from media.codec_table import ENCODED, names_of

TeamChoice = Literal["auto", "on", "off", "regions", "frames"]
_TEAM = (
    "Helpers: auto (as the worker lacks time), off (never), or always: on (in the mode that the "
    "planner chooses), regions (of each frame), frames (whole ones in turn)"
)

_VIDEO_CODECS = names_of("video")
_ENCODED = " or ".join(codec.name for codec in ENCODED)


class RenditionSettings(BaseModel):
    """An operator's specification of an enhanced rendition; each value is of its own JSON type."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: str = Field(
        default="", max_length=64, description="Net to enhance with; empty: the worker's default"
    )
    factor: int = Field(
        default=0,
        ge=-4,
        le=8,
        description="Enlargement of width and height: 0 is the net's own, 1 the size of the "
        "source; below 0: that size divided by so much, without a net, for weak links",
    )
    strength: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Strength of the style: 0 is faithful, 1 is crisp; null: the worker's default",
    )
    codec: str = Field(default="", description=f"{_ENCODED}; empty: the worker's choice")
    kbps: int = Field(
        default=0, ge=0, le=200_000, description="Video bitrate; 0: by the size of the picture"
    )
    enhance: bool = Field(default=True, description="False: the source is only copied")
    team: TeamChoice = Field(default="auto", description=_TEAM)
    pinned: list[str] = Field(
        default_factory=list,
        max_length=8,
        description="Names of workers that help whenever they can, needed or not",
    )
    excluded: list[str] = Field(
        default_factory=list, max_length=8, description="Names of workers that must not help"
    )


class Rendition(BaseModel):
    """One coded version of a stream."""

    name: str = Field(
        description="source, enhanced, what an operator called it, or one of these with a codec "
        "behind a hyphen for viewers who lack the usual codec"
    )
    of: str = Field(
        default="", description="The rendition that it is in another codec; empty for all others"
    )
    codec: str = Field(description=_VIDEO_CODECS)
    width: int = Field(description="Of what a viewer gets; 0 while that is not known")
    height: int
    fps: float
    kbps: float
    viewers: int = Field(description="Of all app nodes, who read it")
    frames: int = Field(default=0, description="Put out since the worker leads the rendition")
    encoded: int = Field(default=0, description="Pictures that its encoder made")
    refined: int = Field(
        default=0, description="Those of them for which it had time to do more than the least"
    )
    left_out: int = Field(
        default=0, description="Pictures for which its encoder had no time, while another one had"
    )
    encode_ms: float = Field(default=0.0, description="What encoding a picture took, on average")
    state: str = Field(default="", description=f"{STATES}; empty for the source and variants")
    reason: str = Field(
        default="", description="Why it is not enhanced or not made, as a sentence; else empty"
    )
    worker: str = Field(default="", description="Its lead")
    engine: str = ""
    model: str = Field(default="", description="The net in use")
    tuning: str = Field(default="", description=TUNING)
    strength: float | None = Field(default=None, description="Strength of the style in effect")
    levels: dict[str, dict[str, int]] = Field(
        default_factory=dict, description="Frames by quality level and reason"
    )
    team: Team | None = Field(
        default=None,
        description="Its helpers; null for the source and variants, and without a lead",
    )
    quality: Quality | None = Field(
        default=None, description="null for the source and variants, and while nothing is measured"
    )
    cost: Cost | None = Field(
        default=None, description="null for the source and variants, and without a lead"
    )
    spec: RenditionSettings | None = Field(
        default=None, description="null for the source and variants, which nobody specifies"
    )


class Source(BaseModel):
    """The publisher's video."""

    codec: str = Field(description=f"{_VIDEO_CODECS}; empty until the first key frame")
    width: int
    height: int
    fps: float
    kbps: float


class Frames(BaseModel):
    """Counted by the lead since it took the stream."""

    model_config = ConfigDict(populate_by_name=True)

    # `in` is a keyword of Python.
    in_: int = Field(alias="in")
    out: int
    enhanced: int = Field(description="Made by a net, whole or in part")
    bicubic: int = Field(description="Resized")
    bypassed: int = Field(description="Passed on as sent")
    dropped: dict[str, int]
    levels: dict[str, dict[str, int]] = Field(
        description="Frames by quality level, then by reason (wire/PROTOCOL.md, section 8)"
    )


class Spread(BaseModel):
    """Percentiles in milliseconds."""

    p50: float
    p95: float


class StageLatency(Spread):
    """Latency of one stage."""

    name: str


class Latency(BaseModel):
    """Latency that the server added to the units delivered last, as stamped on them."""

    samples: int
    total: Spread | None
    stages: list[StageLatency]


class Stream(BaseModel):
    """One live stream."""

    id: str
    state: str
    reason: str = Field(
        description="Why the publisher's pictures cannot be seen, or not rightly, as a sentence; "
        "else empty"
    )
    started_at: str
    audio: bool
    viewers: int = Field(description="People who watch, each once on all nodes and however they do")
    sessions: int = Field(description="Playback sessions (WHEP) and players of HLS")
    hls: str = Field("", description="Path of its HLS playlist; empty: HLS is switched off")
    source: Source
    renditions: list[Rendition]
    enhancement: Enhancement
    team: Team | None = Field(
        description="The helpers of the default rendition; null while no worker has it"
    )
    frames: Frames
    layer: str = Field(
        description="The publisher's simulcast layer that is taken; all of them are "
        "renditions, `source-NAME`. Empty without simulcast"
    )
    packets: dict[str, int] = Field(
        description="UDP packets at the publisher's connection that became part of no frame, by "
        "reason: lost, late, malformed, oversize_audio, other_source, and those refused "
        "(stranger, srtp, flood, ...)"
    )
    latency_ms: Latency
    view: Literal["public", "unlisted", "token"] = Field(
        description="Who may watch: everybody; whoever knows the name; whoever has a token"
    )
    recording: StreamRecording | None = Field(default=None, description="What is recorded of it")


class StreamList(BaseModel):
    """Live streams, by id."""

    streams: list[Stream]
    total: int = Field(description="Streams in all parts of the list")


class StreamChange(BaseModel):
    """Changes by an operator; each value is of its own type in JSON, true is no number."""

    model_config = ConfigDict(extra="forbid", strict=True)

    enhance: bool | None = None
    model: str | None = Field(default=None, max_length=64)
    strength: float | None = Field(
        default=None, ge=0, le=1, description="Strength of the style: 0 is faithful, 1 is crisp"
    )
    team: TeamChoice | None = Field(default=None, description=_TEAM)
    pinned: list[str] | None = Field(
        default=None,
        max_length=8,
        description="Names of workers that help whenever they can, needed or not",
    )
    excluded: list[str] | None = Field(
        default=None, max_length=8, description="Names of workers that must not help"
    )
    view: Literal["public", "unlisted", "token"] | None = Field(
        default=None, description="Who may watch; it stays for the name of the stream"
    )


class WorkerStream(BaseModel):
    """A worker's report of one enhanced rendition of the stream that ``stream`` names."""

    stream: str
    state: str
    reason: str
    model: str
    engine: str
    width: int
    height: int
    fps: float
    kbps: float
    frames_in: int
    frames_out: int
    enhanced: int
    bicubic: int
    bypassed: int
    dropped: dict[str, int]
    key_frames: int
    levels: dict[str, dict[str, int]] = Field(
        description="Frames by quality level, then by reason (wire/PROTOCOL.md, section 8)"
    )
    level: str = Field(description="Quality level that its allocation pays for on every frame")
    allocation_ms: float = Field(
        description="Its allocation, in milliseconds of the engine per second"
    )
    temporal_wanted: float = Field(
        description="Work that frames on `temporal` asked the net for, in whole pictures"
    )
    temporal_done: float = Field(description="Work that the net did for them")


class WorkerHelp(BaseModel):
    """Help of a worker for the lead of a rendition."""

    stream: str
    rendition: str
    lead: str = Field(description="Name of the worker that leads the rendition")
    state: str = Field(description="preparing, or ready: it takes tasks")
    model: str
    tasks_per_s: float = Field(description="Tasks that ended, over the last seconds")
    busy: float = Field(description="Part of the time that they took, 0 to 1")
    outcomes: dict[str, int] = Field(
        description="Tasks by outcome: `made`, or the reason why not (wire/PROTOCOL.md, section 8)"
    )
    engine_ms: float = Field(description="Time of the net for them, in ms")


class Worker(BaseModel):
    """One worker process; capacity and load count streams of 480x270 at 30 fps."""

    name: str
    state: str = Field(description="working, or draining: it was told to stop")
    host: str
    pid: int
    started_at: str
    engines: list[str]
    models: list[str]
    capacity: float
    load: float
    ms_per_frame: float
    engine_ms_per_s: float = Field(
        description="Milliseconds per second that nets took of the engine, over the last seconds"
    )
    given_ms_per_s: float = Field(
        description="Milliseconds per second that nets may take of the engine, by what the cores "
        "have left"
    )
    cores: float = Field(
        description="Cores whose time it may use, less than one by a quota; 0 if it did not say"
    )
    composes: bool = Field(description="It leads streams, and leaves nets to helpers")
    streams: list[WorkerStream]
    helping: list[WorkerHelp] = Field(description="Leads that it helps with regions of pictures")
    declined: int = Field(description="Invitations of leads that it declined")


class WorkerList(BaseModel):
    """All workers, by name."""

    workers: list[Worker]


class CounterSample(BaseModel):
    """One value of a counter."""

    labels: dict[str, str]
    value: float


class Counter(BaseModel):
    """One registered counter; ``/metrics`` shows it as ``sharpcast_NAME``."""

    name: str
    unit: str = Field(description="What is counted, as a plural noun")
    help: str
    only_grows: bool = Field(
        description="It grows until the process ends; else it falls with what it is about"
    )
    samples: list[CounterSample]


class CounterList(BaseModel):
    """All counters of this app and of the workers."""

    counters: list[Counter]


class StreamOnNode(BaseModel):
    """One stream as an app node has it."""

    id: str
    publishes: bool = Field(description="The publisher's session is this node's")
    viewers: dict[str, int] = Field(description="Playback sessions, by the log they read")
    players: dict[str, int] = Field(description="Players of HLS, by the rendition that they read")
    latency_ms: dict[str, Latency] = Field(description="By the log that is read")


class Node(BaseModel):
    """One app process; all that share a Redis serve the same streams."""

    name: str = Field(description="As in the addresses of its sessions")
    answers: bool = Field(description="It is the node that answers this request")
    host: str
    pid: int
    started_at: str
    publishers: int
    viewers: int
    streams: list[StreamOnNode]
    counters: dict[str, int] = Field(description="Since its start")


class NodeList(BaseModel):
    """All app nodes, by name."""

    nodes: list[Node]


class Model(BaseModel):
    """One net that streams can be enhanced with."""

    name: str
    title: str
    scale: int
    macs_per_pixel: int
    parameters: int
    licence: str
    precisions: list[str]
    strength: bool = Field(description="It has a faithful and a crisp style")
    missing: str = Field(description="Why no running worker can use it, as a sentence; else empty")


class ModelListing(BaseModel):
    """All nets of the zoo."""

    models: list[Model]
