"""Checks JWTs (RFC 7519, RFC 8725) and finds what they grant; no I/O, no clock.

The signature is checked by PyJWT with one key and one algorithm of that key. The claims are checked
here, since the time is an argument.
"""

from __future__ import annotations

import collections
import dataclasses
import hashlib
import re
from typing import Any, NoReturn

import jwt
import pydantic_core
from pydantic import ValidationError

from app.access.grants import Grant
from app.errors import NotAuthorized
from app.external_access.key_set import ALGORITHMS, MAX_KEY_ID_LENGTH, KeySet
from app.external_access.rights import JwtClaims, RightsClaim, fault_of
from wire.access_settings import JwtIssuer

MAX_JWT_LENGTH = 8192
"""Characters of a JWT that is looked at; the head of a request has 16 KiB."""

LEEWAY_S = 30.0
"""Seconds by which the clocks of issuer and server may differ."""

MAX_CHECKED = 10_000
"""Tokens that were found good and are known again by their hash: a player of HLS shows its token
five times a second, and checking one takes a millisecond."""

_FORM = re.compile(r"[\w=-]+\.[\w=-]*\.[\w=-]*\Z", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True)
class JwtHeader:
    """The header of a token, as far as it is looked at; it is not believed before the check."""

    key_id: str
    algorithm: str


@dataclasses.dataclass(frozen=True, slots=True)
class _Checked:
    """A token that was found good."""

    grant: Grant
    expires_s: float
    digest: bytes
    "Digest of the issuer's keys with which it was checked."


def is_jwt(token: str) -> bool:
    """True if a token has the form of a JWT: three parts, and the first begins as ``{"`` does."""
    return token.startswith("eyJ") and (
        len(token) > MAX_JWT_LENGTH or _FORM.match(token) is not None
    )


class JwtCheck:
    """Checks the JWTs of one issuer. ``now_s`` is Unix time in seconds."""

    def __init__(self, issuer: JwtIssuer) -> None:
        self._issuer = issuer
        self._checked: collections.OrderedDict[bytes, _Checked] = collections.OrderedDict()
        self.refused: collections.Counter[str] = collections.Counter()
        """JWTs that were refused, by reason."""

    def known(self, token: str, digest: bytes, *, now_s: float) -> Grant | None:
        """Returns the grant of a token that was checked before with the keys of this digest."""
        name = _name(token)
        found = self._checked.get(name)
        if found is None:
            return None
        # A key that the issuer withdrew takes its tokens with it.
        if found.digest != digest or found.expires_s <= now_s:
            del self._checked[name]
            return None
        self._checked.move_to_end(name)
        return found.grant

    def header(self, token: str) -> JwtHeader:
        """Returns the key and the algorithm that a token names. Raises NotAuthorized."""
        if len(token) > MAX_JWT_LENGTH:
            self._refuse("form", f"The JWT has more than {MAX_JWT_LENGTH} characters.")
        try:
            found: dict[str, Any] = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            self._refuse("form", "The JWT cannot be read.")
        algorithm, key_id = found.get("alg"), found.get("kid", "")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            self._refuse(
                "algorithm", f"The JWT must be signed with one of {', '.join(sorted(ALGORITHMS))}."
            )
        if "crit" in found or "b64" in found:
            self._refuse("form", "The JWT asks for an extension that this server does not have.")
        if len(key_id) > MAX_KEY_ID_LENGTH:
            self._refuse("key", "The JWT names a key with too long a name.")
        return JwtHeader(key_id, algorithm)

    def check(self, token: str, found: KeySet, header: JwtHeader, *, now_s: float) -> Grant:
        """Returns what a token grants; ``found`` are the keys of the name in its header.

        Raises NotAuthorized with the reason. Only whoever has a token with a good signature learns
        more than that it is wrong.
        """
        fitting = [key for key in found.keys if header.algorithm in key.algorithms]
        if not fitting:
            self._refuse("algorithm", "The JWT's algorithm is not that of the key that it names.")
        if len(fitting) > 1:
            self._refuse("key", "The JWT does not say which of the issuer's keys signed it.")
        try:
            payload = jwt.api_jws.decode(token, fitting[0].key, [header.algorithm])
        except jwt.PyJWTError:
            self._refuse("signature", "The JWT is not signed by the issuer.")
        claims, rights = self._claims(payload)
        self._check_claims(claims, now_s)
        grant = rights.grant(claims.sub)
        self._checked[_name(token)] = _Checked(grant, claims.exp + LEEWAY_S, found.digest)
        if len(self._checked) > MAX_CHECKED:
            self._checked.popitem(last=False)
        return grant

    def _claims(self, payload: bytes) -> tuple[JwtClaims, RightsClaim]:
        try:
            content = pydantic_core.from_json(payload, allow_inf_nan=False)
            claims = JwtClaims.model_validate(content)
        except ValidationError as error:
            self._refuse("claims", f"The JWT's claims are not usable: {fault_of(error)}.")
        except ValueError:
            self._refuse("form", "The JWT's claims are not JSON.")
        name = self._issuer.claim
        if name not in content:
            self._refuse("claims", f"The JWT has no claim {name}, which says what it is good for.")
        try:
            return claims, RightsClaim.model_validate(content[name])
        except ValidationError as error:
            self._refuse("claims", f"The JWT's claim {name} is not usable: {fault_of(error)}.")

    def _check_claims(self, claims: JwtClaims, now_s: float) -> None:
        if claims.iss != self._issuer.issuer:
            self._refuse("issuer", "The JWT is of another issuer.")
        if not claims.is_for(self._issuer.audience):
            self._refuse("audience", "The JWT is for another audience.")
        if claims.exp + LEEWAY_S <= now_s:
            self._refuse("expired", "The JWT has expired.")
        if claims.nbf - LEEWAY_S > now_s:
            self._refuse("early", "The JWT is not good yet.")

    def refuse_key(self) -> NoReturn:
        """Refuses a token whose key the issuer does not have. Raises NotAuthorized."""
        self._refuse("key", "The issuer has no such key as the JWT names.")

    def _refuse(self, reason: str, sentence: str) -> NoReturn:
        self.refused[reason] += 1
        raise NotAuthorized(sentence)


def _name(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
