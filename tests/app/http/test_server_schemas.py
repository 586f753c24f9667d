"""What a page learns of the server, as JSON."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from app.http.server_schemas import IceServerInfo, SendSizeInfo, Server

SERVER = Server(
    version="1",
    publish_token_needed=False,
    admin_token_needed=True,
    ice_servers=[IceServerInfo(urls="stun:a")],
    default_model="live-s",
)


def test_without_a_worker_there_are_no_sizes_and_without_a_run_no_name() -> None:
    found = SERVER.model_dump()
    assert found["send_sizes"] == [] and found["instance"] == ""
    assert found["ice_servers"] == [{"urls": "stun:a", "username": None, "credential": None}]


def test_sizes_keep_their_order() -> None:
    sizes = [SendSizeInfo(fraction=0.5, min_bpp=0.0), SendSizeInfo(fraction=1.0, min_bpp=0.1)]
    found = SERVER.model_copy(update={"send_sizes": sizes}).model_dump()["send_sizes"]
    assert found == [{"fraction": 0.5, "min_bpp": 0.0}, {"fraction": 1.0, "min_bpp": 0.1}]


def test_a_server_that_does_not_say_what_tokens_it_wants_is_none() -> None:
    with pytest.raises(ValidationError, match="publish_token_needed"):
        Server.model_validate({"version": "1", "ice_servers": [], "default_model": "live-s"})
