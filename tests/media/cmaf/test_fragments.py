"""Fragments: times, offsets, flags and pauses, as FFmpeg and a browser's MediaSource read them."""

from __future__ import annotations

import base64
import os
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.access_unit import AccessUnit
from media.cmaf.decode_times import DecodeTimes
from media.cmaf.fragments import Run, Sample, fragment
from media.cmaf.tracks import format_of, init_segment, sample_of
from media.codec import Codec
from tests.app import coding
from tests.media.cmaf.films import FRAME_TICKS, boxes, decoded, film, inside, samples, sound, video


def _run(data: bytes) -> tuple[int, list[int]]:
    """(flags, numbers) of the first run."""
    body = inside(data, b"moof", b"traf", b"trun")
    return int.from_bytes(body[1:4], "big"), list(struct.unpack(f">{len(body) // 4}I", body))


def test_nothing_makes_nothing() -> None:
    assert fragment(1, []) == b"" and fragment(1, [Run(1, [])]) == b""


def test_the_runs_bytes_stand_where_it_says() -> None:
    runs = [
        Run(1, [Sample(b"aaa", 10, 5), Sample(b"bb", 15, 5, 2)]),
        Run(2, [Sample(b"cccc", 7, 1)]),
    ]
    data = fragment(3, runs)
    found = []
    for kind, body in boxes(inside(data, b"moof")):
        if kind == b"traf":
            at = int.from_bytes(inside(body, b"trun")[8:12], "big")
            found.append(data[at : at + 4])
    assert found == [b"aaab", b"cccc"]


def test_a_fragment_has_its_number_and_the_time_of_its_first_sample() -> None:
    data = fragment(7, [Run(1, [Sample(b"x", 1 << 40, 3000)])])
    assert inside(data, b"moof", b"mfhd")[4:] == (7).to_bytes(4, "big")
    assert inside(data, b"moof", b"traf", b"tfdt")[4:] == (1 << 40).to_bytes(8, "big")


def test_a_pause_lengthens_the_sample_before_it() -> None:
    pause = [Sample(b"x", 0, 10), Sample(b"x", 100, 10), Sample(b"x", 110, 10)]
    _, numbers = _run(fragment(0, [Run(1, pause)]))
    assert numbers[3::3] == [100, 10, 10]


def test_only_samples_that_are_shown_later_or_earlier_bring_offsets() -> None:
    plain, _ = _run(fragment(0, [Run(1, [Sample(b"x", 0, 10)])]))
    moved, numbers = _run(fragment(0, [Run(1, [Sample(b"x", 20, 10, -5)])]))
    assert (plain & 0x800, moved & 0x800) == (0, 0x800)
    assert numbers[-1] == 0xFFFFFFFB


def test_sync_samples_are_marked() -> None:
    found = [Sample(b"x", 0, 10), Sample(b"x", 10, 10, is_sync=False)]
    _, numbers = _run(fragment(0, [Run(1, found)]))
    assert numbers[5::3] == [0x02000000, 0x01010000]


def test_b_frames_are_shown_at_their_times() -> None:
    coded = coding.h264_with_b_frames(96, 64, 13)
    first = video(Codec.H264, [coded[0][1]])[0]
    times, made = DecodeTimes(), []
    for index, (picture, payload) in enumerate(coded):
        # They begin late enough that nothing is decoded before 0.
        shown = (picture + 10) * FRAME_TICKS
        time = times.place(shown)
        unit = AccessUnit(first.kind, first.codec, first.flags, index, shown, 90_000, 0, 0, payload)
        data = sample_of(unit) if index == 0 else sample_of(_not_key(unit))
        made.append(Sample(data, time, FRAME_TICKS, shown - time, is_sync=index == 0))
    parts = [fragment(at, [Run(1, made[at : at + 3])]) for at in range(0, len(made), 3)]
    pictures, _ = decoded(init_segment([format_of(first)]) + b"".join(parts))
    # The file begins at 0: FFmpeg counts from the first picture that is shown.
    shown_times = [pts for pts, _, _ in pictures]
    assert [pts - shown_times[0] for pts in shown_times] == [at * FRAME_TICKS for at in range(13)]


