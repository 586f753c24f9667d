"""The state that all routes share."""

from __future__ import annotations

import dataclasses

import pytest

from app.access.audit import Audit
from app.access.key_store import KeyStore
from app.access.policy import ServerTokens
from app.http.access import Access
from app.http.app_state import AppState
from app.http.metrics import Metrics
from app.http.process_figures import ProcessFigures
from app.http.serializers import Defaults
from app.http.snapshot import Snapshot
from app.siblings import ALONE, Siblings
from app.webrtc.turn import IceServerList
from tests.app.conftest import MakeNode
from tests.app.http.conftest import MakeSite
from wire.connection import Redis


@pytest.fixture
def state(make_node: MakeNode, redis_client: Redis) -> AppState:
    node = make_node()
    metrics, snapshot = Metrics(node), Snapshot(redis_client, node)
    return AppState(
        node=node,
        redis=redis_client,
        access=Access(ServerTokens("publish-secret"), KeyStore(redis_client), Audit(redis_client)),
        metrics=metrics,
        public_url="",
        ice_servers=IceServerList((), "turn-secret"),
        defaults=Defaults(model="live-s", strength=0.5),
        version="1.2.3",
        snapshot=snapshot,
        figures=ProcessFigures(metrics, snapshot, Siblings(ALONE)),
    )


async def test_each_run_of_the_server_has_a_name_of_its_own(state: AppState) -> None:
    others = {dataclasses.replace(state, instance=name).instance for name in ("a", "b")}
    assert others == {"a", "b"}
    values = {field.name: getattr(state, field.name) for field in dataclasses.fields(state)}
    del values["instance"]
    names = {AppState(**values).instance for _ in range(50)}
    assert len(names) == 50
    assert all(len(bytes.fromhex(name)) == 4 for name in names)


async def test_the_state_is_made_once_and_stays(state: AppState) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        state.version = "2"  # type: ignore[misc]


async def test_the_name_of_the_run_is_what_pages_are_told(make_site: MakeSite) -> None:
    site = make_site()
    told = [(await site.client.get("/api/v1/server")).json()["instance"] for _ in range(3)]
    assert len(set(told)) == 1
    other = (await make_site().client.get("/api/v1/server")).json()["instance"]
    assert other != told[0]
