"""Completes the OpenAPI document by what the framework cannot know.

Errors are problem details, SDP is read as plain text, and tokens are asked for by dependencies of
our own.
"""

from __future__ import annotations

import threading
from typing import Any

from fastapi import FastAPI

from app.webrtc.trickle import MEDIA_TYPE as FRAGMENT_TYPE

GUARDED: dict[str, Any] = {"security": [{"token": []}]}
"""The ``openapi_extra`` of a route that asks for a token."""

_SDP = {"application/sdp": {"schema": {"type": "string"}}}

OFFER: dict[str, Any] = {"requestBody": {"required": True, "content": _SDP}}
"""The ``openapi_extra`` of a route that takes an SDP offer."""

FRAGMENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {FRAGMENT_TYPE: {"schema": {"type": "string"}}},
    }
}
"""The ``openapi_extra`` of a route that takes further candidates (RFC 8840)."""

ANSWER: dict[int | str, dict[str, Any]] = {
    201: {
        "description": "The SDP answer.",
        "content": _SDP,
        "headers": {
            "Location": {
                "description": "The session: DELETE ends it.",
                "schema": {"type": "string"},
            },
            "ETag": {
                "description": "The ICE session, for If-Match.",
                "schema": {"type": "string"},
            },
            "Link": {"description": "STUN and TURN servers.", "schema": {"type": "string"}},
        },
    }
}
"""The ``responses`` of a route that answers an SDP offer."""

PATCHED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "ICE was restarted; the fragment has the new credentials and candidates.",
        "content": {FRAGMENT_TYPE: {"schema": {"type": "string"}}},
        "headers": {
            "ETag": {"description": "The new ICE session.", "schema": {"type": "string"}},
        },
    },
    204: {"description": "The candidates were taken."},
}
"""The ``responses`` of a route that takes a fragment."""

JSON_BODY: dict[str, Any] = {
    "requestBody": {"required": False, "content": {"application/json": {"schema": {}}}}
}
"""The ``openapi_extra`` of a route that reads JSON by itself."""

EVENT_LOCATION: dict[int | str, dict[str, Any]] = {
    201: {
        "description": "The event stream: GET reads it, DELETE ends it.",
        "headers": {"Location": {"schema": {"type": "string"}}},
    }
}
"""The ``responses`` of a route that opens an event stream."""

EVENT_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events, for at most 25 s; then it is opened again.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}
"""The ``responses`` of a route that sends events."""

SPOKEN: dict[int | str, dict[str, Any]] = {
    200: {"description": "The media type of offers, without a body.", "content": _SDP}
}
"""The ``responses`` of a HEAD that says which offers an address takes."""

_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token of the server, a stream key, a view token, a JWT of the issuer in "
    "SHARPCAST_JWT, or a word that the server in SHARPCAST_ACCESS_HOOK knows (docs/keys.md).",
}

_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457; `detail` is one sentence for a person.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}


def complete(app: FastAPI) -> None:
    """Makes ``app.openapi`` give the completed document."""
    generate, lock = app.openapi, threading.Lock()

    def openapi() -> dict[str, Any]:
        # Several threads may ask for it, and one makes it. The attribute is the framework's cache,
        # and `generate` fills it with what is not completed.
        with lock:
            if app.openapi_schema is None:
                app.openapi_schema = _amended(generate())
            return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _amended(document: dict[str, Any]) -> dict[str, Any]:
    parts = document.setdefault("components", {})
    parts["securitySchemes"] = {"token": _TOKEN}
    schemas = parts.setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = {
        "description": "Why not.",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    for operations in document["paths"].values():
        for operation in operations.values():
            # The framework documents its own form of invalid requests; ours are problems as all
            # others.
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = problem
    return document
