"""``sharpcast conformance``: the command as a user runs it."""

from __future__ import annotations

import json

from tests.cli.command import assert_one_sentence, sharpcast
from tests.cli.conformance.good_server import TOKEN, good_server


def test_exit_codes_tell_whether_a_must_is_broken() -> None:
    with good_server("no-428") as (root, _):
        options = ("conformance", f"{root}/whip/a", "--token", TOKEN, "--only")
        assert sharpcast(*options, "whip-trickle").returncode == 0
        failed = sharpcast(*options, "whip-patch-without")
    assert failed.returncode == 1
    assert "expected  428" in failed.stdout


def test_json_is_the_whole_output() -> None:
    with good_server() as (root, _):
        done = sharpcast(
            "conformance", "--whip", f"{root}/whip/a", "--json", "--only", "get-endpoint"
        )
    assert json.loads(done.stdout)["findings"][0]["name"] == "get-endpoint"


def test_mistakes_are_one_sentence() -> None:
    done = sharpcast("conformance")
    assert done.returncode == 1
    assert_one_sentence(done.stderr)
