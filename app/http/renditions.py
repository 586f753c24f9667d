"""A stream's renditions as the API lists them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import get_args

from app.delivery.rendition_choice import USUAL
from app.http import schemas
from app.http.enhancement_schemas import Enhancement
from app.http.team_schemas import Team
from app.http.worth_schemas import Cost, Quality
from media.codec_table import title_of
from wire import keys
from wire.hash_record import names_in
from wire.heartbeat import RenditionWork, StreamWork
from wire.rendition_record import RenditionRecord
from wire.stream_record import StreamRecord, parse_layers


@dataclasses.dataclass(frozen=True, slots=True)
class Produced:
    """An enhanced rendition with what its lead tells of it."""

    record: RenditionRecord
    work: StreamWork | None
    "None while no worker has it."
    enhancement: Enhancement

    @property
    def codec(self) -> str:
        """The codec of the usual log."""
        return self.record.output or self.record.codec or USUAL

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, 0 where they are not known yet."""
        return (self.work.width, self.work.height) if self.work else (0, 0)

    def log(self, name: str) -> RenditionWork:
        """Returns the lead's report of one of the rendition's logs."""
        made = self.work.renditions if self.work else []
        codec = keys.rendition_of(name)[1] or self.codec
        unmade = RenditionWork(name=name, codec=codec, watched=False)
        return next((one for one in made if one.name == name), unmade)


def rendition_views(
    record: StreamRecord, renditions: list[Produced], viewers: dict[str, int]
) -> list[schemas.Rendition]:
    """Lists the source, its layers, all enhanced renditions, and the variants in one codec that are
    made or watched. ``viewers`` counts those of all nodes by log.
    """
    source = schemas.Rendition(
        name=keys.SOURCE,
        codec=record.codec,
        width=record.width,
        height=record.height,
        fps=record.fps,
        kbps=record.kbps,
        viewers=viewers.get(keys.SOURCE, 0),
    )
    found = [source, *_layers(record, viewers)]
    for each in renditions:
        found.append(_usual(each, viewers.get(each.record.name, 0)))
        found += _variants(each, viewers)
    return found


def _layers(record: StreamRecord, viewers: dict[str, int]) -> Iterator[schemas.Rendition]:
    """Yields the publisher's simulcast layers, which are received and not made."""
    for layer in parse_layers(record.layers):
        yield schemas.Rendition(
            name=layer.rendition,
            codec=record.codec,
            width=layer.width,
            height=layer.height,
            fps=record.fps,
            kbps=layer.kbps,
            viewers=viewers.get(layer.rendition, 0),
        )


def _usual(produced: Produced, viewers: int) -> schemas.Rendition:
    record, work, enhancement = produced.record, produced.work, produced.enhancement
    log = produced.log(record.name)
    return _view(produced, log, viewers).model_copy(
        update={
            "state": enhancement.state,
            "reason": enhancement.reason,
            "worker": enhancement.worker,
            "engine": enhancement.engine,
            "model": enhancement.model,
            "strength": enhancement.strength,
            "levels": work.levels if work else {},
            "spec": schemas.RenditionSettings(
                model=record.model,
                factor=record.factor,
                strength=record.strength if record.strength >= 0 else None,
                codec=record.codec,
                kbps=record.kbps,
                enhance=record.enhance,
                team=team_choice(record.team),
                pinned=names_in(record.pinned),
                excluded=names_in(record.excluded),
            ),
            "team": team_view(work),
            "quality": Quality.of(work),
            "cost": Cost.of(work),
        }
    )


def team_choice(text: str) -> schemas.TeamChoice:
    """Returns the operator's choice as the API shows it."""
    known: tuple[schemas.TeamChoice, ...] = get_args(schemas.TeamChoice)
    return next((choice for choice in known if choice == text), "auto")


def team_view(work: StreamWork | None) -> Team | None:
    """Returns a lead's helpers as the API shows them."""
    if work is None:
        return None
    return Team.of(work.team)


def _variants(produced: Produced, viewers: dict[str, int]) -> Iterator[schemas.Rendition]:
    _, *names = keys.logs_of(produced.record.name)
    for name in names:
        log, here = produced.log(name), viewers.get(name, 0)
        # Both are reports: a node's is up to a second old, and the lead may not have read the watch
        # lease yet. Either is enough.
        if here or log.watched:
            reason = "" if log.watched else produced.enhancement.reason
            # The rendition itself may have a reason, for instance that no worker runs. Without one
            # the lead has not begun to encode for this codec.
            if not (log.watched or reason):
                reason = f"The worker does not make {title_of(log.codec)} yet."
            yield _view(produced, log, here).model_copy(
                update={"of": produced.record.name, "reason": reason}
            )


def _view(produced: Produced, log: RenditionWork, viewers: int) -> schemas.Rendition:
    # A log that nothing was written to has no size of its own yet, and what one holds that nobody
    # watches may be of another net.
    is_made = log.watched and log.width
    width, height = (log.width, log.height) if is_made else produced.size
    return schemas.Rendition(
        name=log.name,
        codec=log.codec,
        width=width,
        height=height,
        fps=log.fps,
        kbps=log.kbps,
        viewers=viewers,
        frames=log.frames,
        encoded=log.encoded,
        refined=log.refined,
        left_out=log.left_out,
        encode_ms=log.encode_ms,
    )
