"""The JSON of devices at other sites, as OpenAPI shows it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class DeviceRequest(BaseModel):
    """Settings of a device that is to join."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(
        default="",
        max_length=64,
        description="Name that it gets: letters, digits, _ . -; empty: the one that it asks for",
    )


class HeldJobView(BaseModel):
    """A rendition that a device produces."""

    stream: str
    rendition: str


class DeviceLinkView(BaseModel):
    """The link of a joined device, as its gateway measures it."""

    rtt_ms: float = Field(description="Round trip, smoothed")
    loss: float = Field(description="Part of the packets to the device that is lost, 0 to 1")
    rate_kbps: float = Field(description="What may be sent to it")
    delivered_kbps: float = Field(description="What arrived at it lately")
    queue_ms: float = Field(description="Delay that stands in queues on the way")
    queued_bytes: int = Field(description="Bytes that wait at the gateway")
    silent_ms: float = Field(description="Time since it was heard")
    messages: dict[str, int] = Field(
        description="Messages of this session: sent, received, restored (by parity), late, refused"
    )


class DeviceView(BaseModel):
    """A device at another site."""

    name: str
    state: str = Field(description="joined or away")
    fingerprint: str = Field(description="SHA-256 of its certificate, pinned at the first join")
    first_joined_at: str
    seen_at: str
    address: str = Field(description="Address from which it joined last")
    gateway: str = Field(description="The gateway at which it is; empty while it is away")
    link: DeviceLinkView | None = Field(description="null while it is away")
    jobs: list[HeldJobView]


class WaitingToken(BaseModel):
    """A token for one device that nobody has used."""

    id: str
    name: str = Field(description="Name that the device gets; empty: the one that it asks for")
    expires_at: str


class NewDevice(WaitingToken):
    """A token that was just made; it is shown this once."""

    token: str
    gateway: str = Field(description="HOST:PORT at which the device joins, by UDP")
    command: str = Field(description="What to run on the device")


class GatewayView(BaseModel):
    """A gateway: a UDP port at which devices join."""

    name: str
    host: str = Field(description="Address on which it listens")
    port: int
    fingerprint: str = Field(description="SHA-256 of its certificate")
    shared_token: bool = Field(description="Devices can join with SHARPCAST_JOIN_TOKEN too")
    devices: int


class DeviceList(BaseModel):
    """All devices by name, the tokens that wait, and the gateways."""

    gateways: list[GatewayView]
    devices: list[DeviceView]
    tokens: list[WaitingToken]
