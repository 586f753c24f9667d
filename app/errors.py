"""Errors of the app; each knows the HTTP status it becomes (RFC 9457 problem details).

AppError
├── BadOffer            an SDP offer that cannot be answered (its own status: 400, 406, 422)
├── BodyTooLarge        413
├── BodyTooSlow         408
├── HeadTooLarge        431
├── UnknownHost         421
├── ForeignOrigin       403
├── ProxiedOpenly       403
├── TooMany             429 + Retry-After
├── WrongContentType    415
├── TagMissing          428
├── TagOutdated         412
├── NotAuthorized       401 + WWW-Authenticate
├── NotAllowed          403
├── StreamNotFound      404
├── RenditionNotFound   404
├── SegmentNotFound     404
├── HlsOff              404
├── ThumbnailNotFound   404
├── RenditionFixed      409
├── RenditionsFull      409
├── RecordingNotFound   404
├── RecordingBusy       409
├── DeviceNotFound      404
├── DeviceThere         409
├── TokenNotFound       404
├── TokensFull          409
├── NoGateway           409
├── KeyNotFound         404
├── KeysFull            409
├── KeyUsed             409
├── ViewsFull           409
├── RecordingChoicesFull 409
├── EntriesHeld         409
├── SessionNotFound     404
├── BadName             400
├── BadRequest          400
├── AlreadyPublishing   409
├── NobodyPublishes     409 + Retry-After
├── Full                503 + Retry-After
├── NoCandidate         503 + Retry-After
├── NotPackagedYet      503 + Retry-After
├── NodeAway            503 + Retry-After
├── IssuerAway          503 + Retry-After
└── RedisAway           503 + Retry-After
"""

from __future__ import annotations

from collections.abc import Iterable


class AppError(Exception):
    """The root; ``detail`` is one sentence for a person."""

    status = 500
    title = "Internal error"
    retry_after_s: int | None = None

    def __init__(self, detail: str = "") -> None:
        # The docstring is the sentence; its line breaks are those of the source.
        self.detail = detail or " ".join((self.__doc__ or "").split())
        super().__init__(self.detail)


class BadOffer(AppError):
    """The SDP offer cannot be answered."""

    status = 400
    title = "Unusable offer"

    def __init__(self, detail: str, *, status: int = 400) -> None:
        super().__init__(detail)
        self.status = status


class BodyTooLarge(AppError):
    """The request body is too large."""

    status = 413
    title = "Body too large"


class BodyTooSlow(AppError):
    """The request body did not arrive in time."""

    status = 408
    title = "Body too slow"


class HeadTooLarge(AppError):
    """The head of a request may have 64 lines and 16 KiB at most."""

    status = 431
    title = "Head too large"


class UnknownHost(AppError):
    """The request is for a host that this server is not."""

    status = 421
    title = "Unknown host"


class ForeignOrigin(AppError):
    """Pages of other origins may do this only where a token guards it: set both tokens of the
    server, or name the page's host in SHARPCAST_ALLOWED_HOSTS."""

    status = 403
    title = "Foreign origin"


class ProxiedOpenly(AppError):
    """A proxy forwards requests to this server, which has no tokens and so serves its own machine
    only: set SHARPCAST_PUBLISH_TOKEN and SHARPCAST_ADMIN_TOKEN."""

    status = 403
    title = "Proxy without tokens"


