"""Decides who may join: version, key, token and name of a device that said hello."""

from __future__ import annotations

import dataclasses
import secrets

from app.gateway.join_limits import JoinLimits
from wire import keys
from wire.connection import REDIS_DOWN, Redis
from wire.devices import DeviceRecord, Devices, DeviceStanding, FirstJoin, PinResult
from wire.errors import DamagedKey
from wire.join_tokens import JoinTokens
from wire.remote import calls
from wire.remote.join import JoinSecret, token_id

_SENTENCES = {
    PinResult.REMOVED: "This device was removed by an operator, and its key is refused.",
    PinResult.TAKEN: (
        "The name {name} belongs to another device or worker: choose another one with "
        "SHARPCAST_WORKER_NAME, or have that device removed."
    ),
    PinResult.USED: "The token is not known here: it was used or removed, has expired or is wrong.",
    PinResult.FULL: "As many devices as may be are known here: have one removed.",
}
"""Sentences for a device, by what became of its first join."""

_TOO_MANY = "Too many wrong tokens came from this address: try again in a minute."
_REDIS_AWAY = "The gateway cannot reach its Redis at the moment: try again."


@dataclasses.dataclass(frozen=True, slots=True)
class Applicant:
    """A device that said hello, as its DTLS connection shows it."""

    address: str
    fingerprint: str
    exporter: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class AdmittedDevice:
    """A device that may work."""

    join: FirstJoin
    "Name, key and session; its record can be made anew of it."
    proof: bytes
    "Proof of the gateway, for the token of the device."


@dataclasses.dataclass(frozen=True, slots=True)
class RefusedDevice:
    """A device that may not work."""

    what: str
    "Label of the counter."
    sentence: str


class Doorkeeper:
    """Checks devices against the registry. A known key needs no token any more."""

    def __init__(self, client: Redis, limits: JoinLimits, *, shared_token: str) -> None:
        """``shared_token`` is for any number of devices; empty: there is none."""
        self._devices = Devices(client)
        self._tokens = JoinTokens(client)
        self._limits = limits
        self._shared_id = token_id(shared_token) if shared_token else ""
        self._shared = JoinSecret.of(shared_token) if shared_token else None

    async def admit(
        self, hello: calls.Hello, applicant: Applicant, *, now: float
    ) -> AdmittedDevice | RefusedDevice:
        """Returns the admission of a device, or why it is refused."""
        if hello.version != calls.VERSION:
            return RefusedDevice(
                "version",
                f"The device speaks version {hello.version} of the link and the gateway version "
                f"{calls.VERSION}: install the same version of Sharpcast on both.",
            )
        try:
            record = await self._devices.find(applicant.fingerprint)
            if record is not None:
                return await self._readmit(record, hello, applicant)
            if await self._devices.is_removed(applicant.fingerprint):
                return RefusedDevice("removed", _SENTENCES[PinResult.REMOVED])
            return await self._admit_new(hello, applicant, now=now)
        except (*REDIS_DOWN, DamagedKey):
            return RefusedDevice("redis_away", _REDIS_AWAY)

    async def _readmit(
        self, record: DeviceRecord, hello: calls.Hello, applicant: Applicant
    ) -> AdmittedDevice | RefusedDevice:
        session = secrets.token_hex(8)
        secret = JoinSecret.parse(record.secret)
        # It may have been given another token since, and wants to see that we know that one.
        newer = await self._secret(hello.token)
        if newer is not None and not newer.is_proved_by(hello.proof, applicant.exporter):
            newer = None
        standing = await self._devices.begin(
            record, session=session, address=applicant.address, secret=newer
        )
        if newer is not None:
            await self._tokens.remove(hello.token)
        if standing is DeviceStanding.REMOVED:
            return RefusedDevice("removed", _SENTENCES[PinResult.REMOVED])
        secret = newer or secret
        join = FirstJoin(
            name=record.name,
            fingerprint=record.fingerprint,
            token=record.token,
            secret=secret,
            is_for_one=False,
            session=session,
            address=applicant.address,
        )
        return AdmittedDevice(join, secret.gateway_proof(applicant.exporter))

    async def _secret(self, token: str) -> JoinSecret | None:
        """Returns what is kept of the token of this id, None if there is none."""
        if self._shared is not None and token == self._shared_id:
            return self._shared
        found = await self._tokens.get(token)
        return JoinSecret.parse(found.secret) if found is not None else None

    async def _admit_new(
        self, hello: calls.Hello, applicant: Applicant, *, now: float
    ) -> AdmittedDevice | RefusedDevice:
        if not self._limits.may_try(applicant.address, now=now):
            return RefusedDevice("too_many_tries", _TOO_MANY)
        secret = await self._secret(hello.token)
        if secret is None or not secret.is_proved_by(hello.proof, applicant.exporter):
            self._limits.count_wrong(applicant.address, now=now)
            return RefusedDevice("wrong_token", _SENTENCES[PinResult.USED])
        is_for_one = hello.token != self._shared_id
        token = await self._tokens.get(hello.token) if is_for_one else None
        name = token.name if token is not None and token.name else hello.name
        if not keys.is_worker(name):
            return RefusedDevice(
                "bad_name", "The name of a device is 1 to 64 letters, digits, _ . -"
            )
        join = FirstJoin(
            name=name,
            fingerprint=applicant.fingerprint,
            token=hello.token,
            secret=secret,
            is_for_one=is_for_one,
            session=secrets.token_hex(8),
            address=applicant.address,
        )
        is_worker = await self._devices.is_worker(name)
        result = PinResult.TAKEN if is_worker else await self._devices.pin(join)
        if result is not PinResult.PINNED:
            return RefusedDevice(result.value, _SENTENCES[result].format(name=name))
        return AdmittedDevice(join, secret.gateway_proof(applicant.exporter))
