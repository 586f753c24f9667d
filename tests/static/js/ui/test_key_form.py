"""The form that makes a stream key (``ui/key-form.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

FORM = """
  const asked = [];
  const made = {key: {streams: 'cam1'}, secret: 'sk_1_x'};
  const form = new m.KeyForm(async (settings) => { asked.push(settings); return given ?? made; });
  harness.show(form.root);
  form.root.open = true;
  const of = (id) => form.root.querySelector(`#key-${id}`);
  const fault = form.root.querySelector('.fault');
  const code = form.root.querySelector('code');
  const send = async (streams) => {
    of('streams').value = streams;
    form.root.querySelector('button[type=submit]').click();
    await new Promise((resolve) => setTimeout(resolve));
  };
"""


async def test_what_is_asked_for_is_sent_and_the_secret_shown(run: Run) -> None:
    body = """
      of('days').value = '2'; of('kbps').value = '900'; of('view').value = 'token';
      of('note').value = ' Ann ';
      await send(' studio-* ');
      return [asked, code.textContent, document.activeElement === code, fault.hidden];
    """
    assert await run("ui/key-form", FORM + body, None) == [
        [{"streams": "studio-*", "note": "Ann", "life_s": 172800, "view": "token",
          "limits": {"kbps": 900}}],
        "sk_1_x", True, True,
    ]  # fmt: skip


async def test_done_takes_the_secret_out_of_the_page(run: Run) -> None:
    body = """
      await send('cam1');
      [...form.root.querySelectorAll('button')].find((b) => b.textContent === 'Done').click();
      return [form.root.outerHTML.includes('sk_1_x'), form.root.open, of('streams').value];
    """
    assert await run("ui/key-form", FORM + body, None) == [False, False, ""]


async def test_without_a_name_nothing_is_sent(run: Run) -> None:
    body = """
      await send('  ');
      return [asked, fault.textContent, of('streams').getAttribute('aria-invalid'),
        document.activeElement === of('streams')];
    """
    sent, words, invalid, focused = await run("ui/key-form", FORM + body, None)
    assert (sent, invalid, focused) == ([], "true", True)
    assert words.endswith(".")


async def test_a_refusal_is_shown_in_its_place(run: Run) -> None:
    body = "await send('a/b'); return [fault.textContent, fault.hidden, code.textContent];"
    given = "There are as many stream keys as there may be; revoke one first."
    assert await run("ui/key-form", FORM + body, given) == [given, False, ""]


async def test_every_field_has_a_label(run: Run) -> None:
    body = """
      return [...form.root.querySelectorAll('input, select')].map((e) => e.labels.length);
    """
    assert await run("ui/key-form", FORM + body, None) == [1] * 5
