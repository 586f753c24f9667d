"""The OpenAPI document."""

from __future__ import annotations

from tests.app.http.answers import matches
from tests.app.http.conftest import Site
from tests.app.http.test_api import document

ROUTES = {
    ("/whip/{stream}", "post"), ("/whip/{stream}/{session}", "delete"),
    ("/whep/{stream}", "post"), ("/whep/{stream}/{session}", "delete"),
    ("/api/v1/server", "get"), ("/api/v1/streams", "get"), ("/api/v1/models", "get"),
    ("/api/v1/streams/{stream}", "get"), ("/api/v1/streams/{stream}", "patch"),
    ("/api/v1/streams/{stream}", "delete"), ("/api/v1/workers", "get"),
    ("/api/v1/counters", "get"), ("/healthz", "get"), ("/readyz", "get"), ("/metrics", "get"),
}  # fmt: skip


async def test_the_openapi_document_lists_every_route(site: Site) -> None:
    paths = (await document(site))["paths"]
    found = {(path, method) for path, methods in paths.items() for method in methods}
    assert found >= ROUTES
    names = {operation["operationId"] for path in paths.values() for operation in path.values()}
    assert len(names) == len(found)


async def test_the_openapi_document_says_what_is_taken_and_answered(site: Site) -> None:
    whole = await document(site)
    assert "HTTPValidationError" not in str(whole)
    guarded = {
        (path, method)
        for path, methods in whole["paths"].items()
        for method, operation in methods.items()
        if operation.get("security")
    }
    assert guarded == {
        ("/whip/{stream}", "post"), ("/whip/{stream}/{session}", "delete"),
        ("/whip/{stream}/{session}", "patch"), ("/api/v1/workers", "get"), ("/api/v1/nodes", "get"),
        ("/api/v1/streams/{stream}", "patch"), ("/api/v1/streams/{stream}", "delete"),
        ("/api/v1/streams/{stream}/renditions/{name}", "put"),
        ("/api/v1/streams/{stream}/renditions/{name}", "delete"),
    }  # fmt: skip
    for path in ("/whip/{stream}", "/whep/{stream}"):
        operation = whole["paths"][path]["post"]
        assert list(operation["requestBody"]["content"]) == ["application/sdp"]
        assert list(operation["responses"]["201"]["content"]) == ["application/sdp"]
        assert "Location" in operation["responses"]["201"]["headers"]
    for path in ("/api/v1/nothing", "/api/v1/streams/-"):
        schema = whole["components"]["schemas"]["Problem"]
        matches((await site.client.get(path)).json(), schema, whole)
