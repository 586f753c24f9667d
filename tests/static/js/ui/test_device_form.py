"""The form that adds a device (``ui/device-form.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

FORM = """
  const asked = [];
  const made = {id: '1', name: '', token: 'x', gateway: 'h:1', expires_at: '2026-01-02T00:00:00Z',
    command: 'sharpcast join h:1 --token=x'};
  const form = new m.DeviceForm(async (name) => { asked.push(name); return given ?? made; });
  harness.show(form.root);
  form.root.open = true;
  const input = form.root.querySelector('input');
  const submit = form.root.querySelector('button[type=submit]');
  const fault = form.root.querySelector('.fault');
  const code = form.root.querySelector('code');
  const send = async (name) => {
    input.value = name;
    submit.click();
    await new Promise((resolve) => setTimeout(resolve));
  };
"""


async def test_the_command_is_shown_in_the_place_of_the_form(run: Run) -> None:
    body = """
      await send(' attic ');
      return [asked, code.textContent, document.activeElement === code,
        form.root.querySelector('form').hidden, fault.hidden, submit.disabled];
    """
    assert await run("ui/device-form", FORM + body, None) == [
        ["attic"], "sharpcast join h:1 --token=x", True, True, True, False,
    ]  # fmt: skip


async def test_done_takes_the_token_out_of_the_page(run: Run) -> None:
    body = """
      await send('');
      [...form.root.querySelectorAll('button')].find((b) => b.textContent === 'Done').click();
      return [asked, form.root.outerHTML.includes('--token'), form.root.open,
        form.root.querySelector('form').hidden];
    """
    assert await run("ui/device-form", FORM + body, None) == [[""], False, False, False]


@pytest.mark.parametrize("name", ["a b", "-x", "x" * 65])
async def test_a_name_with_a_fault_is_not_sent(run: Run, name: str) -> None:
    body = f"""
      input.maxLength = 100;
      await send('{name}');
      return [asked, fault.hidden, input.getAttribute('aria-invalid'),
        document.activeElement === input];
    """
    assert await run("ui/device-form", FORM + body, None) == [[], False, "true", True]


async def test_what_went_wrong_is_said_and_the_name_kept(run: Run) -> None:
    body = """
      await send('attic');
      return [fault.textContent, fault.hidden, input.value, code.textContent];
    """
    found = await run("ui/device-form", FORM + body, "No gateway runs.")
    assert found == ["No gateway runs.", False, "attic", ""]
