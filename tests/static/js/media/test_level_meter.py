"""How loud a microphone is (``media/level-meter.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


@pytest.mark.parametrize(
    ("sample", "db", "bar"), [(1.0, 0, 1), (0.1, -20, 2 / 3), (0.001, -60, 0), (0.0, -120, 0)]
)
async def test_loudness_is_in_decibels_of_full_scale(
    run: Run, sample: float, db: float, bar: float
) -> None:
    body = "const db = m.loudness(new Float32Array(64).fill(given)); return [db, m.barOf(db)]"
    found = await run("media/level-meter", body, sample)
    assert found == pytest.approx([db, bar], abs=0.01)


SOUND = """
  let level = given;
  let state = 'running';
  let closed = 0;
  class Context {
    get state() { return state; }
    createAnalyser() {
      return { fftSize: 0, getFloatTimeDomainData(samples) { samples.fill(level); } };
    }
    createMediaStreamSource() { return { connect() {} }; }
    async close() { closed += 1; }
  }
  harness.put(window, 'AudioContext', { value: Context, writable: true });
  const clock = harness.clock();
  const shown = [];
  const meter = new m.LevelMeter((one) => shown.push(one));
  harness.atEnd(() => meter.stop());
  const media = { getAudioTracks: () => [{}] };
"""


async def test_the_level_is_told_ten_times_a_second(run: Run) -> None:
    body = f"""{SOUND}
      meter.start(media);
      const before = shown.length;
      await clock.advance(1000);
      return [shown.length - before, shown.at(-1).bar, shown.at(-1).isSilent]"""
    count, bar, silent = await run("media/level-meter", body, 0.1)
    assert (count, silent) == (10, False)
    assert bar == pytest.approx(2 / 3, abs=0.01)


async def test_silence_is_told_after_a_while_and_ends_with_a_word(run: Run) -> None:
    body = f"""{SOUND}
      meter.start(media);
      await clock.advance(3900);
      const found = [shown.at(-1).isSilent];
      await clock.advance(300);
      found.push(shown.at(-1).isSilent);
      level = 0.2;
      await clock.advance(100);
      return [...found, shown.at(-1).isSilent]"""
    assert await run("media/level-meter", body, 0) == [False, True, False]


async def test_a_context_that_waits_for_a_click_says_nothing(run: Run) -> None:
    body = f"""{SOUND}
      state = 'suspended';
      meter.start(media);
      const before = shown.length;
      await clock.advance(9000);
      state = 'running';
      await clock.advance(100);
      return [shown.length - before, shown.at(-1).isSilent]"""
    assert await run("media/level-meter", body, 0) == [1, False]


async def test_it_ends_with_an_empty_bar(run: Run) -> None:
    body = f"""{SOUND}
      meter.start(media);
      await clock.advance(200);
      meter.stop();
      const count = shown.length;
      await clock.advance(1000);
      return [shown.length - count, shown.at(-1), closed]"""
    assert await run("media/level-meter", body, 1) == [0, {"bar": 0, "isSilent": False}, 1]


async def test_without_sound_nothing_is_measured(run: Run) -> None:
    body = f"""{SOUND}
      meter.start({{ getAudioTracks: () => [] }});
      await clock.advance(1000);
      return [shown.length, closed]"""
    assert await run("media/level-meter", body, 1) == [1, 0]
