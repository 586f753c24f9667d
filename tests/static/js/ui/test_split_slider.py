"""The divider between two pictures (``ui/split-slider.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


SLIDER = """
  const stage = harness.show(document.createElement('div'));
  Object.assign(stage.style, {position: 'fixed', left: '100px', top: '0', width: '400px', height: '200px'});
  const handle = stage.appendChild(document.createElement('div'));
  const button = stage.appendChild(document.createElement('button'));
  const told = [];
  const slider = new m.SplitSlider(stage, handle, (value) => told.push(value));
  harness.put(stage, 'setPointerCapture', {value: () => undefined});
  const pointer = (type, target, x, more = {}) => target.dispatchEvent(new PointerEvent(type,
    {bubbles: true, clientX: x, clientY: 50, pointerId: 1, button: 0, ...more}));
  const key = (name, more = {}) => {
    const event = new KeyboardEvent('keydown', {key: name, cancelable: true, ...more});
    handle.dispatchEvent(event);
    return event.defaultPrevented;
  };
"""  # noqa: E501


@pytest.mark.parametrize(
    ("key", "coarse", "value", "expected"),
    [
        ("ArrowLeft", False, 50, 48),
        ("ArrowDown", False, 50, 48),
        ("ArrowRight", False, 50, 52),
        ("ArrowUp", False, 50, 52),
        ("ArrowLeft", True, 50, 40),
        ("ArrowRight", True, 50, 60),
        ("PageDown", False, 50, 40),
        ("PageUp", True, 50, 60),
        ("Home", False, 50, 0),
        ("End", False, 50, 100),
        ("ArrowLeft", False, 1, 0),
        ("ArrowRight", True, 95, 100),
        ("Enter", False, 50, None),
        ("a", False, 50, None),
        ("toString", False, 50, None),
    ],
)
async def test_keys_move_by_steps_within_the_limits(
    run: Run, key: str, coarse: bool, value: int, expected: int | None
) -> None:
    body = "return m.keyedValue(...given);"
    assert await run("ui/split-slider", body, [key, coarse, value]) == expected


async def test_the_value_is_shown_and_read_out(run: Run) -> None:
    body = """
      const shown = () => [stage.style.getPropertyValue('--split'),
        handle.getAttribute('aria-valuenow'), handle.getAttribute('aria-valuetext')];
      const first = shown();
      slider.value = 33.34;
      return [first, shown(), told];
    """
    assert await run("ui/split-slider", SLIDER + body) == [
        ["50%", "50", "50 % source, 50 % enhanced"],
        ["33.3%", "33", "33 % source, 67 % enhanced"],
        [33.3],
    ]


@pytest.mark.parametrize(
    ("value", "kept", "told"), [(-5, 0, 1), (105, 100, 1), (50, 50, 0), (50.04, 50, 0)]
)
async def test_a_value_is_kept_within_limits_and_told_on_change(
    run: Run, value: float, kept: float, told: int
) -> None:
    body = "slider.value = given; return [slider.value, told.length];"
    assert await run("ui/split-slider", SLIDER + body, value) == [kept, told]


async def test_keys_of_ours_do_not_scroll_and_others_are_left(run: Run) -> None:
    body = """
      return [key('ArrowRight'), key('Tab'), key('ArrowRight', {ctrlKey: true}),
        key('Home', {altKey: true}), key('End', {metaKey: true}), slider.value];
    """
    assert await run("ui/split-slider", SLIDER + body) == [True, False, False, False, False, 52]


async def test_a_drag_follows_the_pointer_until_it_ends(run: Run) -> None:
    body = """
      pointer('pointermove', stage, 150);
      pointer('pointerdown', stage, 200);
      pointer('pointermove', stage, 400);
      pointer('pointermove', stage, 9999);
      pointer('pointerup', stage, 300);
      pointer('pointermove', stage, 120);
      return told;
    """
    assert await run("ui/split-slider", SLIDER + body) == [25, 75, 100]


@pytest.mark.parametrize("end", ["pointerup", "pointercancel"])
async def test_a_second_finger_does_not_pull_the_divider(run: Run, end: str) -> None:
    body = """
      pointer('pointerdown', stage, 200);
      pointer('pointermove', stage, 480, {pointerId: 2});
      pointer('pointermove', stage, 220);
      pointer(given, stage, 220);
      pointer('pointermove', stage, 480);
      return told;
    """
    assert await run("ui/split-slider", SLIDER + body, end) == [25, 30]


@pytest.mark.parametrize(
    ("target", "more", "moves"),
    [
        ("stage", "{}", True),
        ("handle", "{}", True),
        ("button", "{}", False),
        ("stage", "{button: 2}", False),
    ],
)
async def test_only_the_main_button_on_the_picture_begins_a_drag(
    run: Run, target: str, more: str, moves: bool
) -> None:
    body = f"pointer('pointerdown', {target}, 200, {more}); return told.length > 0;"
    assert await run("ui/split-slider", SLIDER + body) is moves


@pytest.mark.parametrize("edge", [0, 100])
async def test_a_tap_on_a_whole_picture_does_not_split_it(run: Run, edge: int) -> None:
    body = """
      slider.value = given;
      pointer('pointerdown', stage, 300);
      const tapped = slider.value;
      pointer('pointerup', stage, 300);
      pointer('pointerdown', handle, 300);
      return [tapped, slider.value];
    """
    assert await run("ui/split-slider", SLIDER + body, edge) == [edge, 50]


async def test_a_double_click_centres(run: Run) -> None:
    body = """
      slider.value = 20;
      button.dispatchEvent(new MouseEvent('dblclick', {bubbles: true}));
      const kept = slider.value;
      stage.dispatchEvent(new MouseEvent('dblclick', {bubbles: true}));
      return [kept, slider.value];
    """
    assert await run("ui/split-slider", SLIDER + body) == [20, 50]
