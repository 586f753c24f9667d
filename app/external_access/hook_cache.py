"""Answers of the hook, for as long as they hold; no I/O, no clock."""

from __future__ import annotations

import collections
import dataclasses
import hashlib

from app.access.grants import Act, Grant

MAX_GRANTS = 10_000
"""Answers that granted something; the one that was not used for longest goes first."""

MAX_REFUSALS = 1_000
"""Answers that refused. They have a table of their own: wrong tokens never displace right ones."""

REFUSAL_S = 10.0
"""Seconds for which a refusal holds, so that one client cannot keep the hook busy."""

MAX_STALE_S = 600.0
"""Seconds for which an answer is used further while the hook does not answer."""

RETRY_S = 5.0
"""Seconds between two questions for an answer that ran out, while the hook does not answer."""


@dataclasses.dataclass(frozen=True, slots=True)
class AccessQuestion:
    """A question to the hook: may whoever has this token do this?"""

    act: Act
    stream: str
    token: str = dataclasses.field(repr=False)
    address: str

    @property
    def holder(self) -> bytes:
        """Names who asks, without telling the token."""
        return _digest(self.token, self.address)

    @property
    def name(self) -> bytes:
        """Names the question, without telling the token."""
        return _digest(self.token, self.address, self.act.value, self.stream)


@dataclasses.dataclass(frozen=True, slots=True)
class HookReply:
    """An answer of the hook."""

    grant: Grant | None
    "None: it refused."
    life_s: float = REFUSAL_S
    is_general: bool = False
    "True if it holds for other acts and streams than those that were asked."


@dataclasses.dataclass(slots=True)
class _Kept:
    reply: HookReply
    until: float
    ends: float
    "Time after which it is not used, whatever happens."


class HookCache:
    """The answers by question. ``now`` is monotonic, in seconds."""

    def __init__(self, *, max_grants: int = MAX_GRANTS, max_refusals: int = MAX_REFUSALS) -> None:
        self._grants: collections.OrderedDict[bytes, _Kept] = collections.OrderedDict()
        self._refusals: collections.OrderedDict[bytes, _Kept] = collections.OrderedDict()
        self._max_grants, self._max_refusals = max_grants, max_refusals

    def find(self, question: AccessQuestion, *, now: float) -> HookReply | None:
        """Returns the answer that holds, None if the hook has to be asked."""
        for kept in self._fitting(question, now):
            if now < kept.until:
                return kept.reply
        refused = self._refusals.get(question.name)
        return refused.reply if refused is not None and now < refused.until else None

    def granted(self, token: str, address: str, *, now: float) -> Grant | None:
        """Returns what the hook granted this token in general, if that holds still."""
        kept = self._grants.get(_digest(token, address))
        return kept.reply.grant if kept is not None and now < kept.until else None

    def put(self, question: AccessQuestion, reply: HookReply, *, now: float) -> None:
        """Keeps an answer; one that refuses, or leaves out what was asked, ends those before."""
        if not _allows(reply, question):
            self._refuse(question, reply, now)
        else:
            self._refusals.pop(question.name, None)
        if reply.grant is None:
            return
        name = question.holder if reply.is_general else question.name
        if reply.life_s <= 0:
            self._grants.pop(name, None)
            return
        until = now + reply.life_s
        self._grants[name] = _Kept(reply, until, until + MAX_STALE_S)
        self._grants.move_to_end(name)
        if len(self._grants) > self._max_grants:
            self._grants.popitem(last=False)

    def _refuse(self, question: AccessQuestion, reply: HookReply, now: float) -> None:
        for name in (question.name, question.holder):
            if name in self._grants and _allows(self._grants[name].reply, question):
                del self._grants[name]
        self._refusals.pop(question.name, None)
        until = now + REFUSAL_S
        self._refusals[question.name] = _Kept(reply, until, until)
        if len(self._refusals) > self._max_refusals:
            self._refusals.popitem(last=False)

    def stale(self, question: AccessQuestion, *, now: float) -> HookReply | None:
        """Returns an answer that ran out not long ago, for a hook that does not answer.

        It holds for ``RETRY_S`` more, so that not every request waits for that hook.
        """
        for kept in self._fitting(question, now):
            kept.until = min(now + RETRY_S, kept.ends)
            return kept.reply
        return None

    def _fitting(self, question: AccessQuestion, now: float) -> list[_Kept]:
        """Returns the answers that allow what is asked; those that are too old are removed."""
        found = []
        for name in (question.name, question.holder):
            kept = self._grants.get(name)
            if kept is None:
                continue
            if now >= kept.ends:
                del self._grants[name]
                continue
            # What grants in general may leave out what is asked now; then the hook decides.
            if _allows(kept.reply, question):
                self._grants.move_to_end(name)
                found.append(kept)
        return found


def _allows(reply: HookReply, question: AccessQuestion) -> bool:
    grant = reply.grant
    return grant is not None and grant.allows(question.act, question.stream)


def _digest(*parts: str) -> bytes:
    # Lengths keep apart what would be one text: a token may end as an address begins.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode(errors="replace")).digest()
