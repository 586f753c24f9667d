"""What all answers must look like, and a check of JSON against the OpenAPI document."""

from __future__ import annotations

from typing import Any

import httpx

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


def check_problem(response: httpx.Response, status: int) -> str:
    """RFC 9457: media type, members, and one sentence; the sentence."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert set(body) == {"type", "title", "status", "detail"}
    assert body["status"] == status
    assert body["title"]
    assert body["detail"].endswith(".")
    return str(body["detail"])


def matches(value: Any, schema: dict[str, Any], document: dict[str, Any]) -> None:
    """Asserts that a JSON value is what a schema of the document says (the parts we use)."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/components/schemas/")
        return matches(value, document["components"]["schemas"][name], document)
    if "anyOf" in schema:
        for option in schema["anyOf"]:
            try:
                return matches(value, option, document)
            except AssertionError:
                continue
        raise AssertionError(f"{value!r} is none of {schema['anyOf']}")
    if "type" in schema:
        assert isinstance(value, _TYPES[schema["type"]]), (value, schema)
        assert not (isinstance(value, bool) and schema["type"] != "boolean")
    if isinstance(value, dict):
        assert set(schema.get("required", [])) <= set(value), (value, schema)
        others = schema.get("additionalProperties")
        for name, item in value.items():
            known = schema.get("properties", {}).get(name, others)
            assert known is not None, f"{name} is not in the schema"
            matches(item, known, document)
    elif isinstance(value, list):
        for item in value:
            matches(item, schema["items"], document)
    return None
