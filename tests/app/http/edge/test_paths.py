"""Request targets and paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.edge.paths import split_target, strip_prefix, strip_slash


@pytest.mark.parametrize(
    ("path", "inner"),
    [
        ("/live/whip/cam1", "/whip/cam1"),
        ("/live", "/"),
        ("/live/", "/"),
        ("/lively", "/lively"),
        ("/whip/cam1", "/whip/cam1"),
    ],
)
def test_a_prefix_is_taken_away_where_a_proxy_kept_it(path: str, inner: str) -> None:
    assert strip_prefix(path, "/live") == inner
    assert strip_prefix(path, "") == path


def test_slashes_at_the_end_do_not_count() -> None:
    found = [strip_slash(path) for path in ("/a/", "/a//", "/a", "/", "//", "")]
    assert found == ["/a", "/a", "/a", "/", "/", "/"]


@pytest.mark.parametrize(
    ("target", "found"),
    [
        (b"http://live.example/whip/cam1", (b"live.example", b"/whip/cam1")),
        (b"HTTPS://live.example:8443/a", (b"live.example:8443", b"/a")),
        (b"http://live.example", (b"live.example", b"/")),
        (b"http://live.example?x=1", (b"live.example", b"?x=1")),
        (b"http:///a", (b"", b"/a")),
        (b"http://a@b/c", (b"a@b", b"/c")),
        (b"http://a/b\nhttp://c/d", (b"a", b"/b\nhttp://c/d")),
        (b"/http://live.example/", None),
        (b"ftp://live.example/", None),
        (b"http:/live.example", None),
        (b"*", None),
        (b"live.example:443", None),
        (b"", None),
    ],
)
def test_a_target_in_absolute_form_is_taken_apart(
    target: bytes, found: tuple[bytes, bytes] | None
) -> None:
    assert split_target(target) == found


@given(st.text(max_size=20), st.sampled_from(["", "/live", "/a/b"]))
def test_a_prefix_is_taken_away_once(path: str, prefix: str) -> None:
    inner = f"/{path}"
    assert strip_prefix(prefix + inner, prefix) == inner


@given(st.text(max_size=20))
def test_a_path_keeps_one_form(path: str) -> None:
    found = strip_slash(path)
    assert found == "/" or not found.endswith("/")
    assert strip_slash(found) == strip_slash(found + "///") == found
