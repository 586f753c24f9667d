"""Pass-through: source units are worked on or copied; that changes where decoding can start."""

from __future__ import annotations

from workers.media.route import Route


class RoutePolicy:
    """Route of a stream's units, which changes to a target at the next key frame of the source.

    Both ways need one: a viewer cannot start at a copied unit that is no key frame, and a
    decoder that did not see the copied units cannot go on.
    """

    def __init__(self) -> None:
        self._now: Route | None = None
        self._target = Route.WORK

    @property
    def needs_key_frame(self) -> bool:
        """True while a key frame is needed to reach the target."""
        return self._now is not None and self._now is not self._target

    @property
    def current(self) -> Route:
        """The route of units now."""
        return self._now or self._target

    def set_target(self, route: Route) -> None:
        """Sets the route of units from the next key frame on."""
        self._target = route

    def of(self, *, is_key: bool) -> Route | None:
        """Returns the route of a unit; None if it cannot be copied before any key frame."""
        if is_key:
            self._now = self._target
        if self._now is None and self._target is Route.COPY:
            return None
        # Decoding may begin anywhere: the decoder's own gate waits for a key frame, and asks for
        # it.
        if self._now is None:
            self._now = self._target
        return self._now

    def restart(self) -> None:
        """Waits for another key frame: the last one was not used after all."""
        self._now = None
