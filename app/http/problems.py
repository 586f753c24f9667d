"""Errors as RFC 9457 problem details: the one place where they become HTTP."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from app.errors import AppError, NotAuthorized

MEDIA_TYPE = "application/problem+json"
_SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
}


def problem(
    status: int, title: str, detail: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    """Returns a problem answer; ``detail`` is one sentence for a person."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(body, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def problem_of(error: AppError) -> JSONResponse:
    """Returns the answer that an error of the app becomes."""
    headers = {}
    if error.retry_after_s is not None:
        # Up to twice as long: those who wait for the same thing must not all come back at once.
        later = random.randint(0, error.retry_after_s)
        headers["Retry-After"] = str(error.retry_after_s + later)
    if isinstance(error, NotAuthorized):
        headers["WWW-Authenticate"] = 'Bearer realm="sharpcast"'
    return problem(error.status, error.title, error.detail, headers)


async def _on_app_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, AppError):
        raise error
    return problem_of(error)


async def _on_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    # The framework's words for other statuses are short phrases; a full stop makes them sentences.
    detail = _SENTENCES.get(error.status_code, f"{error.detail}.")
    headers = dict(error.headers or {})
    # The router stops at the first route with this path, and names the methods of that one alone.
    if error.status_code == 405:
        headers["Allow"] = await _allowed(request, headers.get("Allow", ""))
    return problem(error.status_code, error.detail, detail, headers)


async def _allowed(request: Request, of_one_route: str) -> str:
    """Returns the methods of all routes at the address (RFC 9110 section 15.5.6)."""
    found = {"OPTIONS", *filter(None, of_one_route.split(", "))}
    asked = request.url.path.split("/")
    # The first time it is half a second of the framework's work.
    document = await asyncio.to_thread(request.app.openapi)
    for path, methods in document["paths"].items():
        parts = path.split("/")
        if len(parts) == len(asked) and all(
            part.startswith("{") or part == given for part, given in zip(parts, asked, strict=True)
        ):
            found |= {method.upper() for method in methods}
    if "GET" in found:
        found.add("HEAD")
    return ", ".join(sorted(found))


async def _on_fault(_: Request, error: Exception) -> Response:
    """Answers a fault of ours: who asked learns no more than that; the server logs the trace."""
    return problem(500, "Internal error", "The server made a mistake; its log says which.")


async def _on_invalid(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return problem(422, "Invalid request", _no_json(first))
    # The first part is `body`, `path` or `query`, which whoever sent the value knows.
    place = ".".join(str(part) for part in first["loc"][1:]) or "The body"
    return problem(422, "Invalid request", f"{place}: {first['msg']}.")


def _no_json(error: dict[str, Any]) -> str:
    """Returns a sentence that says where a body stops being JSON, and what the parser says."""
    # The place is the parser's count of characters before the fault; people count from one.
    reason = error["ctx"]["error"]
    return (
        f"The body is not valid JSON: {reason[:1].lower()}{reason[1:]} at character "
        f"{error['loc'][1] + 1}."
    )


def install(app: FastAPI) -> None:
    """Makes every error of the app a problem answer."""
    app.add_exception_handler(AppError, _on_app_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(Exception, _on_fault)
