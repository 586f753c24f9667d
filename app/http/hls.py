"""HLS (RFC 8216bis): playlists, segments and low-latency parts of every rendition."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from app.delivery.quality_levels import USUAL_GAIN
from app.errors import BadRequest, HlsOff, NotPackagedYet, RenditionNotFound, SegmentNotFound
from app.hls.packager import Packager
from app.hls.packagers import PACKABLE
from app.hls.playlist import MEDIA_TYPE, OfferedRendition, multivariant_playlist, with_query
from app.http import schemas, serializers
from app.http.app_state import AppState
from app.http.viewer_limit import ViewerLimit
from app.http.whip_common import check_name
from media.cmaf.tracks import usual_names
from media.codec_table import BY_NAME
from wire import keys

START_S = 10.0
"""Seconds that the first players of a rendition wait for its first whole segment: a worker may have
to wake, and a segment lasts up to four seconds."""

WAIT_S = 8.0
"""Seconds that a request waits for what is still to come. RFC 8216bis section 6.2.5.2 allows three
target durations."""

MAX_AHEAD = 2
"""Segments ahead of the newest that a player may ask for (section 6.2.5.2)."""

SOUND_BITS_PER_S = 96_000
"""Rate of sound, where a rendition was not packaged yet."""

_PEAK = 1.5
"""Peak over average rate, where none was measured: key frames make a segment larger than others."""

_MP4 = "video/mp4"
_NAME = re.compile(
    r"(?:init-(?P<init>[0-9a-f]{12})\.mp4|(?P<msn>\d{1,12})(\.(?P<part>\d{1,3}))?\.m4s)"
)
_VIEWER = re.compile(r"[A-Za-z0-9_-]{1,32}")

# A playlist changes with each part. What has a number never changes, and no number comes again.
_FOR_ALL = {"Cross-Origin-Resource-Policy": "cross-origin"}
_FRESH = {**_FOR_ALL, "Cache-Control": "no-cache"}
_LASTING = {**_FOR_ALL, "Cache-Control": "max-age=60, immutable"}

_PLAYLIST: dict[int | str, dict[str, Any]] = {
    200: {"description": "The playlist.", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}
}
_MEDIA: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "An initialization segment, a segment, or a part of one.",
        "content": {_MP4: {"schema": {"type": "string", "format": "binary"}}},
    }
}

Viewer = Annotated[
    str,
    Query(
        description="Random name of a viewer, made by the player or by the playlist of all "
        "renditions; viewers are counted by it",
        pattern=f"^(?:{_VIEWER.pattern})?$",
    ),
]
Msn = Annotated[
    int | None,
    Query(alias="_HLS_msn", ge=0, lt=10**12, description="Wait for this segment of the playlist"),
]
PartNumber = Annotated[
    int | None, Query(alias="_HLS_part", ge=0, lt=1000, description="Wait for this part of it")
]
Skip = Annotated[
    str, Query(alias="_HLS_skip", description="`YES` or `v2`: leave out older segments")
]


def router(context: AppState) -> APIRouter:
    """Returns the routes under ``/hls``."""
    routes = APIRouter(prefix="/hls", tags=["HLS"])
    answers = _Answers(context)

    @routes.get("/{stream}/index.m3u8", response_class=Response, responses=_PLAYLIST)
    async def renditions(stream: str, request: Request, viewer: Viewer = "") -> Response:
        """Lists the renditions of a stream, for a player to choose among (HLS)."""
        return await answers.renditions(stream, request, viewer)

    @routes.get("/{stream}/{rendition}/index.m3u8", response_class=Response, responses=_PLAYLIST)
    async def playlist(
        stream: str,
        rendition: str,
        request: Request,
        msn: Msn = None,
        part: PartNumber = None,
        skip: Skip = "",
        viewer: Viewer = "",
    ) -> Response:
        """Lists the last segments of a rendition, with parts; waits for what is asked for."""
        if part is not None and msn is None:
            raise BadRequest("_HLS_part needs _HLS_msn, the segment that the part belongs to.")
        wanted = None if msn is None else (msn, part)
        is_delta = skip in ("YES", "v2")
        return await answers.playlist(
            stream, rendition, request, wanted, viewer=viewer, skips=is_delta
        )

    @routes.get("/{stream}/{rendition}/{name}", response_class=Response, responses=_MEDIA)
    async def media(stream: str, rendition: str, name: str, request: Request) -> Response:
        """Returns a segment, a part or an initialization segment that a playlist names."""
        return await answers.media(stream, rendition, name, request)

    return routes


class _Answers:
    """Answers from the packagers of this node."""

    def __init__(self, context: AppState) -> None:
        self._context = context
        self._packagers = context.node.packagers
        self._audience = context.node.audience
        self._limit = ViewerLimit(context.node, context.snapshot)

    async def _check(self, stream: str, request: Request) -> None:
        if not self._context.hls:
            raise HlsOff
        await self._context.access.check_view(request, check_name(stream))

    async def renditions(self, stream: str, request: Request, viewer: str) -> Response:
        await self._check(stream, request)
        record = await self._packagers.live(stream)
        seen = await self._context.snapshot.get()
        view = serializers.stream_view(
            record, seen.enhanced(record), seen.beats, seen.nodes, self._context.defaults
        )
        choices = [each for each in map(self._choice_of(view), _offered(view)) if each]
        if not choices:
            raise RenditionNotFound(
                view.reason or f"{stream} has no rendition at the moment that HLS can carry."
            )
        # Who has no name gets one here, so that each player of this address counts once.
        name = viewer or secrets.token_urlsafe(9)
        await self._limit.check(stream, name)
        named = {"viewer": name, **_token(request)}
        return _playlist(multivariant_playlist(choices, urlencode(named)))

    def _choice_of(self, view: schemas.Stream) -> Callable[[schemas.Rendition], OfferedRendition]:
        def choice(rendition: schemas.Rendition) -> OfferedRendition:
            made = self._packagers.find(view.id, rendition.name)
            return _choice(view, rendition, made)

        return choice

    async def playlist(
        self,
        stream: str,
        rendition: str,
        request: Request,
        wanted: tuple[int, int | None] | None,
        *,
        viewer: str,
        skips: bool,
    ) -> Response:
        await self._check(stream, request)
        _check_rendition(rendition)
        address = str(getattr(request.state, "address", ""))
        packager = await self._admit(stream, rendition, viewer or self._audience.unnamed(address))
        window = packager.window
        if wanted is not None and window.next_place[0] + MAX_AHEAD < wanted[0]:
            raise BadRequest("_HLS_msn is more than two segments ahead of the newest one.")

        def is_there() -> bool:
            if window.is_over:
                return True
            return window.is_playable if wanted is None else window.has(*wanted)

        if not is_there():
            seconds = START_S if wanted is None else WAIT_S
            await self._wait(packager, is_there, seconds, address)
        text = packager.playlist(skips=skips)
        return _playlist(with_query(text, urlencode(_token(request))))

    async def _admit(self, stream: str, rendition: str, viewer: str) -> Packager:
        """Counts a player, and returns its packager. Raises Full, and what ``Packagers.get`` does.

        Who plays already is not asked for a place again: that would cost each of its requests.
        """
        if self._audience.plays(stream, rendition, viewer):
            packager = await self._packagers.get(stream, rendition)
        else:
            # Before, since a packager keeps the rendition produced; behind it, since others may
            # have come meanwhile.
            await self._limit.check(stream, viewer)
            packager = await self._packagers.get(stream, rendition)
            await self._limit.check(stream, viewer)
        self._audience.note(stream, rendition, viewer)
        return packager

    async def media(self, stream: str, rendition: str, name: str, request: Request) -> Response:
        await self._check(stream, request)
        found = _NAME.fullmatch(name)
        packager = self._packagers.find(stream, rendition)
        if found is None or packager is None:
            raise SegmentNotFound
        packager.ask()
        window = packager.window
        if found["init"]:
            return _media(window.init(found["init"]))
        number, part = int(found["msn"]), int(found["part"]) if found["part"] else None
        if number == window.next_place[0] and part in (None, window.next_place[1]):
            # The part that the playlist hints at, or the segment that it belongs to.
            def is_there() -> bool:
                return window.is_over or window.has(number, part)

            await self._wait(packager, is_there, WAIT_S, str(getattr(request.state, "address", "")))
        return _media(window.data(number, part))

    async def _wait(
        self, packager: Packager, condition: Callable[[], bool], seconds: float, address: str
    ) -> None:
        """Waits for a packager. Raises NotPackagedYet, Full, TooMany."""
        async with self._packagers.waiting(address):
            if not await packager.wait_for(condition, seconds=seconds):
                raise NotPackagedYet(packager.problem)


def _token(request: Request) -> dict[str, str]:
    """Returns the token of the query, which addresses in playlists carry on."""
    token = request.query_params.get("token", "")
    return {"token": token} if token else {}


def _check_rendition(rendition: str) -> None:
    is_received = rendition == keys.SOURCE or keys.is_layer(rendition)
    if not is_received and not keys.is_rendition(rendition):
        raise RenditionNotFound(f"{rendition[:20]!r} is no name of a rendition.")


def _offered(view: schemas.Stream) -> list[schemas.Rendition]:
    """Returns the renditions that players choose among: the enhanced ones that a worker has, the
    default one first, then the source.
    """
    made = [each for each in view.renditions if each.worker and not each.of]
    source = [each for each in view.renditions if each.name == keys.SOURCE]
    return made + [each for each in source if each.codec in PACKABLE]


def _choice(
    view: schemas.Stream, rendition: schemas.Rendition, packager: Packager | None
) -> OfferedRendition:
    """Returns one rendition as a player chooses it, measured where it is packaged already."""
    tracks = packager.window.tracks if packager is not None else ()
    peak, mean = packager.window.bits_per_s if packager is not None else (0, 0)
    width, height = rendition.width, rendition.height
    if tracks:
        names = [track.name for track in tracks]
        width, height = tracks[0].width, tracks[0].height
    else:
        usual = BY_NAME[rendition.codec].codec if rendition.codec in PACKABLE else None
        names = usual_names(usual, width, height, has_sound=view.audio)
    if not peak:
        kbps = rendition.kbps or view.source.kbps * USUAL_GAIN
        mean = round(1000 * kbps) + (SOUND_BITS_PER_S if view.audio else 0)
        peak = round(_PEAK * mean)
    fps = rendition.fps or view.source.fps
    return OfferedRendition(rendition.name, peak, mean, ",".join(names), width, height, fps)


def _playlist(text: str) -> Response:
    return Response(text, media_type=MEDIA_TYPE, headers=_FRESH)


def _media(data: bytes | None) -> Response:
    if data is None:
        raise SegmentNotFound
    return Response(data, media_type=_MP4, headers=_LASTING)
