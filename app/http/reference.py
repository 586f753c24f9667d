"""The API described: ``/openapi.json``, and the page at ``/docs``, which has no script."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import html
import json
from collections.abc import Callable
from typing import Any

_METHODS = ("get", "head", "post", "put", "patch", "delete")


@dataclasses.dataclass(frozen=True, slots=True)
class Text:
    """One text as it is sent."""

    head: str
    "The part in which addresses stand, which depend on where the page is asked for."
    rest: bytes
    tag: str
    "Its entity tag (RFC 9110 section 8.8.3), in quotes."


@dataclasses.dataclass(frozen=True, slots=True)
class Described:
    """The document and the page."""

    document: Text
    page: Text


class Reference:
    """Makes document and page once, when they are first asked for."""

    def __init__(self, document: Callable[[], dict[str, Any]]) -> None:
        self._document = document
        self._lock = asyncio.Lock()
        self._described: Described | None = None

    async def get(self) -> Described:
        """Returns both; all who ask before they are made wait for one thread."""
        if self._described is None:
            async with self._lock:
                if self._described is None:
                    # Half a second of the framework's work, for which no packet is to wait.
                    self._described = await asyncio.to_thread(self._make)
        return self._described

    def _make(self) -> Described:
        document = self._document()
        data = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        return Described(_text("", data), _text(*reference_page(document)))


def _text(head: str, rest: str) -> Text:
    data = rest.encode()
    tag = hashlib.blake2b(head.encode() + data, digest_size=12).hexdigest()
    return Text(head, data, f'"{tag}"')


def reference_page(document: dict[str, Any]) -> tuple[str, str]:
    """Returns the operations of the document as plain HTML: its head, and the rest, in which
    there is no address.
    """
    rows = [
        _row(method, path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in _METHODS
    ]
    # No script: the content security policy allows none in a page, and the framework's own pages
    # load theirs from another host.
    info = document["info"]
    head = f"""<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>API · Sharpcast</title>
  <link rel="icon" href="static/favicon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="static/css/base.css">
</head>
<body>
  <header class="top">
    <a class="brand" href="./"><img src="static/favicon.svg" alt=""><span>Sharpcast</span></a>
  </header>
  <main id="main">
    <h1>API of version {html.escape(info["version"])}</h1>
    <p class="lead">{html.escape(info["description"])}
      All of it for machines: <a href="openapi.json">openapi.json</a>.</p>
"""
    return head, "\n".join([*rows, "  </main>", "</body>", "</html>", ""])


def _row(method: str, path: str, operation: dict[str, Any]) -> str:
    words = operation.get("description") or operation.get("summary", "")
    parameters = ", ".join(
        f"{each['name']} ({each['in']})" for each in operation.get("parameters", [])
    )
    answers = ", ".join(operation.get("responses", {}))
    token = " Needs a token where the server has one." if operation.get("security") else ""
    takes = f"Takes {parameters}. " if parameters else ""
    return f"""    <section class="panel">
      <h2>{method.upper()} <code>{html.escape(path)}</code></h2>
      <p>{html.escape(words)}{token}</p>
      <p class="muted small">{html.escape(takes)}Answers {html.escape(answers)}.</p>
    </section>"""
