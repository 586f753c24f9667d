"""The page at ``/docs``: the API by its OpenAPI document, without any script."""

from __future__ import annotations

import html
from typing import Any

_METHODS = ("get", "head", "post", "put", "patch", "delete")


def reference_page(document: dict[str, Any]) -> str:
    """Returns the operations of the document as plain HTML."""
    rows = [
        _row(method, path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in _METHODS
    ]
    # No script: the content security policy allows none in a page, and the framework's own pages
    # load theirs from another host.
    info = document["info"]
    return f"""<!doctype html>
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
{chr(10).join(rows)}
  </main>
</body>
</html>
"""


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
