"""The address to which a stream is pushed."""

from __future__ import annotations

import dataclasses
import enum
from urllib.parse import urlsplit

from cli.errors import NotPushed


class TargetKind(enum.Enum):
    """The protocol of a target."""

    WHIP = "whip"
    RTMP = "rtmp"


_SCHEMES = {
    "http": TargetKind.WHIP,
    "https": TargetKind.WHIP,
    "rtmp": TargetKind.RTMP,
    "rtmps": TargetKind.RTMP,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """One target."""

    url: str
    kind: TargetKind
    token: str = ""
    "Bearer token of a WHIP endpoint."

    @property
    def shown(self) -> str:
        """The address without what may be secret: RTMP has its key in the path's last part."""
        parts = urlsplit(self.url)
        place = f"{parts.scheme}://{parts.hostname}"
        if parts.port is not None:
            place += f":{parts.port}"
        if self.kind is TargetKind.WHIP:
            return place + parts.path
        return f"{place}{parts.path.rpartition('/')[0]}/..."


def parse_target(text: str, token: str = "") -> Target:
    """Parses an address of the command line. Raises NotPushed."""
    try:
        parts = urlsplit(text)
        kind, host, _ = _SCHEMES.get(parts.scheme), parts.hostname, parts.port
    except ValueError as error:
        raise NotPushed(f"The target is no address: {error}.") from error
    if kind is None or not host:
        raise NotPushed(
            "The target must be of the form https://host/whip/NAME or rtmp://host/app/KEY."
        )
    if kind is TargetKind.RTMP and token:
        raise NotPushed("RTMP takes no token; its key is the last part of the address.")
    return Target(text, kind, token)
