"""Writes pages of the REST API from the OpenAPI document, one for each group of routes."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

_NOWHERE = "redis://127.0.0.1:1"
"""No command is sent: connections are made by the first one."""


@functools.cache
def openapi_document() -> dict[str, Any]:
    """The document that a server with the default settings would answer; it starts none."""
    return asyncio.run(_document())


async def _document() -> dict[str, Any]:
    # For `mkdocs build`, which reads this file before it knows whether it needs it.
    from app.http.server import create_app
    from app.main import app_state
    from app.siblings import ALONE
    from wire.connection import connect
    from wire.settings import Settings

    settings = Settings()
    client = connect(_NOWHERE, prefix=settings.redis_prefix, most=1)
    try:
        edge: Any = create_app(app_state(settings, client, None, ALONE))
        document: dict[str, Any] = edge.app.openapi()
    finally:
        await client.aclose()
    return document


def written(document: dict[str, Any]) -> dict[str, str]:
    """Returns the pages by their path in the site, one for each tag or first part of a path."""
    groups: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            text = _operation(method, path, operation, document)
            groups.setdefault(_group(path, operation), []).append(text)
    pages = {
        f"api/{name}.md": f"# Routes: {name}\n\n" + "\n".join(texts)
        for name, texts in groups.items()
    }
    return {**pages, "api/objects.md": _objects(document)}


def _group(path: str, operation: dict[str, Any]) -> str:
    if tags := operation.get("tags"):
        return str(tags[0]).lower().replace(" ", "-")
    parts = [part for part in path.split("/") if part and part not in ("api", "v1")]
    return parts[0] if len(parts) > 1 or path.startswith("/api/v1/") else "server"


def _operation(method: str, path: str, operation: dict[str, Any], document: dict[str, Any]) -> str:
    needs = "Needs a token.\n" if operation.get("security") else ""
    said = operation.get("description") or operation.get("summary", "")
    parts = [f"## `{method.upper()} {path}`\n", f"{said}\n", needs]
    if parameters := operation.get("parameters"):
        parts.append("| parameter | in | type | |\n|---|---|---|---|")
        parts += [_parameter(each) for each in parameters]
        parts.append("")
    if body := operation.get("requestBody"):
        parts.append(f"**Body:** {_content(body['content'])}\n")
    parts.append("| answer | | body |\n|---|---|---|")
    for status, answer in operation["responses"].items():
        parts.append(f"| {status} | {answer['description']} | {_content(answer.get('content'))} |")
    return "\n".join([*parts, ""])


def _parameter(each: dict[str, Any]) -> str:
    needed = "" if each.get("required") else "may be left out"
    said = ". ".join(filter(None, [each.get("description", "").rstrip("."), needed]))
    return f"| `{each['name']}` | {each['in']} | {_type(each.get('schema', {}))} | {said} |"


def _content(content: dict[str, Any] | None) -> str:
    found = (content or {}).items()
    return ", ".join(f"`{kind}` {_type(body.get('schema', {}))}".strip() for kind, body in found)


def _type(schema: dict[str, Any]) -> str:
    """A type as a cell shows it; objects by a link to their own section."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](objects.md#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}".strip()
    if "enum" in schema:
        return " or ".join(f"`{each}`" for each in schema["enum"])
    if isinstance(more := schema.get("additionalProperties"), dict):
        return f"object of {_type(more)}".strip()
    return str(schema.get("type", ""))


def _objects(document: dict[str, Any]) -> str:
    parts = ["# Objects\n"]
    for name, schema in sorted(document["components"]["schemas"].items()):
        parts += [f"## {name}\n", f"{schema.get('description', '')}\n"]
        if fields := schema.get("properties"):
            parts.append("| field | type | |\n|---|---|---|")
            parts += [_field(field, each) for field, each in fields.items()]
            parts.append("")
    return "\n".join(parts)


def _field(name: str, schema: dict[str, Any]) -> str:
    said = " ".join(str(schema.get("description", "")).split()).replace("|", "\\|")
    return f"| `{name}` | {_type(schema)} | {said} |"
