"""Measures how far sound and picture are apart in a real Chromium, by a flash and a beep at once.

Chromium tells the moment of capture of what it plays (``estimatedPlayoutTimestamp``): sound less
picture is the error. Beside it the flash is noted at the time at which the browser expects to show
the frame, the beep at the time at which the page's sound graph plays it. A lip-synced pair is at
most 45 ms apart where the sound leads (ITU-R BT.1359).
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np

from benchmarks import browser
from benchmarks.server import publishing, running
from benchmarks.sound import RATE
from benchmarks.table import Row, render

PERIOD_S = 1.0
"""Seconds from one flash to the next: errors of up to half of it can be told."""

FLASH_FRAMES = 4
"""Frames that a flash lasts: one that is lost or late hides no flash."""

FPS = 30
SIZE = (480, 270)

WARM_S = 8.0
"""Browsers move sound and picture together over some seconds, by small steps."""

_SAMPLES = 960
"""Samples of one Opus frame: 20 ms at 48 kHz."""

MODELS = ("live-s", "live-l")
"""A quick net and a slow one: the picture is late by other amounts, and the error must not be."""

_NOTE_BOTH = """async (rendition) => {
  const { WatchSession } = await import('/static/js/net/watch-session.js');
  const endpoint = `${location.origin}/whep/sync?rendition=${rendition}&fallback=none`;
  const session = new WatchSession({ endpoint, iceServers: [], audio: true });
  const element = document.createElement('video');
  element.autoplay = element.muted = true;
  document.body.append(element);
  session.addEventListener('media', () => {
    element.srcObject = session.media;
    if (session.media !== null) element.play();
  });
  session.start();
  while (element.readyState < 2) await new Promise((done) => setTimeout(done, 50));
  await new Promise((done) => setTimeout(done, WARM_MS));
  const found = { flashes: [], beeps: [], played: [] };
  window.sharpcastSync = found;
  setInterval(async () => {
    const rows = [...(await session.peer.getStats()).values()];
    const at = (kind) => rows.find((row) => row.type === 'inbound-rtp' && row.kind === kind)
      ?.estimatedPlayoutTimestamp;
    if (at('video') && at('audio')) found.played.push(at('audio') - at('video'));
  }, 250);
  const canvas = new OffscreenCanvas(8, 8);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  let bright = false;
  const onFrame = (now, frame) => {
    pen.drawImage(element, 0, 0, 8, 8);
    const pixels = pen.getImageData(0, 0, 8, 8).data;
    let sum = 0;
    for (let at = 0; at < pixels.length; at += 4) sum += pixels[at + 1];
    const is = sum / 64 > 170;
    if (is && !bright) found.flashes.push(frame.expectedDisplayTime);
    bright = is;
    element.requestVideoFrameCallback(onFrame);
  };
  element.requestVideoFrameCallback(onFrame);
  const context = new AudioContext({ latencyHint: 'interactive' });
  const heard = new MediaStream(element.srcObject.getAudioTracks());
  const source = context.createMediaStreamSource(heard);
  const tap = context.createScriptProcessor(256, 1, 1);
  let loud = false, quiet = 0;
  tap.onaudioprocess = (event) => {
    const samples = event.inputBuffer.getChannelData(0);
    const stamp = context.getOutputTimestamp();
    const first = samples.findIndex((each) => Math.abs(each) > 0.1);
    if (first >= 0 && !loud) {
      const at = event.playbackTime + first / context.sampleRate;
      found.beeps.push(stamp.performanceTime + 1000 * (at - stamp.contextTime));
    }
    quiet = first >= 0 ? 0 : quiet + samples.length;
    loud = first >= 0 || (loud && quiet < context.sampleRate / 20);
  };
  source.connect(tap).connect(context.destination);
  await context.resume();
}""".replace("WARM_MS", str(int(1000 * WARM_S)))


def write_clip(target: Path, *, seconds: float) -> None:
    """Writes a clip whose picture flashes and whose sound beeps at the same moments, each second.

    The first flash is half a period behind the beginning, so none lies at the joint of a loop.
    """
    with av.open(str(target), "w") as out:
        video = out.add_stream("libx264", rate=FPS, options={"preset": "veryfast"})
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        audio = out.add_stream("libopus", rate=RATE, layout="stereo")
        for index in range(int(seconds * FPS)):
            out.mux(video.encode(_picture(index)))
        out.mux(video.encode(None))
        for index in range(int(seconds * RATE / _SAMPLES)):
            out.mux(audio.encode(_sound(index)))
        out.mux(audio.encode(None))


def is_marked(at_s: float) -> bool:
    """Returns whether the clip flashes and beeps at this time."""
    # A nanosecond, so that frame times that end in thirds fall on the side that is meant.
    return (at_s - PERIOD_S / 2 + 1e-9) % PERIOD_S < FLASH_FRAMES / FPS


def _picture(index: int) -> av.VideoFrame:
    width, height = SIZE
    picture = np.full((height * 3 // 2, width), 128, np.uint8)
    # A slope that moves: a picture that never changes would make the codec and the net idle.
    slope = (np.arange(width) + 3 * index) % 128 + 16
    picture[:height] = 235 if is_marked(index / FPS) else slope.astype(np.uint8)
    frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
    frame.pts = index
    return frame


def _sound(index: int) -> av.AudioFrame:
    at = np.arange(index * _SAMPLES, (index + 1) * _SAMPLES)
    marked = (at / RATE - PERIOD_S / 2) % PERIOD_S < FLASH_FRAMES / FPS
    tone = np.where(marked, np.sin(at * 2 * np.pi * 1000 / RATE) * 20_000, 0).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(tone.repeat(2).reshape(1, -1), format="s16", layout="stereo")
    frame.sample_rate, frame.pts = RATE, index * _SAMPLES
    return frame


def errors_ms(flashes: Sequence[float], beeps: Sequence[float]) -> list[float]:
    """Returns for each beep how much later its flash was shown, in ms; negative: earlier.

    Beeps without a flash within half a period are left out: one of the two was lost.
    """
    found = []
    for beep in beeps:
        nearest = min(flashes, key=lambda flash: abs(flash - beep), default=None)
        if nearest is not None and abs(nearest - beep) < 500 * PERIOD_S:
            found.append(nearest - beep)
    return found


def table(seconds: float) -> str:
    """Returns the table of the source and of each of ``MODELS``, or why there is none."""
    lack = browser.missing()
    return f"Left out. {lack}" if lack else render(measure(seconds))


def measure(seconds: float) -> list[Row]:
    """Returns the median error, with the largest in the note, of the source and of ``MODELS``."""
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "flash.mp4"
        write_clip(clip, seconds=20.0)
        rows = _measured(clip, MODELS[0], "source", seconds)
        for model in MODELS:
            rows += _measured(clip, model, "enhanced", seconds)
    return rows


def _measured(clip: Path, model: str, shown: str, seconds: float) -> list[Row]:
    with (
        running(model=model) as server,
        publishing(f"{server.url}/whip/sync", "--kbps", "600", clip=clip),
    ):
        server.until_enhancing("sync")
        with browser.chromium(width=800, height=600) as context:
            page = context.new_page()
            page.goto(f"{server.url}/")
            page.evaluate(_NOTE_BOTH, shown)
            page.wait_for_timeout(1000 * seconds)
            found = page.evaluate("window.sharpcastSync")
            delay = _added_ms(server.stream("sync") or {}) if shown == "enhanced" else 0.0
    name = "source" if shown == "source" else f"enhanced by {model}, {delay:.0f} ms later"
    heard = errors_ms(found["flashes"], found["beeps"])
    return [*rows_of(name, found["played"]), *heard_rows(name, heard)]


def _added_ms(view: dict[str, Any]) -> float:
    return float(view["latency_ms"]["total"]["p50"])


def rows_of(name: str, errors: Sequence[float]) -> list[Row]:
    """Returns the row of what Chromium says that it plays; an infinite error where it says nothing.

    The moments of capture of the sound and of the picture that it plays at one time.
    """
    return [_row(f"sound to picture, {name}", errors, 45)]


def heard_rows(name: str, errors: Sequence[float]) -> list[Row]:
    """Returns the row of flashes and beeps. The page's sound graph has a buffer of its own, so that
    beeps are noted late by tens of milliseconds: it tells of jumps.
    """
    return [_row(f"flash to beep in the page, {name}", errors, None)]


def _row(name: str, errors: Sequence[float], target: float | None) -> Row:
    if not errors:
        return Row(name, float("inf"), target, "ms", True, "nothing found")
    middle = statistics.median(errors)
    worst = max(errors, key=abs)
    note = f"picture later by {middle:+.0f} ms; worst of {len(errors)}: {worst:+.0f} ms"
    return Row(name, abs(middle), target, "ms", True, note)
