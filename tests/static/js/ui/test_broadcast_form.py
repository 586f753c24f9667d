"""The form of the broadcast page (``ui/broadcast-form.js``), with the page's own markup."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


FORM = """
  await harness.load('/broadcast');
  localStorage.clear();
  harness.atEnd(() => localStorage.clear());
  const id = (name) => document.getElementById(name);
  let devices = [];
  harness.put(navigator.mediaDevices, 'enumerateDevices', {value: async () => devices});
  const form = new m.BroadcastForm();
  form.form.addEventListener('submit', (event) => event.preventDefault());
  const query = {stream: 'kite', source: 'camera', width: 480, height: 270, kbps: 800, fps: 30,
    asksSize: false, microphone: true, auto: false};
  const visible = () => ['camera-field', 'file-field', 'microphone-field']
    .filter((name) => !id(name).hidden);
"""


async def test_what_a_link_asks_for_is_what_the_form_says(run: Run) -> None:
    body = """
      form.fill({...query, source: 'screen', width: 640, height: 360, kbps: 1200, fps: 25,
        microphone: false});
      return [form.capture, form.kbps, form.name.value, id('kbps-value').textContent];
    """
    wanted, kbps, name, shown = await run("ui/broadcast-form", FORM + body)
    assert wanted == {
        "kind": "screen", "deviceId": "", "width": 640, "height": 360, "fps": 25,
        "microphone": False, "microphoneId": "",
    }  # fmt: skip
    assert (kbps, name, shown) == (1200, "kite", "1200")


@pytest.mark.parametrize(
    ("changes", "wanted", "kbps"),
    [
        ("{width: 100, height: 50}", {"width": 100, "height": 50}, 800),
        ("{fps: 12}", {"fps": 12}, 800),
        ("{kbps: 8000}", {}, 8000),
        ("{kbps: 100}", {}, 100),
    ],
)
async def test_a_link_may_ask_for_what_the_form_does_not_list(
    run: Run, changes: str, wanted: dict[str, int], kbps: int
) -> None:
    body = f"form.fill({{...query, ...{changes}}}); return [form.capture, form.kbps];"
    found, rate = await run("ui/broadcast-form", FORM + body)
    assert {key: found[key] for key in wanted} == wanted
    assert rate == kbps


async def test_filling_twice_adds_no_choice_twice(run: Run) -> None:
    body = """
      const count = () => id('size').options.length + id('fps').options.length;
      const before = count();
      form.fill(query);
      const same = count() - before;
      form.fill({...query, width: 100, height: 50, fps: 12});
      form.fill({...query, width: 100, height: 50, fps: 12});
      return [same, count() - before];
    """
    assert await run("ui/broadcast-form", FORM + body) == [0, 2]


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ("camera", ["camera-field", "microphone-field"]),
        ("screen", ["microphone-field"]),
        ("file", ["file-field"]),
    ],
)
async def test_each_source_has_its_own_fields(run: Run, source: str, fields: list[str]) -> None:
    body = """
      form.fill(query);
      form.form.querySelector(`input[value=${given}]`).click();
      return [form.source, visible()];
    """
    assert await run("ui/broadcast-form", FORM + body, source) == [source, fields]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "Give the stream a name."),
        ("a b", "A name has only letters"),
        ("-a", "A name starts with"),
        (" kite ", ""),
        ("kite", ""),
    ],
)
async def test_a_name_is_checked_at_the_field(run: Run, name: str, fault: str) -> None:
    body = """
      form.name.value = given;
      return [form.check(), id('name-hint').textContent, form.name.getAttribute('aria-invalid'),
        document.activeElement === form.name];
    """
    fine, hint, invalid, focused = await run("ui/broadcast-form", FORM + body, name)
    assert fine == (fault == "")
    assert hint.startswith(fault or "Letters, digits")
    assert invalid == ("false" if fine else "true")
    assert focused == (not fine)


async def test_typing_takes_the_fault_away_and_leaving_the_field_checks_again(run: Run) -> None:
    body = """
      const help = id('name-hint').innerHTML;
      const invalid = () => form.name.getAttribute('aria-invalid');
      form.name.value = 'a b';
      form.name.dispatchEvent(new Event('blur'));
      const left = invalid();
      form.name.dispatchEvent(new Event('input'));
      const typed = [invalid(), id('name-hint').innerHTML === help];
      form.name.value = '';
      form.name.dispatchEvent(new Event('blur'));
      return [left, typed, invalid()];
    """
    # An empty field that is left is no fault yet: the person may come back to it.
    assert await run("ui/broadcast-form", FORM + body) == ["true", ["false", True], "false"]


async def test_while_live_nothing_can_be_changed_and_all_can_be_read(run: Run) -> None:
    body = """
      form.fill({...query, source: 'screen'});
      form.lock(true);
      const locked = [id('settings').disabled, form.name.readOnly, form.token.readOnly, form.source,
        form.capture.fps];
      form.lock(false);
      return [locked, id('settings').disabled, form.name.readOnly, form.source];
    """
    assert await run("ui/broadcast-form", FORM + body) == [
        [True, True, True, "screen", 30], False, False, "screen",
    ]  # fmt: skip


async def test_a_token_is_asked_for_and_kept_for_the_tab(run: Run) -> None:
    body = """
      form.askForToken(true);
      const shown = !id('token-field').hidden;
      form.token.value = 'secret';
      form.keepToken();
      await harness.load('/broadcast');
      const again = new m.BroadcastForm();
      again.askForToken(false);
      return [shown, again.token.value, id('token-field').hidden];
    """
    assert await run("ui/broadcast-form", FORM + body) == [True, "secret", True]


async def test_cameras_are_listed_and_the_choice_survives(run: Run) -> None:
    body = """
      const camera = (deviceId, label) => ({kind: 'videoinput', deviceId, label});
      const names = () => [...id('camera').options].map((one) => one.text);
      devices = [camera('a', 'Front'), camera('b', '')];
      await form.listDevices();
      const listed = names();
      id('camera').value = 'b';
      await form.listDevices();
      const kept = form.capture.deviceId;
      devices = [camera('a', 'Front')];
      await form.listDevices();
      return [listed, kept, form.capture.deviceId, names().length];
    """
    assert await run("ui/broadcast-form", FORM + body) == [
        ["The browser's choice", "Front", "Camera 2"], "b", "", 2,
    ]  # fmt: skip


async def test_a_page_that_cannot_capture_says_so(run: Run) -> None:
    body = """
      const before = id('obstacle').hidden;
      harness.put(navigator, 'mediaDevices', {value: undefined});
      new m.BroadcastForm();
      return [before, id('obstacle').hidden, id('obstacle').textContent];
    """
    fine, hidden, words = await run("ui/broadcast-form", FORM + body)
    assert fine and not hidden
    assert words.startswith("This browser cannot use a camera")


async def test_no_file_is_no_file(run: Run) -> None:
    assert await run("ui/broadcast-form", FORM + "return form.file;") is None


async def test_the_automatic_size_is_proposed_where_somebody_enhances(run: Run) -> None:
    body = """
      form.fill(query);
      const before = [form.isAutomatic, id('size-automatic').hidden, id('size-hint').hidden];
      form.offerAutomatic(true);
      const {width, height} = form.capture;
      return [before, form.isAutomatic, id('size-hint').hidden, width, height];
    """
    found = await run("ui/broadcast-form", FORM + body)
    assert found == [[False, True, True], True, False, 960, 540]


async def test_a_size_that_somebody_chose_stays(run: Run) -> None:
    body = """
      form.fill({...query, asksSize: true});
      form.offerAutomatic(true);
      const linked = [form.isAutomatic, form.capture.width];
      form.fill(query);
      id('size').value = '640x360';
      id('size').dispatchEvent(new Event('change', {bubbles: true}));
      form.offerAutomatic(true);
      return [linked, form.isAutomatic, form.capture.width];
    """
    assert await run("ui/broadcast-form", FORM + body) == [[False, 480], False, 640]


async def test_without_anybody_to_enhance_it_is_not_offered(run: Run) -> None:
    body = """
      form.fill(query);
      form.offerAutomatic(false);
      return [form.isAutomatic, id('size-automatic').disabled, form.capture.width];
    """
    assert await run("ui/broadcast-form", FORM + body) == [False, True, 480]


async def test_choices_are_found_again_unless_a_link_says_otherwise(run: Run) -> None:
    body = """
      form.fill({...query, stream: 'kite', source: 'screen', width: 640, height: 360, kbps: 1200,
        fps: 25, microphone: false});
      id('mirror').checked = true;
      form.token.value = 'secret';
      form.remember();
      const kept = JSON.stringify({...localStorage});
      const again = (link) => {
        form.fill(query);
        form.recall(new URLSearchParams(link));
        const { kind, width, fps, microphone } = form.capture;
        return [form.name.value, kind, width, fps, microphone, form.kbps, id('mirror').checked];
      };
      return [again(''), again('stream=a&source=camera&width=480&fps=30&kbps=800&mic=1'), kept];
    """
    mine, linked, kept = await run("ui/broadcast-form", FORM + body)
    assert mine == ["kite", "screen", 640, 25, False, 1200, True]
    assert linked == ["kite", "camera", 480, 30, True, 800, True]
    assert "secret" not in kept


async def test_only_the_camera_is_mirrored(run: Run) -> None:
    body = """
      id('mirror').checked = true;
      form.fill(query);
      const found = [form.isMirrored, id('mirror-field').hidden];
      form.fill({...query, source: 'screen'});
      return [...found, form.isMirrored, id('mirror-field').hidden];
    """
    assert await run("ui/broadcast-form", FORM + body) == [True, False, False, True]


async def test_microphones_are_listed_with_a_choice(run: Run) -> None:
    body = """
      devices = [{kind: 'audioinput', deviceId: 'm1', label: 'Desk'},
        {kind: 'audioinput', deviceId: 'm2', label: ''}];
      await form.listDevices();
      id('microphone-device').value = 'm2';
      const words = [...id('microphone-device').options].map((one) => one.textContent);
      const found = [words, form.capture.microphoneId];
      form.fill({...query, microphone: false});
      return [...found, id('microphone-device').hidden];
    """
    words, chosen, hidden = await run("ui/broadcast-form", FORM + body)
    assert words == ["The browser's choice", "Desk", "Microphone 2"]
    assert (chosen, hidden) == ("m2", True)
