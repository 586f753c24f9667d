"""The end of a lead, as Redis is told of it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable

from wire.connection import REDIS_DOWN, REDIS_FAULT
from wire.errors import WireError
from wire.site import Site
from wire.strikes import LeadNote
from workers.session.lane import RenditionLane
from workers.session.outcome import SessionOutcome

log = logging.getLogger(__name__)


async def tell_ending(site: Site, lead: RenditionLane, ending: SessionOutcome) -> None:
    """Writes into Redis what follows from the end of a lead."""
    jobs, view, epoch = site.jobs, lead.view, lead.epoch
    match ending:
        case SessionOutcome.ENDED:
            await attempt(jobs.finish(lead.job.entry))
        case SessionOutcome.FAILED:
            # The job is not released: it comes back when the lease expires, and not at once to
            # the worker on which it just failed.
            await attempt(view.note(LeadNote.STRIKE, epoch))
        case SessionOutcome.LOST:
            # This process is alive, so the new lead's suspicion that decoding killed it is
            # taken back.
            await attempt(view.drop(epoch))
            await attempt(view.note(LeadNote.ALIVE, epoch))
        case SessionOutcome.RELEASED:
            await attempt(view.drop(epoch))
            await attempt(jobs.release(lead.job))


async def attempt(work: Awaitable[object]) -> None:
    """Awaits a command for Redis; its failure is logged, and neither repeated nor passed on."""
    try:
        await work
    except (*REDIS_DOWN, WireError) as error:
        log.debug("left out: %s", error, extra={"action": "redis_down"})
    except REDIS_FAULT:
        log.exception("left out", extra={"action": "task_failed"})
