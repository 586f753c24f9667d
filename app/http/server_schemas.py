"""The shape of what a page learns of the server before it starts."""

from __future__ import annotations

from pydantic import BaseModel, Field


class IceServerInfo(BaseModel):
    """An ICE server as RTCIceServer takes it."""

    urls: str
    username: str | None = None
    credential: str | None = None


class SendSizeInfo(BaseModel):
    """A size of picture to send, and the rates at which it looks best once it is enhanced."""

    fraction: float = Field(description="Width sent over the full picture's")
    min_bpp: float = Field(
        description="Bits for each pixel of the full picture and frame from which on it looks"
        " better than the smaller sizes"
    )


class Server(BaseModel):
    """Settings that a page needs before it starts."""

    version: str
    instance: str = Field(
        default="",
        description="Of this run of the server: sessions do not outlive it",
    )
    publish_token_needed: bool
    admin_token_needed: bool
    ice_servers: list[IceServerInfo]
    default_model: str
    send_sizes: list[SendSizeInfo] = Field(
        default=[],
        description="By growing size; empty while no worker enhances and the full size is best",
    )