def _not_key(unit: AccessUnit) -> AccessUnit:
    return AccessUnit(
        unit.kind, unit.codec, type(unit.flags).NONE, unit.sequence, unit.pts, 90_000, 0, 0,
        unit.payload,
    )  # fmt: skip


@pytest.mark.parametrize("part", [1, 2, 5, 12])
def test_parts_of_any_length_make_the_same_film(part: int) -> None:
    units = video(Codec.H264, coding.h264(96, 64, 12))
    assert decoded(film(units, part=part)) == decoded(film(units))


def test_a_new_size_goes_on_behind_a_new_initialization_segment() -> None:
    small = film(video(Codec.H264, coding.h264(96, 64, 3)))
    large = film(video(Codec.H264, coding.h264(128, 96, 3), size=(128, 96)))
    assert [size for _, *size in decoded(small)[0]] == [[96, 64]] * 3
    assert [size for _, *size in decoded(large)[0]] == [[128, 96]] * 3


TICKS = st.integers(0, (1 << 62) - 1)


@given(
    st.lists(
        st.builds(Sample, st.binary(max_size=9), TICKS, TICKS, st.integers(-(1 << 40), 1 << 40)),
        max_size=6,
    )
)
def test_any_times_make_boxes_that_fit_into_each_other(made: list[Sample]) -> None:
    data = fragment(1, [Run(1, made), Run(2, made[:1])])
    assert [kind for kind, _ in boxes(data)] == ([b"moof", b"mdat"] if made else [])
    assert sum(8 + len(body) for _, body in boxes(data)) == len(data)


SCRIPT = """async ({parts, type}) => {
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const video = document.createElement('video');
  video.muted = true;
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  await new Promise((opened) => source.addEventListener('sourceopen', opened, {once: true}));
  const buffer = source.addSourceBuffer(type);
  for (const part of parts) {
    await new Promise((done, failed) => {
      buffer.addEventListener('updateend', done, {once: true});
      buffer.addEventListener('error', () => failed(new Error('refused')), {once: true});
      buffer.appendBuffer(bytes(part));
    });
  }
  source.endOfStream();
  await video.play();
  await new Promise((ended) => video.addEventListener('ended', ended, {once: true}));
  const ranges = [...Array(buffer.buffered.length).keys()];
  return {
    ranges: ranges.map((at) => [buffer.buffered.start(at), buffer.buffered.end(at)]),
    size: [video.videoWidth, video.videoHeight],
    decoded: video.getVideoPlaybackQuality().totalVideoFrames,
    heard: video.webkitAudioDecodedByteCount,
  };
}"""


@pytest.mark.browser
@pytest.mark.parametrize("codec", [Codec.H264, Codec.VP9, Codec.AV1], ids=lambda c: c.name.lower())
async def test_a_browser_plays_parts_without_a_hole(codec: Codec) -> None:
    from playwright.async_api import async_playwright

    from benchmarks.browser import CHROMIUM, FLAGS

    if not os.access(CHROMIUM, os.X_OK):
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium")
    make = {Codec.H264: coding.h264, Codec.VP9: coding.vp9, Codec.AV1: coding.av1}[codec]
    units = video(codec, make(96, 64, 24))
    tracks = [format_of(units[0]), format_of(sound(1)[0])]
    parts = [init_segment(tracks)]
    for at in range(0, 24, 6):
        packets = sound(40)[at * 5 // 3 : (at + 6) * 5 // 3]
        runs = [Run(1, samples(units[at : at + 6], FRAME_TICKS)), Run(2, samples(packets, 960))]
        parts.append(fragment(at, runs))
    given = {
        "parts": [base64.b64encode(part).decode() for part in parts],
        "type": f'video/mp4; codecs="{tracks[0].name},{tracks[1].name}"',
    }
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await chromium.new_page()
        found: dict[str, Any] = await page.evaluate(SCRIPT, given)
        await chromium.close()
    assert found["ranges"] == [[0, pytest.approx(0.8, abs=0.03)]]
    assert found["size"] == [96, 64]
    # A busy machine leaves pictures out; that they are decodable is what counts.
    assert found["decoded"] > 0 and found["heard"] > 0
