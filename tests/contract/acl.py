"""The rules that ``docs/redis.md`` gives for the Redis users of each role."""

from __future__ import annotations

import re
from pathlib import Path

_PAGE = Path(__file__).parents[2] / "docs/redis.md"


def rules(role: str) -> list[str]:
    """Returns the words behind the password in the line ``user sharpcast-ROLE``."""
    (line,) = re.findall(rf"^user sharpcast-{role} on >\S+ (.+)$", _PAGE.read_text(), re.MULTILINE)
    return str(line).split()
