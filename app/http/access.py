"""Rights of requests, asked by routes: the adapter between requests and ``app/access``.

Routes have one of the guards as a dependency, or call ``check_view`` for a stream. A guard leaves
the grant in ``request.state.grant``, where the audit log finds it.
"""

from __future__ import annotations

from starlette.requests import Request

from app.access.audit import Audit
from app.access.grants import OPEN, Act, Grant, GrantKind
from app.access.key_store import KeyStore
from app.access.policy import AccessPolicy, ServerTokens
from app.client_address import shown_address
from app.errors import NotAllowed, NotAuthorized
from app.external_access.external_access import ExternalAccess
from app.http.auth import bearer_token, watch_token
from app.http.edge.wrong_tokens import TokenVerdict
from app.http.token_check import token_check
from wire.clock import now_us
from wire.keys import is_stream_id
from wire.stream_keys import View

NOBODY = Grant(OPEN.kind, frozenset())
"""The rights of who shows no token where one is needed."""


class Access:
    """Checks requests against tokens of the settings, stream keys, view permissions, and others.

    The others are an issuer of JWTs and a hook: what they grant is asked for where the server
    knows a token not itself.
    """

    def __init__(
        self,
        tokens: ServerTokens,
        store: KeyStore,
        audit: Audit,
        *,
        key_in_path: bool = False,
        external: ExternalAccess | None = None,
    ) -> None:
        self.key_in_path = key_in_path
        """Encoders may give their key in the path of WHIP, and know no other place for it."""
        self._tokens = tokens
        self._policy = AccessPolicy(tokens)
        self.store = store
        self.audit = audit
        self.external = external or ExternalAccess()

    @property
    def publish_needs_token(self) -> bool:
        """True if publishers need a token or a key: one was set or made, or others give them."""
        return bool(self._tokens.publish or self.store.tables.keys or self.external.is_set)

    @property
    def admin_needs_token(self) -> bool:
        """True if administrative acts need a token."""
        return bool(self._tokens.admin)

    async def publisher(self, request: Request) -> Grant:
        """Lets whoever may publish the stream of the path pass. Raises NotAuthorized, NotAllowed.

        A dependency of routes.
        """
        if not self.publish_needs_token:
            return _keep(request, OPEN)
        return await self._check(request, bearer_token(request), Act.PUBLISH)

    async def path_publisher(self, request: Request) -> Grant:
        """Lets whoever gives a good key in the path pass. Raises NotAuthorized, NotAllowed."""
        if not self.publish_needs_token:
            return _keep(request, OPEN)
        return await self._check(request, request.path_params.get("key", ""), Act.PUBLISH)

    async def session_publisher(self, request: Request) -> Grant:
        """Lets whoever may publish the stream change a session of it. A dependency of routes.

        An encoder that has its key in the path sends none here: the session's address, of 144
        random bits that it alone was told, lets it pass, as it does at WHEP. So it is with tokens
        that others give: they are asked when a session begins, and none waits for them later.
        """
        token = bearer_token(request)
        if self.key_in_path and not token:
            return _keep(request, NOBODY)
        if self.external.decides(token):
            check = token_check(request)
            check.begin(token)
            if await self._own_grant(token) is None:
                # Nobody is asked; but whoever knows no session may be guessing a token of ours.
                check.judge_by_answer()
                return _keep(request, NOBODY)
        return await self.publisher(request)

    def check_maker(self, holder: str) -> None:
        """Raises NotAuthorized if a session was made with a key that is good no longer.

        ``holder`` is that of the session's grant. It holds for whoever passed by the session's
        address alone.
        """
        if not holder or ":" in holder:
            return  # made with no key: the subject of a JWT or of the hook, or nobody's
        key = self.store.tables.keys.get(holder)
        if key is None or key.is_over(now_us()):
            raise NotAuthorized("The stream key that made this session is good no longer.")

    async def owner(self, request: Request) -> Grant:
        """Lets the operator pass, and whoever has a key of the stream of the path.

        A dependency of routes. Raises NotAuthorized, NotAllowed.
        """
        if not self.admin_needs_token:
            return _keep(request, OPEN)
        return await self._check(request, bearer_token(request), Act.OWN)

    async def recorder(self, request: Request) -> Grant:
        """Lets pass whom ``owner`` lets, and whoever has a token to publish the stream of the path.

        Where publishing needs none, a publisher cannot be told from a stranger, who shall not fill
        the disk. A dependency of routes. Raises NotAuthorized, NotAllowed.
        """
        if not self.admin_needs_token:
            return _keep(request, OPEN)
        token, stream = bearer_token(request), request.path_params.get("stream", "")
        grant = await self._grant(request, token, Act.PUBLISH, stream)
        publishes = grant is not None and grant.allows(Act.PUBLISH, stream)
        return await self._check(request, token, Act.PUBLISH if publishes else Act.OWN)

    async def exchanger(self, request: Request) -> Grant:
        """Lets pass whom ``owner`` lets, and whoever may watch the stream of the path by a token of
        any kind but a view token, which could be prolonged for ever.

        A dependency of routes. Raises NotAuthorized, NotAllowed.
        """
        if not self.admin_needs_token:
            return _keep(request, OPEN)
        token, stream = bearer_token(request), request.path_params.get("stream", "")
        grant = await self._grant(request, token, Act.VIEW, stream)
        # A hook may let everybody of an address watch, which is no token to exchange.
        watches = (
            bool(token)
            and grant is not None
            and grant.kind is not GrantKind.VIEW_TOKEN
            and grant.allows(Act.VIEW, stream)
        )
        return await self._check(request, token, Act.VIEW if watches else Act.OWN)

    async def admin(self, request: Request) -> Grant:
        """Lets the operator pass. A dependency of routes. Raises NotAuthorized, NotAllowed."""
        if not self.admin_needs_token:
            return _keep(request, OPEN)
        return await self._check(request, bearer_token(request), Act.ADMIN)

    async def check_view(self, request: Request, stream: str) -> None:
        """Lets a request pass that may watch a stream, live or recorded.

        Public and unlisted streams are open; others need a token, in the header or in the query
        (``?token=``). Raises NotAuthorized or NotAllowed.
        """
        if self.view_of(stream) is View.TOKEN:
            await self._check(request, watch_token(request), Act.VIEW, stream)

    async def may_view(self, request: Request, stream: str) -> bool:
        """True if the request may watch the stream, as ``check_view`` says."""
        try:
            await self.check_view(request, stream)
        except (NotAuthorized, NotAllowed):
            return False
        return True

    async def lister(self, request: Request) -> Grant:
        """Returns the rights of who asks for a list; a bad token lists what none does."""
        token, check = watch_token(request), token_check(request)
        may_be_hooks = self.external.may_be_hooks(token)
        check.begin(token, may_be_hooks=may_be_hooks)
        try:
            own = await self._own_grant(token)
        except NotAuthorized:
            return NOBODY  # it was good once, so nobody guessed it
        try:
            found = own or self.external.known(token, _address(request))
        except NotAuthorized:
            check.judge(TokenVerdict.PASSED_OVER)
            return NOBODY
        if found is None:
            check.judge(TokenVerdict.UNDECIDED if may_be_hooks else TokenVerdict.PASSED_OVER)
        return found or NOBODY

    def is_listed(self, stream: str, grant: Grant) -> bool:
        """True if a list for the holder of this grant has the stream."""
        return self.view_of(stream) is View.PUBLIC or grant.allows(Act.VIEW, stream)

    async def unlisted(self, request: Request) -> frozenset[str]:
        """Returns the names that no list and no figure for who asks may have."""
        grant = await self.lister(request)
        views = self.store.tables.views  # what is not in it is public
        return frozenset(each for each in views if not self.is_listed(each, grant))

    def view_of(self, stream: str) -> View:
        """Returns who may watch a stream."""
        return self._policy.view_of(stream, self.store.tables)

    async def set_view(
        self, request: Request, stream: str, view: View | None, *, is_live: bool
    ) -> None:
        """Says who may watch a stream, for the holder of the request's grant, behind a guard."""
        by = request.state.grant.setter(is_live=is_live)
        keeps_public = self.external.is_set  # what they grant may have a first permission
        await self.store.set_view(stream, view, by=by, keeps_public=keeps_public)

    async def note(self, request: Request, act: str, target: str, detail: str = "") -> None:
        """Notes an administrative act that this request carried out."""
        grant: Grant = getattr(request.state, "grant", NOBODY)
        await self.audit.note(
            act,
            target,
            who=grant.name,
            address=_address(request),
            detail=detail,
            by_operator=grant.is_admin,
        )

    async def _check(self, request: Request, token: str, act: Act, stream: str = "") -> Grant:
        stream = stream or request.path_params.get("stream", "")
        grant = await self._grant(request, token, act, stream)
        check = token_check(request)
        if grant is None:
            check.judge(TokenVerdict.WRONG)
            raise _unknown(token, act)
        check.judge(TokenVerdict.RIGHT)
        # What is no name is told so behind the guard; nobody but its holder gets so far.
        if act not in grant.acts or (is_stream_id(stream) and not grant.allows(act, stream)):
            raise NotAllowed
        return _keep(request, grant)

    async def _grant(self, request: Request, token: str, act: Act, stream: str) -> Grant | None:
        """Returns what a token grants; others are asked where the server does not know it.

        Raises NotAuthorized, IssuerAway, and TooMany where its address sent too many wrong ones.
        """
        check = token_check(request)
        check.begin(token)
        own = await self._own_grant(token)
        if own is not None:
            return own
        try:
            return await self.external.grant_of(act, stream, token, _address(request))
        except NotAuthorized:
            check.judge(TokenVerdict.WRONG)
            raise

    async def _own_grant(self, token: str) -> Grant | None:
        return self._policy.grant_of(token, self.store.tables, now_us=now_us()) if token else None


def _address(request: Request) -> str:
    return shown_address(request.client.host) if request.client else ""


def _unknown(token: str, act: Act) -> NotAuthorized:
    if token:
        return NotAuthorized("This server does not know the token.")
    return NotAuthorized("This stream can be watched with a token only." if act is Act.VIEW else "")


def _keep(request: Request, grant: Grant) -> Grant:
    request.state.grant = grant
    return grant
