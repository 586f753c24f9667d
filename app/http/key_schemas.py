"""The JSON of stream keys, view tokens and the audit log, as OpenAPI shows it."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.access.key_store import MAX_GRACE_S

ViewName = Literal["public", "unlisted", "token"]
"""Name of a view permission: it says who may watch a stream."""

MAX_LIFE_S = 10 * 365 * 24 * 3600
"""Longest life of a key that ends at all, in seconds."""

MAX_VIEW_LIFE_S = 30 * 24 * 3600
"""Longest life of a view token in seconds: it is kept nowhere, and so cannot be listed."""

MAX_EXCHANGED_LIFE_S = 6 * 3600
"""Longest life in seconds of a view token for who may watch and is no owner: enough to play a long
recording, whose address may hold no other token."""

VIEW = (
    "public: everybody; unlisted: whoever knows the name, as lists leave it out; token: whoever "
    "has a token for it"
)


_CONTROLS = {"Cc", "Zl", "Zp"}
"""Unicode's categories of controls and of ends of lines."""


def _one_line(text: str) -> str:
    if any(unicodedata.category(each) in _CONTROLS for each in text):
        raise PydanticCustomError("one_line", "It has to be one line without control characters")
    return text


Note = Annotated[str, AfterValidator(_one_line)]
"""A text for people that no terminal obeys."""


class Limits(BaseModel):
    """Limits of the streams of a key; 0: none but the server's."""

    model_config = ConfigDict(extra="forbid", strict=True)

    streams: int = Field(default=0, ge=0, lt=2**31, description="Streams at a time")
    kbps: int = Field(default=0, ge=0, lt=2**31, description="Video bitrate of a stream, kbit/s")
    pixels: int = Field(default=0, ge=0, lt=2**31, description="Pixels of a picture")
    viewers: int = Field(default=0, ge=0, lt=2**31, description="Viewers of a stream at a time")


class KeySettings(BaseModel):
    """Settings of a key that is to be made."""

    model_config = ConfigDict(extra="forbid", strict=True)

    streams: str = Field(
        max_length=64, description="Name of a stream, or a pattern: * any characters, ? one"
    )
    note: Note = Field(
        default="",
        max_length=200,
        description="For people: whose key it is; one line, without control characters",
    )
    life_s: int = Field(
        default=0, ge=0, le=MAX_LIFE_S, description="Seconds until it expires; 0: never"
    )
    view: ViewName = Field(
        default="public",
        description=f"Permission that its streams get, unless one was set. {VIEW}",
    )
    limits: Limits = Limits()


class KeyRotation(BaseModel):
    """Settings of a rotation."""

    model_config = ConfigDict(extra="forbid", strict=True)

    grace_s: int = Field(
        default=3600, ge=0, le=MAX_GRACE_S, description="Seconds for which the old secret is good"
    )


class KeyView(BaseModel):
    """A stream key, without its secret."""

    id: str
    streams: str
    note: str
    view: ViewName
    limits: Limits
    created_at: str
    expires_at: str | None = Field(description="None: it does not expire")
    is_expired: bool
    old_secret_until: str | None = Field(
        description="End of the secret before the rotation; None: there is none"
    )
    live: list[str] = Field(description="Streams that are published with it now")


class KeyList(BaseModel):
    """All stream keys."""

    keys: list[KeyView]


class NewKey(BaseModel):
    """A key with its secret, which is in this answer alone."""

    key: KeyView
    secret: str = Field(description="Bearer token for WHIP; it is shown this once")


class ViewChange(BaseModel):
    """A view permission."""

    model_config = ConfigDict(extra="forbid", strict=True)

    view: ViewName = Field(description=VIEW)


class ViewTokenRequest(BaseModel):
    """Settings of a view token."""

    model_config = ConfigDict(extra="forbid", strict=True)

    life_s: int = Field(default=3600, ge=1, le=MAX_VIEW_LIFE_S, description="Seconds until it ends")


class NewViewToken(BaseModel):
    """A token with which one stream can be watched."""

    token: str = Field(description="For `Authorization: Bearer`, or `?token=` in an address")
    stream: str
    expires_at: str


class AuditEntryView(BaseModel):
    """An administrative act."""

    at: str
    who: str = Field(
        description="Kind of the token, and id of the key, or subject of the JWT or of the hook's "
        "answer"
    )
    address: str
    act: str
    target: str
    detail: str


class AuditList(BaseModel):
    """The last administrative acts, the newest first."""

    entries: list[AuditEntryView]
