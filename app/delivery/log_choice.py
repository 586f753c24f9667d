"""The choice of the log that a viewer reads, by the records of its stream."""

from __future__ import annotations

import dataclasses

from app.delivery.quality_levels import SMALLER, smaller_spec
from app.delivery.rendition_choice import Coding, PlayRequest, choose
from app.errors import RenditionNotFound
from app.streams.stream_directory import StreamDirectory
from wire import keys
from wire.stream_record import StreamRecord, parse_layers


class LogChoice:
    """Reads the records of renditions and chooses; adds the one for weak links where it is asked
    for.
    """

    def __init__(self, directory: StreamDirectory) -> None:
        self._directory = directory

    async def log(self, record: StreamRecord, request: PlayRequest | None) -> str:
        """Returns the log to read; ``None`` asks for sound alone.

        Raises BadOffer, RenditionNotFound, RenditionsFull, RedisAway.
        """
        if request is None:
            return keys.SOURCE  # sound alone, which the source has
        if request.rendition == SMALLER and SMALLER not in record.renditions:
            spec = smaller_spec(record.kbps, record.height)
            if spec is None:  # the source is as small
                request = dataclasses.replace(request, rendition=keys.SOURCE)
            else:
                await self._directory.need_rendition(record, SMALLER, spec)
                record = await self._directory.record(record.id) or record
        layers = [layer.rendition for layer in parse_layers(record.layers)]
        if request.rendition in (keys.SOURCE, *layers):
            return choose(request, Coding(source=record.codec))
        known = await self._directory.renditions(record)
        enhanced = known.get(request.rendition)
        # The default one is there as soon as its record is made, which may be a moment from now.
        if enhanced is None and request.rendition != keys.ENHANCED:
            raise RenditionNotFound.among(record.id, request.rendition, [*layers, *known])
        output = (enhanced.output or enhanced.codec) if enhanced else ""
        return choose(request, Coding(source=record.codec, output=output))
