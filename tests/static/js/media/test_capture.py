"""Camera, screen and file as sources (``media/capture.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


DEVICES = """
  const asked = [];
  const media = (...kinds) => {
    const tracks = kinds.map((kind) => ({kind, contentHint: ''}));
    return {
      getVideoTracks: () => tracks.filter((track) => track.kind === 'video'),
      getAudioTracks: () => tracks.filter((track) => track.kind === 'audio'),
      addTrack: (track) => tracks.push(track),
    };
  };
  let screen = () => media('video');
  harness.put(navigator, 'mediaDevices', {value: {
    getUserMedia: async (constraints) => {
      asked.push(['camera', constraints]);
      return media(...['video', 'audio'].filter((kind) => constraints[kind]));
    },
    getDisplayMedia: async (constraints) => { asked.push(['screen', constraints]); return screen(); },
  }});
  const options = {kind: 'camera', deviceId: '', width: 640, height: 360, fps: 25, microphone: true};
"""  # noqa: E501


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ("{isSecureContext: true, mediaDevices: {}}", ""),
        ("{isSecureContext: false, mediaDevices: {}}", ""),
        ("{isSecureContext: false, mediaDevices: undefined}", "HTTPS"),
        ("{isSecureContext: true, mediaDevices: undefined}", "This browser cannot use a camera"),
    ],
)
async def test_what_keeps_a_page_from_capturing_is_said(run: Run, context: str, words: str) -> None:
    found = await run("media/capture", f"return m.captureObstacle({context});")
    assert found.startswith(words) if words != "HTTPS" else words in found
    assert (found == "") == (words == "")


async def test_a_camera_is_asked_for_size_and_rate_and_hinted_as_motion(run: Run) -> None:
    body = """
      const found = await m.capture(options);
      await m.capture({...options, deviceId: 'cam-2', microphone: false});
      return [asked, found.getVideoTracks()[0].contentHint, found.getAudioTracks().length];
    """
    asked, hint, sounds = await run("media/capture", DEVICES + body)
    picture = {
        "width": {"ideal": 640},
        "height": {"ideal": 360},
        "frameRate": {"ideal": 25, "max": 25},
    }
    assert asked == [
        ["camera", {"video": picture, "audio": True}],
        ["camera", {"video": {"deviceId": {"exact": "cam-2"}, **picture}, "audio": False}],
    ]
    assert (hint, sounds) == ("motion", 1)


@pytest.mark.parametrize(
    ("tracks", "microphone", "kinds"),
    [
        ("'video', 'audio'", "true", ["screen"]),
        ("'video'", "true", ["screen", "camera"]),
        ("'video'", "false", ["screen"]),
    ],
)
async def test_a_screen_without_sound_gets_the_microphone(
    run: Run, tracks: str, microphone: str, kinds: list[str]
) -> None:
    body = f"""
      screen = () => media({tracks});
      const found = await m.capture({{...options, kind: 'screen', microphone: {microphone}}});
      return [asked.map(([kind]) => kind), found.getVideoTracks()[0].contentHint,
        found.getAudioTracks().length, asked[0][1].video];
    """
    asked, hint, sounds, video = await run("media/capture", DEVICES + body)
    assert asked == kinds
    assert hint == "detail"
    assert sounds == (0 if microphone == "false" else 1)
    # The screen keeps its own size.
    assert video == {"frameRate": {"ideal": 25, "max": 25}}


@pytest.mark.parametrize(
    ("fault", "name", "words"),
    [
        ("new DOMException('', 'NotAllowedError')", "CaptureError", "refused access"),
        ("new DOMException('', 'NotFoundError')", "CaptureError", "No such device"),
        ("new DOMException('', 'NotReadableError')", "CaptureError", "another program"),
        ("new DOMException('', 'OverconstrainedError')", "CaptureError", "this size"),
        ("new DOMException('', 'AbortError')", "CaptureError", "stopped before it began"),
        ("new DOMException('', 'SecurityError')", "CaptureError", "HTTPS"),
        ("new DOMException('told', 'NewError')", "CaptureError", "Capturing failed: told"),
        ("new TypeError('unknown')", "CaptureError", "cannot capture that"),
        ("new RangeError('ours')", "RangeError", "ours"),
    ],
)
async def test_a_refused_source_is_explained_and_our_faults_are_not_hidden(
    run: Run, fault: str, name: str, words: str
) -> None:
    body = f"""
      navigator.mediaDevices.getUserMedia = () => Promise.reject({fault});
      const error = await m.capture(options).catch((error) => error);
      return [error.constructor.name, error.message];
    """
    kind, message = await run("media/capture", DEVICES + body)
    assert kind == name
    assert words in message


async def test_without_devices_nothing_is_captured_or_listed(run: Run) -> None:
    body = """
      harness.put(navigator, 'mediaDevices', {value: undefined});
      const error = await m.capture({kind: 'camera'}).catch((error) => error);
      return [error instanceof m.CaptureError, await m.listDevices()];
    """
    assert await run("media/capture", body) == [True, {"cameras": [], "microphones": []}]


async def test_devices_are_listed_with_a_name_each(run: Run) -> None:
    body = """
      const device = (kind, deviceId, label) => ({kind, deviceId, label});
      navigator.mediaDevices.enumerateDevices = async () => [
        device('audioinput', 'm1', 'Desk'), device('videoinput', 'c1', 'Front'),
        device('audioinput', 'm2', ''), device('audiooutput', 'o1', 'Loud'),
        device('videoinput', '', ''), device('videoinput', 'c2', '')];
      return await m.listDevices();
    """
    assert await run("media/capture", DEVICES + body) == {
        "cameras": [{"id": "c1", "label": "Front"}, {"id": "c2", "label": "Camera 2"}],
        "microphones": [{"id": "m1", "label": "Desk"}, {"id": "m2", "label": "Microphone 2"}],
    }


async def test_a_microphone_that_is_chosen_is_asked_for(run: Run) -> None:
    body = """
      const sound = [];
      navigator.mediaDevices.getUserMedia = async (wanted) => {
        sound.push(wanted.audio);
        return new MediaStream();
      };
      const base = {kind: 'camera', deviceId: '', width: 1, height: 1, fps: 1};
      await m.capture({...base, microphone: true, microphoneId: 'm1'});
      await m.capture({...base, microphone: true, microphoneId: ''});
      await m.capture({...base, microphone: false, microphoneId: 'm1'});
      return sound;
    """
    found = await run("media/capture", DEVICES + body)
    assert found == [{"deviceId": {"exact": "m1"}}, True, False]


FILE = """
  const preview = document.createElement('video');
  const revoked = [];
  harness.put(URL, 'createObjectURL', {value: () => '/blank', writable: true});
  harness.put(URL, 'revokeObjectURL', {
    value: (url) => revoked.push(new URL(url).pathname), writable: true});
  let plays = async () => undefined;
  preview.play = () => plays();
  preview.load = () => undefined;
  const track = {kind: 'video', contentHint: ''};
  let tracks = [track];
  preview.captureStream = () => ({getVideoTracks: () => tracks});
  const file = new File(['x'], 'clip.mp4');
  const refusal = () => m.captureFile(preview, file).catch((error) => error.message);
