"""Proofs of tokens: who can make them, who can check them, what can be learnt from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.remote.join import (
    DEVICE,
    GATEWAY,
    PROOF_BYTES,
    JoinSecret,
    check_proof,
    make_proof,
    token_id,
)

TOKEN = "a-token-of-twenty-letters"
EXPORTER = bytes(range(32))
OTHER = bytes(32)


def test_each_side_is_believed_over_its_own_connection_only() -> None:
    secret = JoinSecret.of(TOKEN)
    device = make_proof(TOKEN, EXPORTER, DEVICE)
    assert secret.is_proved_by(device, EXPORTER)
    assert not secret.is_proved_by(device, OTHER)
    gateway = secret.gateway_proof(EXPORTER)
    assert check_proof(gateway, TOKEN, EXPORTER, GATEWAY)
    assert not check_proof(gateway, TOKEN, OTHER, GATEWAY)
    assert check_proof(device, TOKEN, EXPORTER, DEVICE)


def test_no_side_can_send_the_proof_of_the_other_back() -> None:
    secret = JoinSecret.of(TOKEN)
    assert not secret.is_proved_by(secret.gateway_proof(EXPORTER), EXPORTER)
    assert not check_proof(make_proof(TOKEN, EXPORTER, DEVICE), TOKEN, EXPORTER, GATEWAY)


def test_what_the_gateway_keeps_is_not_enough_to_join() -> None:
    secret = JoinSecret.of(TOKEN)
    kept = (secret.stored_key, secret.server_key)
    for key in kept:
        assert not secret.is_proved_by(key, EXPORTER)
    # The hash of what would be enough is kept, and nothing else that leads to it.
    assert TOKEN not in secret.encode()
    assert JoinSecret.of(TOKEN.upper()) != secret


def test_a_secret_is_read_as_it_was_written() -> None:
    secret = JoinSecret.of(TOKEN)
    assert JoinSecret.parse(secret.encode()) == secret
    assert len(secret.encode()) == 128


def test_the_name_of_a_token_is_short_and_its_own() -> None:
    assert token_id(TOKEN) == token_id(TOKEN)
    assert token_id(TOKEN) != token_id(TOKEN + "x")
    assert len(token_id(TOKEN)) == 16
    assert token_id(TOKEN) not in JoinSecret.of(TOKEN).encode()


def test_another_token_proves_nothing() -> None:
    proof = make_proof("another-token-of-letters", EXPORTER, DEVICE)
    assert not JoinSecret.of(TOKEN).is_proved_by(proof, EXPORTER)


@given(st.binary(max_size=80))
def test_no_bytes_are_a_proof(data: bytes) -> None:
    assert not JoinSecret.of(TOKEN).is_proved_by(data, EXPORTER)


@pytest.mark.parametrize("length", [0, 1, PROOF_BYTES - 1, PROOF_BYTES + 1])
def test_a_proof_of_another_length_is_none(length: int) -> None:
    proof = make_proof(TOKEN, EXPORTER, DEVICE) + b"x"
    assert not JoinSecret.of(TOKEN).is_proved_by(proof[:length], EXPORTER)
