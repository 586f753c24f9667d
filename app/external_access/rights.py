"""Rights as others write them: the claim in a JWT, and the answer of the hook; no I/O."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.access.grants import Act, Grant, GrantKind
from app.access.patterns import is_pattern
from wire.stream_keys import KeyLimits, View

MAX_PATTERNS = 64
"""Names and patterns of one act; each is compared with the stream at each request."""

MAX_SUBJECT_LENGTH = 128
"""Characters of a subject: it stands in the audit log, and in the record of a stream."""

MAX_LIFE_S = 24 * 3600
"""Longest time for which an answer of the hook holds."""

LIFE_S = 60
"""Such a time where the answer names none."""

_MAX_PLACE_LENGTH = 64


def _check_pattern(text: str) -> str:
    if not is_pattern(text):
        raise ValueError("this is neither the name of a stream nor a pattern")
    return text


def _check_subject(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a subject has printable characters only")
    return text


Pattern = Annotated[str, AfterValidator(_check_pattern)]
Patterns = Annotated[list[Pattern], Field(max_length=MAX_PATTERNS)]
Subject = Annotated[str, Field(max_length=MAX_SUBJECT_LENGTH), AfterValidator(_check_subject)]
LimitValue = Annotated[int, Field(ge=0, lt=2**31)]
_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)


class GrantedLimits(BaseModel):
    """Limits of the streams of whoever has the rights; 0: none but the server's."""

    model_config = _STRICT

    streams: LimitValue = 0
    kbps: LimitValue = 0
    pixels: LimitValue = 0
    viewers: LimitValue = 0

    @property
    def key_limits(self) -> KeyLimits:
        """The same limits as those of a stream key."""
        return KeyLimits(**self.model_dump())


class RightsClaim(BaseModel):
    """The claim of a JWT that holds the rights; what it does not name is not granted."""

    model_config = _STRICT

    publish: Patterns = []
    view: Patterns = []
    own: Patterns = []
    admin: bool = False
    limits: GrantedLimits = GrantedLimits()
    permission: Literal["public", "unlisted", "token"] | None = None

    def grant(self, subject: str) -> Grant:
        """Returns the rights of this subject."""
        by_act = {Act.PUBLISH: self.publish, Act.VIEW: self.view, Act.OWN: self.own}
        found = {act: tuple(patterns) for act, patterns in by_act.items() if patterns}
        if self.admin:
            found |= {Act.ADMIN: ("*",), Act.VIEW: ("*",), Act.OWN: ("*",)}
        return Grant(
            GrantKind.JWT,
            frozenset(found),
            subject,
            streams=(),
            by_act=found,
            limits=self.limits.key_limits,
            view=View(self.permission) if self.permission else None,
        )


class JwtClaims(BaseModel):
    """The claims of a JWT that are looked at; others are ignored, as RFC 7519 section 4 asks."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    iss: str
    aud: str | list[str]
    exp: float = Field(allow_inf_nan=False)
    nbf: float = Field(default=0.0, allow_inf_nan=False)
    sub: Annotated[Subject, Field(min_length=1)]

    def is_for(self, audience: str) -> bool:
        """True if the JWT names this audience."""
        return audience in ([self.aud] if isinstance(self.aud, str) else self.aud)


class HookAnswer(BaseModel):
    """The body of the hook's answer 200; an empty object grants the act that was asked."""

    model_config = _STRICT

    acts: list[Literal["publish", "view", "own"]] | None = Field(None, max_length=8)
    streams: Patterns | None = None
    limits: GrantedLimits = GrantedLimits()
    permission: Literal["public", "unlisted", "token"] | None = None
    subject: Subject = ""
    life_s: int = Field(LIFE_S, ge=0, le=MAX_LIFE_S)

    @model_validator(mode="after")
    def _counts_for_somebody(self) -> HookAnswer:
        if self.limits.streams and not self.subject:
            raise ValueError("limits.streams needs a subject whose streams are counted")
        return self

    @property
    def is_general(self) -> bool:
        """True if it says more than yes to what was asked."""
        return self.acts is not None or self.streams is not None

    def grant(self, act: Act, stream: str) -> Grant:
        """Returns the rights, where this act for this stream was asked."""
        return Grant(
            GrantKind.HOOK,
            frozenset([act] if self.acts is None else map(Act, self.acts)),
            self.subject,
            streams=(stream,) if self.streams is None else tuple(self.streams),
            limits=self.limits.key_limits,
            view=View(self.permission) if self.permission else None,
        )


def fault_of(error: ValidationError) -> str:
    """Returns the first fault as the end of a sentence, without the values that were sent."""
    first: Any = error.errors(include_input=False, include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    place = ".".join(map(str, first["loc"]))[:_MAX_PLACE_LENGTH]
    # Field names come from outside too; only what prints is repeated.
    shown = "".join(letter for letter in place if letter.isprintable())
    return f"{shown}: {message}" if shown else message
