"""The broadcaster's own picture and loudness (``ui/preview.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

PREVIEW = """
  await harness.load('/broadcast');
  const id = (name) => document.getElementById(name);
  const clock = harness.clock();
  const preview = new m.Preview();
  harness.atEnd(() => preview.clear());
  const canvas = document.createElement('canvas');
  canvas.getContext('2d');
  const media = canvas.captureStream();
  const context = new AudioContext();
  harness.atEnd(() => context.close());
  const sound = context.createMediaStreamDestination().stream.getAudioTracks()[0];
"""


async def test_what_is_captured_is_shown_with_its_level(run: Run) -> None:
    body = f"""{PREVIEW}
      const before = id('level').hidden;
      media.addTrack(sound);
      await Promise.race([preview.show(media, false), harness.settle()]);
      return [before, id('level').hidden, preview.video.srcObject === media]"""
    assert await run("ui/preview", body) == [True, False, True]


async def test_without_sound_there_is_no_level(run: Run) -> None:
    body = f"""{PREVIEW}
      await Promise.race([preview.show(media, false), harness.settle()]);
      return id('level').hidden"""
    assert await run("ui/preview", body) is True


async def test_a_file_plays_in_the_element_already(run: Run) -> None:
    body = f"{PREVIEW} await preview.show(media, true); return preview.video.srcObject"
    assert await run("ui/preview", body) is None


async def test_it_is_mirrored_for_the_broadcaster_alone(run: Run) -> None:
    body = f"""{PREVIEW}
      preview.mirror(true);
      const found = [preview.video.dataset.mirrored];
      preview.mirror(false);
      return [...found, preview.video.dataset.mirrored]"""
    assert await run("ui/preview", body) == ["true", "false"]


async def test_the_level_is_read_out_and_silence_is_said(run: Run) -> None:
    body = f"""{PREVIEW}
      preview._showLevel({{ bar: 0.424, isSilent: true }});
      const found = [id('level').getAttribute('aria-valuenow'), id('silent').hidden,
        id('level').style.getPropertyValue('--level')];
      preview.clear();
      return [...found, id('silent').hidden, id('level').hidden]"""
    assert await run("ui/preview", body) == ["42", False, "0.424", True, True]
