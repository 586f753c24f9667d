"""One viewer's session: its playback and connection, and what was asked for."""

from __future__ import annotations

import dataclasses

from app.delivery.event_streams import EventStreams
from app.delivery.layer_changes import LayerChanges
from app.delivery.playback_session import PlaybackSession
from app.delivery.rendition_choice import PlayRequest
from app.delivery.viewer_adapter import AdaptedViewer
from app.delivery.viewer_picture import ViewerPicture
from app.delivery.viewer_queries import AwaitPicture, PictureSeen
from app.errors import SessionNotFound
from app.streams.throttle import Throttle
from app.webrtc.ice_patch import IceTags
from app.webrtc.sdp_offer import Offer
from app.webrtc.viewer_connection import ViewerConnection

_REFIT_S = 0.5
"""Another log is looked for this often, for a viewer who lacks the codec of what comes."""


@dataclasses.dataclass(slots=True)
class ViewerSession:
    """A viewer of this node: its playback, its connection and its choices."""

    stream: str
    session: int
    "The publisher's epoch."
    playback: PlaybackSession
    peer: ViewerConnection
    request: PlayRequest | None
    "None: it watches no video."
    address: str
    "Address of whoever posted the offer, for limits."
    tags: IceTags
    offer: dataclasses.InitVar[Offer]
    viewer_name: str = ""
    "Random name of its viewer, who may hold several sessions; empty: none was given."
    layers: LayerChanges = dataclasses.field(init=False)
    events: EventStreams = dataclasses.field(init=False)
    picture: ViewerPicture = dataclasses.field(init=False)
    is_over: bool = dataclasses.field(init=False, default=False)
    asked: str = dataclasses.field(init=False, default="")
    "Rendition that the offer asked for."
    refits: Throttle = dataclasses.field(default_factory=lambda: Throttle(_REFIT_S))
    adapted: AdaptedViewer | None = None
    "None: its rendition was chosen by hand."

    def __post_init__(self, offer: Offer) -> None:
        request = self.request
        self.layers = LayerChanges(offer)
        self.events = EventStreams(self.layers.place)
        self.picture = ViewerPicture(self.playback, adapts=lambda: self.adapted is not None)
        self.asked = request.rendition if request is not None else ""
        if request is not None and request.adapts:
            of = (self.stream, self.session, request, self.playback, self.peer)
            self.adapted = AdaptedViewer(*of)

    async def await_picture(self, query: AwaitPicture) -> PictureSeen:
        """Waits until the viewer is shown something else. Raises SessionNotFound once the event
        stream or the session is over.
        """
        self.events.see(query.id)
        seen = await self.picture.await_change(query.version, query.wait_s)
        if self.is_over:
            raise SessionNotFound
        self.events.see(query.id)
        return seen

    def end(self) -> None:
        """Stops its playback; whoever waits is told."""
        self.is_over = True
        self.playback.stop()
        self.picture.wake()
