"""Areas of the HTTP surface; origin checks and rate limits depend on a request's area."""

from __future__ import annotations

import enum


class Area(enum.Enum):
    """Parts of the HTTP surface that differ in who may use them."""

    PUBLISH = "publish"
    WATCH = "watch"
    HLS = "hls"
    READ = "read"
    CHANGE = "change"
    PAGE = "page"
    HEALTH = "health"


_READING = ("GET", "HEAD")
_HEALTH = ("/healthz", "/readyz")


def area_of(method: str, path: str) -> Area:
    """Returns the area of a request; ``path`` comes without the prefix."""
    # The target of `OPTIONS *` begins with no slash.
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    if first == "whip":
        return Area.PUBLISH
    if first == "whep":
        return Area.WATCH
    if first == "hls":
        return Area.HLS
    if first == "api":
        return Area.READ if method in _READING else Area.CHANGE
    # The page of recordings is below none of them.
    if first == "recordings" and path.count("/") > 1:
        return Area.READ
    if path in _HEALTH:
        return Area.HEALTH
    return Area.READ if path in ("/metrics", "/openapi.json") else Area.PAGE


METHODS = {
    Area.PUBLISH: "POST, DELETE, OPTIONS, GET, HEAD, PATCH",
    Area.WATCH: "POST, DELETE, OPTIONS, GET, HEAD, PATCH",
    Area.HLS: "GET, HEAD, OPTIONS",
    # One set for both: `Allow` names what an address takes, not what this caller asked for.
    Area.READ: "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE",
    Area.CHANGE: "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE",
    Area.PAGE: "GET, HEAD, OPTIONS",
    Area.HEALTH: "GET, HEAD, OPTIONS",
}
"""The methods that a preflight answer allows in each area."""
