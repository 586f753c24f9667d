"""JSON of the API about recordings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from wire.recording_board import RecordMode


class RecordingPart(BaseModel):
    """One rendition of a live stream that is being recorded."""

    rendition: str
    node: str = Field(description="The app node that records it")
    state: str = Field(
        description="waiting (no key frame came yet), recording, held (the disk takes no more) "
        "or lost (its node died, and another one is about to go on)"
    )
    reason: str = Field(description="Why nothing is recorded, as a sentence; else empty")
    bytes: int = Field(description="Bytes written of this broadcast by this node")


class StreamRecording(BaseModel):
    """The recordings of a stream; it has no parts while it is not live."""

    mode: RecordMode
    chosen: bool = Field(description="False: it is the server's default")
    parts: list[RecordingPart]


class RecordingChoice(BaseModel):
    """The choice of what is recorded of a stream, which stays for its name."""

    model_config = ConfigDict(extra="forbid", strict=True)

    mode: RecordMode | None = Field(
        default=None,
        description="off, source, enhanced or both; null: the server's default. What is recorded "
        "of the enhanced rendition is enhanced, as for a viewer",
    )


class RecordingGap(BaseModel):
    """A part of a broadcast that a recording lacks."""

    at_s: float = Field(description="Place in the recording; 0: before it")
    length_s: float


class RecordingViewers(BaseModel):
    """The number of viewers from a place of a recording on."""

    at_s: float
    viewers: int


class Recording(BaseModel):
    """One recorded file."""

    stream: str
    file: str = Field(description="Its name; it lies at /recordings/{stream}/{file}")
    rendition: str
    started_at: str
    length_s: float
    bytes: int
    codec: str
    width: int
    height: int
    audio: bool
    broadcast: str = Field(
        description="The same for all recordings of one broadcast; empty where it is not known"
    )
    live: bool = Field(description="It is being written")
    gaps: list[RecordingGap]
    viewers: list[RecordingViewers] = Field(
        description="Viewers of the stream at the node that wrote the file"
    )


class RecordingList(BaseModel):
    """Recordings in the folder of the node that answers, the newest first."""

    recordings: list[Recording]
    before: int | None = Field(
        description="Value of the parameter `before` for those that follow; null: there are none"
    )
    free_bytes: int | None = Field(description="Free bytes of the disk; null: not known")
