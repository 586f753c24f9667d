"""Signatures are those of the Standard Webhooks specification."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from app.webhooks.signature import key_of, signed_headers

BODY = b'{"test": 2432232314}'


def test_the_example_of_the_specification_has_its_signature() -> None:
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers(
        key, event_id="msg_p5jXN8AQM9LWM0D4loKWxJek", at_s=1_614_265_330, body=BODY
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_plain_secret_is_its_own_key() -> None:
    assert key_of("plain wörd") == "plain wörd".encode()
    assert key_of("whsec_" + base64.b64encode(b"123").decode()) == b"123"


@pytest.mark.parametrize("secret", ["whsec_*", "whsec_abc", "whsec_ä"])
def test_a_secret_that_is_cut_off_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="base64|ASCII"):
        key_of(secret)


@pytest.mark.parametrize("changed", ["id", "time", "body"])
def test_the_signature_holds_for_id_time_and_body(changed: str) -> None:
    known = signed_headers(b"k", event_id="a", at_s=5, body=BODY)["webhook-signature"]
    other = signed_headers(
        b"k",
        event_id="b" if changed == "id" else "a",
        at_s=6 if changed == "time" else 5,
        body=b"{}" if changed == "body" else BODY,
    )
    assert other["webhook-signature"] != known
    digest = hmac.new(b"k", b"a.5." + BODY, hashlib.sha256).digest()
    assert known == "v1," + base64.b64encode(digest).decode()
