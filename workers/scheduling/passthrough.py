"""Whether a source unit is worked on or copied; changes only where decoding can start."""

from __future__ import annotations

from workers.media.route import Route


class RoutePolicy:
    """Follows a wish at the next key frame of the source.

    Both ways need one: a viewer cannot start at a copied unit that is no key frame, and a
    decoder that did not see the copied units cannot go on.
    """

    def __init__(self) -> None:
        self._now: Route | None = None
        self._wish = Route.WORK

    @property
    def needs_key_frame(self) -> bool:
        """True while a key frame is needed to follow the wish."""
        return self._now is not None and self._now is not self._wish

    @property
    def current(self) -> Route:
        """Where units go now."""
        return self._now or self._wish

    def wish(self, route: Route) -> None:
        """Where units shall go from the next key frame on."""
        self._wish = route

    def of(self, *, is_key: bool) -> Route | None:
        """Where this unit goes; None for a unit that cannot be copied before any key frame."""
        if is_key:
            self._now = self._wish
        if self._now is None and self._wish is Route.COPY:
            return None
        if self._now is None:
            self._now = self._wish
        return self._now

    def restart(self) -> None:
        """The last key frame was not used after all; wait for another one."""
        self._now = None
