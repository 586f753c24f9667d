"""Settings and namespaces with a fault in them, and what the doctor says of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from typing import Any

import pytest

from cli.diagnostics.finding import Finding, Status
from tests.cli.command import SHARPCAST, environment
from wire.settings import PREFIX, Settings, load_settings

TOKENS = {"publish_token": "k7Qw2mZx9Lp4vT8s", "admin_token": "b3Nf6yHd1Rj5cW0g"}


def settings(**keys: str) -> Settings:
    """Settings with these alone."""
    return load_settings({f"{PREFIX}{name.upper()}": value for name, value in keys.items()})


def by_name(findings: Iterable[Finding]) -> dict[str, Finding]:
    """Findings by what they are about."""
    return {finding.what: finding for finding in findings}


def assert_fault(finding: Finding, *words: str) -> None:
    """It is a fault, and its text and cure have these words."""
    assert finding.status is Status.FAULT, finding
    assert finding.cure.endswith("."), finding
    for word in words:
        assert word in f"{finding.detail} {finding.cure}", finding


def in_namespace(kind: str, script: str, *arguments: str, **keys: str) -> tuple[int, list[Any]]:
    """Runs the doctor in a namespace that ``script`` has prepared: its exit code and findings."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("a namespace needs root, and unshare")
    if subprocess.run(["unshare", kind, "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine lets nobody make namespaces")
    done = subprocess.run(
        ["unshare", kind, "sh", "-ec", f'{script}\nexec "$@"', "sh", *SHARPCAST, "doctor"]
        + ["--json", *arguments],
        env=environment(**keys) | {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def needs(program: str) -> str:
    """The path of a program; the test is skipped without it."""
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found
