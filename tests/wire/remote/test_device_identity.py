from __future__ import annotations

import stat
from pathlib import Path

import pytest

from wire.errors import BadSettings
from wire.remote import device_identity
from wire.remote.device_identity import KnownGateways, held_identity


def test_a_key_is_made_once_and_kept_for_its_owner_only(tmp_path: Path) -> None:
    with held_identity(tmp_path / "new") as first:
        pass
    with held_identity(tmp_path / "new") as second:
        assert second == first
    path = tmp_path / "new" / "device-1.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(first.fingerprint) == 64


def test_two_processes_have_two_keys(tmp_path: Path) -> None:
    with held_identity(tmp_path) as one, held_identity(tmp_path) as two:
        assert one.fingerprint != two.fingerprint
    with held_identity(tmp_path) as again:
        assert again == one


def test_so_many_processes_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_identity, "MAX_PROCESSES", 1)
    second = held_identity(tmp_path)
    with held_identity(tmp_path), pytest.raises(BadSettings, match="1 processes"), second:
        pass


@pytest.mark.parametrize("part", [b"", b"nonsense", None])
def test_a_damaged_key_is_made_anew(tmp_path: Path, part: bytes | None) -> None:
    with held_identity(tmp_path) as first:
        pass
    path = tmp_path / "device-1.pem"
    path.write_bytes(path.read_bytes()[:300] if part is None else part)
    with held_identity(tmp_path) as second:
        assert second != first
    with held_identity(tmp_path) as third:
        assert third == second


def test_key_and_certificate_of_two_are_made_anew(tmp_path: Path) -> None:
    with held_identity(tmp_path) as one, held_identity(tmp_path) as two:
        pass
    (tmp_path / "device-1.pem").write_bytes(one.key_pem + two.certificate_pem)
    with held_identity(tmp_path) as found:
        assert found.fingerprint not in (one.fingerprint, two.fingerprint)


def test_a_folder_that_cannot_be_used_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    below = held_identity(tmp_path / "file" / "below")
    with pytest.raises(BadSettings, match="cannot be kept") as found, below:
        pass
    assert str(found.value).endswith(".")


def test_what_fails_while_the_key_is_held_is_not_about_the_key(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="of something else"), held_identity(tmp_path):
        raise OSError("of something else")


def test_gateways_are_remembered(tmp_path: Path) -> None:
    known = KnownGateways(tmp_path)
    assert known.get("a:1") == ""
    known.keep("a:1", "f" * 64)
    known.keep("a:1", "f" * 64)
    KnownGateways(tmp_path).keep("b:2", "e" * 64)
    known.keep("c:3", "d" * 64)
    again = KnownGateways(tmp_path)
    assert [again.get(each) for each in ("a:1", "b:2", "c:3")] == ["f" * 64, "e" * 64, "d" * 64]
    assert stat.S_IMODE((tmp_path / "gateways.json").stat().st_mode) == 0o600


def test_the_first_gateway_is_forgotten_for_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_identity, "MAX_GATEWAYS", 2)
    known = KnownGateways(tmp_path)
    for number in range(3):
        known.keep(f"g:{number}", "f")
    assert [known.get(f"g:{number}") for number in range(3)] == ["", "f", "f"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a:1": 5}', "\x00"])
def test_a_damaged_list_is_an_empty_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "gateways.json").write_text(text)
    assert KnownGateways(tmp_path).get("a:1") == ""


def test_a_list_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    known = KnownGateways(tmp_path / "missing")
    known.keep("a:1", "f")
    assert known.get("a:1") == "f"
