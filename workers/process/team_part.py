"""The part of a worker in teams: its inbox, its help for other leads, and figures of both."""

from __future__ import annotations

from typing import TypedDict

from wire.heartbeat import HelperWork
from wire.site import Site
from workers.team.helper import Helper, HelperParts, OwnWork
from workers.team.inbox import TeamInbox
from workers.team.roster import Roster
from workers.team.team_lead import TeamLeads, TeamParts
from workers.upscale.model_cache import ModelCache

__all__ = ["TeamPart"]


class TeamFields(TypedDict):
    """Fields of ``WorkerBeat``."""

    team_late: int
    team_bad: int
    team_unsent: int
    team_unclaimed: int
    helping: list[HelperWork]
    helped: dict[str, int]
    helper_engine_ms: float
    declined: int


class TeamPart:
    """One worker's, which runs the inbox and the helper as tasks."""

    def __init__(self, worker: str, site: Site, nets: ModelCache, own: OwnWork) -> None:
        self.helper = Helper(HelperParts(worker, site, nets), own)
        self.inbox = TeamInbox(site.team, self.helper.receive)
        roster = Roster(site.heartbeats)
        self.leads = TeamLeads(TeamParts(worker, site.team, self.inbox, roster, nets))
        "The teams that help this worker's leads."

    def fields(self) -> TeamFields:
        """Returns what a heartbeat tells of it."""
        helper, figures = self.helper, self.helper.figures
        return TeamFields(
            team_late=self.inbox.late,
            team_bad=self.inbox.bad_messages,
            team_unsent=helper.unsent,
            team_unclaimed=self.inbox.unclaimed,
            helping=helper.work(),
            helped=figures.outcomes,
            helper_engine_ms=round(figures.engine_ms, 1),
            declined=helper.declined,
        )
