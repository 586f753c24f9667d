"""Commands are found in pages as a shell would read them."""

from __future__ import annotations

import pytest

from tests.shell_lines import Line, lines, split

BLOCK = """
Text with `sharpcast up`, `wire/log.py` and `sharpcast push STREAM TARGET [--rendition NAME] ...`.

```
export SHARPCAST_A=1 SHARPCAST_B=...
.venv/bin/sharpcast publish FILE   # a comment with `sharpcast none`
ffmpeg -i FILE \\
  -f whip URL
```

```json
{"not": "a command"}
```

   ```
   make run && sudo systemctl start x | tee y
   ```
"""


def test_blocks_and_spans_are_read() -> None:
    found = [(each.is_block, each.program, each.arguments) for each in lines("x.md", BLOCK)]
    assert found == [
        (True, "", ()),
        (True, "sharpcast", ("publish", "FILE")),
        (True, "ffmpeg", ("-i", "FILE", "-f", "whip", "URL")),
        (True, "make", ("run",)),
        (True, "systemctl", ("start", "x")),
        (True, "tee", ("y",)),
        (False, "sharpcast", ("up",)),
        (False, "sharpcast", ("push", "STREAM", "TARGET", "--rendition", "NAME")),
    ]


def test_variables_are_kept_apart() -> None:
    (first, *_) = lines("x.md", BLOCK)
    assert first.variables == ("SHARPCAST_A", "SHARPCAST_B")
    (line,) = split("x.md", "A_B=c docker compose up -d", is_block=True)
    assert line == Line("x.md", True, ("A_B",), "docker", ("compose", "up", "-d"))
    assert str(line) == "x.md: A_B docker compose up -d"


def test_quotes_and_extras_are_one_word() -> None:
    (line,) = split("x.md", "pip install 'sharpcast[torch]' \"a b?c=d\"", is_block=True)
    assert line.arguments == ("install", "sharpcast[torch]", "a b?c=d")
    (line,) = lines("x.md", "`pip install -e .[torch]`")
    assert line.arguments == ("install", "-e", ".[torch]")


def test_addresses_and_scripts_keep_their_folders() -> None:
    found = [each.program for each in lines("x.md", "```\nhttp://a/b\na/b.sh .venv\n```\n")]
    assert found == ["http://a/b", "a/b.sh"]


def test_a_sentence_in_a_span_is_no_command_and_in_a_block_a_fault() -> None:
    assert list(lines("x.md", "`it isn't one`")) == []
    with pytest.raises(ValueError, match="quotation"):
        list(lines("x.md", "```\nit isn't one\n```\n"))
