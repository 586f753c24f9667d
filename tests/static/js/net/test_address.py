"""Addresses below the place where the server begins (``net/address.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_addresses_begin_where_the_server_does(run: Run) -> None:
    body = """
      const below = (url) => url.replace(location.origin, 'HERE');
      return [below(m.ROOT), below(m.address('api/v1/streams')),
        ['/watch/cam1/', '/', '', '/a//b', '/watch/a%20b'].map(m.pathParts)];
    """
    root, streams, parts = await run("net/address", body)
    assert root == "HERE/"
    assert streams == "HERE/api/v1/streams"
    assert parts == [["watch", "cam1"], [], [], ["a", "b"], ["watch", "a%20b"]]


async def test_a_name_cannot_lead_out_of_its_place(run: Run) -> None:
    body = """
      return ['watch/a b', 'watch/' + encodeURIComponent('../admin'), 'x?y=1']
        .map((path) => m.address(path).replace(location.origin, ''));
    """
    assert await run("net/address", body) == ["/watch/a%20b", "/watch/..%2Fadmin", "/x?y=1"]
