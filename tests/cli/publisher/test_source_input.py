"""Opening of sources: what they hold, and what is said where it fails."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from benchmarks.server import free_port
from cli.errors import NotPublished
from cli.publisher import source_input
from cli.publisher.address import parse_source
from cli.publisher.source_input import open_input
from tests.cli.publisher.http_server import answering
from tests.cli.publisher.rtsp_server import camera
from tests.cli.publisher.sources import make_late_sound, make_source

SECRET = "hunter2"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return make_source(tmp_path / "film.mp4", sound="aac")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time limits of half a second, so that what hangs is over soon."""
    monkeypatch.setattr(source_input, "OPEN_S", 0.5)
    monkeypatch.setattr(source_input, "READ_S", 0.5)


def refused(url: str) -> str:
    """The sentence about an address that cannot be opened; it never holds the password."""
    with pytest.raises(NotPublished) as caught:
        open_input(parse_source(url)).close()
    sentence = str(caught.value)
    assert SECRET not in sentence and "\n" not in sentence and sentence.endswith(".")
    return sentence


def test_a_film_tells_what_it_holds(film: Path) -> None:
    source = open_input(parse_source(str(film)))
    facts = source.facts
    assert (facts.codec, facts.width, facts.height) == ("h264", 96, 64)
    assert not facts.has_b_frames and facts.pixel_format == "yuv420p"
    assert source.audio is not None and not source.is_live
    assert sum(packet.stream.type == "video" for packet in source.packets()) >= 50
    source.close()


def test_sound_that_appears_after_the_opening_ends_nothing(tmp_path: Path) -> None:
    film, pipe = make_late_sound(tmp_path / "late.ts"), tmp_path / "pipe.ts"
    os.mkfifo(pipe)
    writing = threading.Thread(target=pipe.write_bytes, args=(film.read_bytes(),), name="pipe")
    writing.start()
    source = open_input(parse_source(str(pipe)))
    found = list(source.packets())
    writing.join()
    assert source.audio is None and len(source.container.streams) == 1
    assert len(found) == 251 and not found[-1].size
    source.close()


def test_b_frames_are_known_before_the_first_picture(tmp_path: Path) -> None:
    source = open_input(parse_source(str(make_source(tmp_path / "b.mp4", b_frames=2))))
    assert source.facts.has_b_frames
    source.close()


def test_a_camera_is_played_with_user_and_password(film: Path) -> None:
    with camera(film, user="u", password="p@ss") as made:
        source = open_input(parse_source(made.url("u", "p%40ss")))
        assert source.is_live and source.facts.width == 96
        kinds = set()
        for packet in source.packets():
            kinds.add(packet.stream.type)
            if kinds == {"video", "audio"}:
                break
        source.close()
    assert source.address.shown == f"rtsp://127.0.0.1:{made.port}/cam"


def test_a_camera_that_refuses_tcp_is_played_by_udp(film: Path) -> None:
    with camera(film, takes_tcp=False) as made:
        source = open_input(parse_source(made.url()))
        assert source.facts.width == 96
        source.close()
        assert made.asked.count("SETUP") >= 2


def test_only_the_transport_that_is_asked_for_is_tried(film: Path) -> None:
    with camera(film, takes_tcp=False) as made, pytest.raises(NotPublished):
        open_input(parse_source(made.url()), transport="tcp")
    assert made.asked.count("SETUP") == 1


def test_a_camera_says_no_in_words(film: Path) -> None:
    with camera(film, user="u", password="right") as made:
        assert "refuses the user or the password (401)" in refused(made.url("u", SECRET))
        assert "refuses the user or the password (401)" in refused(made.url())
        assert "nothing of that path (404)" in refused(made.url("u", "right", path="x"))
    assert made.asked.count("DESCRIBE") < 12  # nothing is tried again and again


def test_a_camera_without_video_is_told(film: Path) -> None:
    with camera(film, has_video=False) as made:
        assert "sends no video" in refused(made.url())


@pytest.mark.usefixtures("impatient")
def test_a_camera_that_hangs_is_left_at_the_time_limit(film: Path) -> None:
    with camera(film, hangs=True) as made:
        assert "does not answer within 0 s" in refused(made.url())


def test_a_camera_that_stalls_is_lost_at_the_time_limit(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_input, "READ_S", 0.5)
    with camera(film) as made:
        source = open_input(parse_source(made.url()))
        made.stalls = True
        found = source.packets()
        try:
            with pytest.raises(NotPublished, match="sends nothing any more") as caught:
                for _ in found:
                    pass
            assert caught.value.is_passing
        finally:
            source.close()


@pytest.mark.parametrize("scheme", ["rtsp", "rtmp", "http"])
def test_a_port_where_nobody_listens_is_named(scheme: str) -> None:
    port = free_port()
    sentence = refused(f"{scheme}://u:{SECRET}@127.0.0.1:{port}/a/{'x'}")
    assert sentence.startswith("Nothing listens at") and str(port) in sentence


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("scheme", ["rtsp", "rtmp", "http"])
def test_whatever_takes_a_connection_and_is_silent_is_left(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        taken: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    taken.append(silent.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, name="silent")
        thread.start()
        port = silent.getsockname()[1]
        try:
            assert "does not answer" in refused(f"{scheme}://u:{SECRET}@127.0.0.1:{port}/a/b")
        finally:
            silent.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in taken:
                connection.close()


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "(401)"), (403, "(403)"), (404, "(404)"), (500, "(5xx)"), (503, "(5xx)")],
)
def test_a_web_server_says_no_in_words(status: int, words: str) -> None:
    with answering(status) as server:
        assert words in refused(f"{server.url}/a.m3u8?key={SECRET}")


def test_a_page_is_no_film() -> None:
    with answering(200, b"<html>hello</html>") as server:
        assert "holds nothing that can be read as a film" in refused(f"{server.url}/a")


def test_a_list_of_segments_names_no_file_of_this_machine(film: Path, tmp_path: Path) -> None:
    body = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{film}\n#EXT-X-ENDLIST\n"
    with answering(200, body.encode()) as server:
        assert refused(f"{server.url}/a.m3u8")


def test_what_is_no_film_is_told(tmp_path: Path) -> None:
    assert "there is no such file" in refused(str(tmp_path / "gone.mp4"))
    (tmp_path / "text.mp4").write_text("hello")
    assert "holds nothing that can be read as a film" in refused(str(tmp_path / "text.mp4"))
