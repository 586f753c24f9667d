"""Finds the peer that a datagram is for: by the path on which it came, or by our name in it.

What shares a port is told apart by its first byte (RFC 7983 section 7). STUN is read from anybody,
since that is how a peer shows that it knows our password. Everything else is taken only from paths
that showed it: DTLS and SRTP are not told by whom a packet was meant.
"""

from __future__ import annotations

from app.ice.lite_agent import LiteAgent, Path
from app.ice.refusals import Refusals
from app.ice.stun import (
    COOKIE,
    HEADER_BYTES,
    MAX_MESSAGE_BYTES,
    StunKind,
    parse_message,
    username_of,
)

_RESPONSES = (StunKind.RESPONSE, StunKind.ERROR)


class PeerTable:
    """All peers of a process. ``take`` costs a stranger's packet one look-up by its path, and a
    stranger's request another one by the name in it.
    """

    def __init__(self) -> None:
        self.refused = Refusals()
        """Packets that belong to no peer, by reason."""
        self._by_name: dict[bytes, LiteAgent] = {}
        self._by_path: dict[Path, LiteAgent] = {}

    def __len__(self) -> int:
        return len(self._by_name)

    def agents(self) -> set[LiteAgent]:
        """Returns all agents; one in the middle of a restart has two names."""
        return set(self._by_name.values())

    # What agents call.

    def add_name(self, name: bytes, agent: LiteAgent) -> None:
        """Makes requests under this name go to the agent."""
        self._by_name[name] = agent

    def remove_name(self, name: bytes) -> None:
        """Forgets a name; one that is not known is no fault."""
        self._by_name.pop(name, None)

    def claim_path(self, path: Path, agent: LiteAgent, *, now: float) -> bool:
        """Makes data of the path go to the agent, unless another peer uses it.

        Whoever has a session may forge the source of a check of its own, and must not get hold of
        another peer's packets that way.
        """
        owner = self._by_path.get(path)
        if owner is not None and owner is not agent:
            if not owner.is_silent(now=now):
                return False
            owner.lose(path)
        self._by_path[path] = agent
        return True

    def release_path(self, path: Path, agent: LiteAgent) -> None:
        """Forgets a path of the agent."""
        if self._by_path.get(path) is agent:
            del self._by_path[path]

    # What sockets call.

    def owner_of(self, path: Path) -> LiteAgent | None:
        """Returns the agent that showed itself on the path."""
        return self._by_path.get(path)

    def take(self, data: bytes, path: Path, *, now: float) -> bytes | None:
        """Hands one datagram to its peer. Returns the answer that goes back, None for none."""
        agent = self._by_path.get(path)
        # RFC 7983 section 7: 0 to 3 is STUN, 20 to 63 DTLS, 128 to 191 RTP and RTCP.
        first = data[0] if data else 64
        if len(data) > MAX_MESSAGE_BYTES:
            self._refuse(agent, "oversize")
        elif first < 4:
            return self._take_stun(agent, data, path, now)
        elif agent is None:
            self.refused["stranger" if data else "empty"] += 1
        elif 128 <= first < 192 or 20 <= first < 64:
            agent.events.on_data(data, now)
        else:
            agent.refusals.refuse("unknown" if data else "empty")
        return None

    def _take_stun(
        self, agent: LiteAgent | None, data: bytes, path: Path, now: float
    ) -> bytes | None:
        """Reads the header and the name alone: the rest is for whoever knows a name of ours."""
        if len(data) < HEADER_BYTES or data[4:8] != COOKIE:
            self._refuse(agent, "stun_malformed")
            return None
        kind = int.from_bytes(data[:2], "big")
        if kind == StunKind.INDICATION:
            return None  # a keep-alive (RFC 8445 section 11); nothing to do
        if kind == StunKind.REQUEST:
            agent = self._by_name.get(username_of(data).partition(b":")[0])
        if agent is None or (kind != StunKind.REQUEST and kind not in _RESPONSES):
            self._refuse(agent, "stun_stranger")
            return None
        if kind == StunKind.REQUEST and not agent.may_check(path, now=now):
            return None
        try:
            message = parse_message(data)
        except ValueError:
            agent.refusals.refuse("stun_malformed")
            return None
        if kind == StunKind.REQUEST:
            return agent.on_request(message, data, path, now=now)
        agent.on_response(message, data, path, now=now)
        return None

    def _refuse(self, agent: LiteAgent | None, reason: str) -> None:
        if agent is None:
            self.refused[reason] += 1
        else:
            agent.refusals.refuse(reason)