class TooMany(AppError):
    """Too many requests came from this address."""

    status = 429
    title = "Too many requests"

    def __init__(self, detail: str = "", *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class WrongContentType(AppError):
    """The content type must be application/sdp."""

    status = 415
    title = "Wrong content type"


class TagMissing(AppError):
    """The request needs If-Match with the ETag of the ICE session, or * to restart it."""

    status = 428
    title = "Precondition required"


class TagOutdated(AppError):
    """If-Match does not name the present ICE session."""

    status = 412
    title = "Precondition failed"


class NotAuthorized(AppError):
    """A valid bearer token is needed."""

    status = 401
    title = "Not authorized"


class NotAllowed(AppError):
    """The token is good, but not for this: it is for other streams, or for less."""

    status = 403
    title = "Not allowed"


class StreamNotFound(AppError):
    """No such stream is live."""

    status = 404
    title = "No such stream"


class RenditionNotFound(AppError):
    """The stream has no such rendition."""

    status = 404
    title = "No such rendition"

    @classmethod
    def among(cls, stream: str, name: str, known: Iterable[str]) -> RenditionNotFound:
        """Returns the error with the renditions that there are."""
        *others, last = ("source", *known)
        there = f"{', '.join(others)} and {last}" if others else last
        return cls(f"{stream} has no rendition {name[:20]!r}; there is {there}.")


class SegmentNotFound(AppError):
    """The playlist names no such segment; it may have left the playlist already."""

    status = 404
    title = "No such segment"


class HlsOff(AppError):
    """This server does not serve HLS: its operator has switched SHARPCAST_HLS off."""

    status = 404
    title = "No HLS"


class ThumbnailNotFound(AppError):
    """The stream has no picture yet; a worker makes one while it decodes the stream."""

    status = 404
    title = "No picture"


class RenditionFixed(AppError):
    """The source and the default rendition stay; enhancement of a stream can be switched off."""

    status = 409
    title = "Rendition stays"


class RenditionsFull(AppError):
    """The stream has as many renditions as one may have; remove one first."""

    status = 409
    title = "Too many renditions"


class RecordingNotFound(AppError):
    """There is no such recording; it may have been removed."""

    status = 404
    title = "No such recording"


class RecordingBusy(AppError):
    """The recording is being written; end it first, or wait for its end."""

    status = 409
    title = "Recording under way"


class DeviceNotFound(AppError):
    """There is no such device; it may have been removed already."""

    status = 404
    title = "No such device"


class DeviceThere(AppError):
    """There is a device of this name already; remove it first."""

    status = 409
    title = "Device exists"


class TokenNotFound(AppError):
    """There is no such token; it was used, withdrawn, or has expired."""

    status = 404
    title = "No such token"


class TokensFull(AppError):
    """Too many tokens wait for their devices; withdraw one first."""

    status = 409
    title = "Too many tokens"


class NoGateway(AppError):
    """No gateway runs at which a device could join: set SHARPCAST_GATEWAY_HOST, or start
    `sharpcast gateway`."""

    status = 409
    title = "No gateway"


class KeyNotFound(AppError):
    """There is no such stream key; it may have been revoked already."""

    status = 404
    title = "No such key"


class KeysFull(AppError):
    """There are as many stream keys as there may be; revoke one first."""

    status = 409
    title = "Too many keys"


class KeyUsed(AppError):
    """There are as many live streams as what you publish with allows."""

    status = 409
    title = "Too many streams at a time"


class ViewsFull(AppError):
    """View permissions are set for as many streams as there may be."""

    status = 409
    title = "Too many view permissions"


class RecordingChoicesFull(AppError):
    """There are as many choices of recording as there may be; delete one first."""

    status = 409
    title = "Too many choices of recording"


class EntriesHeld(AppError):
    """You have set this for as many names as one token may; delete it for one that is not used."""

    status = 409
    title = "Too many names"


class SessionNotFound(AppError):
    """No such session; it may have ended already."""

    status = 404
    title = "No such session"


class BadName(AppError):
    """A stream name is 1 to 64 letters, digits, dots, dashes or underscores."""

    status = 400
    title = "Bad stream name"


class BadRequest(AppError):
    """The request cannot be understood."""

    status = 400
    title = "Bad request"


class AlreadyPublishing(AppError):
    """The stream already has a publisher."""

    status = 409
    title = "Already publishing"


class NobodyPublishes(AppError):
    """Nobody publishes this stream at the moment."""

    status = 409
    title = "Not live"
    retry_after_s = 2


class Full(AppError):
    """The server is at its limit; try again later."""

    status = 503
    title = "Server full"
    retry_after_s = 10


class NoCandidate(AppError):
    """No UDP port is free for another peer at the moment."""

    status = 503
    title = "Server full"
    retry_after_s = 5


class NotPackagedYet(AppError):
    """Nothing of this rendition came in time; the stream may have begun or paused just now."""

    status = 503
    title = "Not there yet"
    retry_after_s = 1


class NodeAway(AppError):
    """The server that holds the session does not answer."""

    status = 503
    title = "Temporarily unavailable"
    retry_after_s = 2


class IssuerAway(AppError):
    """The server that says who may do this does not answer at the moment."""

    status = 503
    title = "Temporarily unavailable"
    retry_after_s = 5


class RedisAway(AppError):
    """The server cannot reach its Redis at the moment."""

    status = 503
    title = "Temporarily unavailable"
    retry_after_s = 2