"""


async def test_a_file_is_played_silently_and_again_and_again(run: Run) -> None:
    body = """
      const media = await m.captureFile(preview, file);
      return [media.getVideoTracks()[0].contentHint, preview.loop, preview.muted,
        new URL(preview.src).pathname, revoked];
    """
    found = await run("media/capture", FILE + body)
    assert found == ["motion", True, True, "/blank", []]


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        ("plays = () => Promise.reject(new DOMException('', 'NotSupportedError'))", "cannot play"),
        ("preview.captureStream = () => { throw new DOMException('', 'SecurityError'); }", "HTTPS"),
    ],
)
async def test_a_file_that_cannot_be_sent_is_let_go(run: Run, prepare: str, words: str) -> None:
    body = f"{prepare}; const said = await refusal(); return [said, revoked, preview.src];"
    said, revoked, source = await run("media/capture", FILE + body)
    assert words in said
    assert (revoked, source) == (["/blank"], "")


async def test_a_picture_may_come_a_moment_later_but_not_after_a_second(run: Run) -> None:
    body = """
      const clock = harness.clock();
      tracks = [];
      const ends = [];
      m.captureFile(preview, file).then(() => ends.push('captured'));
      await clock.advance(400);
      tracks = [track];
      await clock.advance(50);
      tracks = [];
      refusal().then((words) => ends.push(words));
      await clock.advance(999);
      const early = ends.length;
      await clock.advance(51);
      return [ends[0], early, ends[1]];
    """
    first, early, words = await run("media/capture", FILE + body)
    assert (first, early) == ("captured", 1)
    assert words.startswith("The file has no picture")


async def test_a_browser_that_cannot_capture_a_file_says_so(run: Run) -> None:
    body = """
      preview.captureStream = undefined;
      const first = await refusal();
      return [first, await m.captureFile(preview, null).catch((error) => error.message)];
    """
    assert await run("media/capture", FILE + body) == [
        "This browser cannot broadcast a file. Use a camera or the screen.",
        "Choose a video file first.",
    ]


async def test_letting_go_of_nothing_is_nothing(run: Run) -> None:
    body = "m.releaseFile(preview); m.releaseFile(preview); return revoked;"
    assert await run("media/capture", FILE + body) == []
