"""The form that adds a rendition (``ui/rendition-form.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run
from wire.keys import is_rendition

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


FORM = """
  const added = [];
  let answer = async () => '';
  const form = new m.RenditionForm('cam', (name, spec) => { added.push([name, spec]); return answer(); });
  harness.show(form.root);
  form.offer([{name: 'live-s', title: 'Live S', missing: ''}]);
  form.root.open = true;
  const field = (name) => document.getElementById(`rendition-cam-${name}`);
  const error = form.root.querySelector('[role=alert]');
  const button = form.root.querySelector('button');
  const fill = (values) => { for (const [name, value] of Object.entries(values)) field(name).value = value; };
  const send = async () => { form.root.querySelector('form').requestSubmit(); await harness.settle(); };
  const invalid = () => ['name', 'kbps'].filter((name) => field(name).getAttribute('aria-invalid') === 'true');
"""  # noqa: E501

NAMES = [
    ("", "Give the rendition a name."),
    ("a", ""),
    ("a-1", ""),
    ("0", ""),
    ("a" * 16, ""),
    ("a" * 17, "A name has 1 to 16"),
    ("-a", "A name has 1 to 16"),
    ("A", "A name has 1 to 16"),
    ("a_b", "A name has 1 to 16"),
    ("a.b", "A name has 1 to 16"),
    ("ä", "A name has 1 to 16"),
    ("a b", "A name has 1 to 16"),
    ("source", "“source” is there already."),
    ("enhanced", "“enhanced” is there already."),
    ("enhanced-2", ""),
    ("fine-h264", 'A name does not end in "-h264".'),
    ("fine-vp8", 'A name does not end in "-vp8".'),
    ("vp8", ""),
    ("vp8-fine", ""),
]


@pytest.mark.parametrize(("name", "fault"), NAMES)
async def test_a_name_is_judged_before_it_is_sent(run: Run, name: str, fault: str) -> None:
    found = await run("ui/rendition-form", "return m.renditionFault(given);", name)
    assert found.startswith(fault) and (found == "") == (fault == "")


async def test_names_that_pass_are_those_that_the_server_takes(run: Run) -> None:
    names = [name for name, _ in NAMES if name not in ("source", "enhanced")]
    body = "return given.map((name) => m.renditionFault(name) === '');"
    found = await run("ui/rendition-form", body, names)
    assert found == [is_rendition(name) for name in names]


async def test_an_empty_choice_leaves_all_to_the_worker(run: Run) -> None:
    body = "fill({name: ' tiny '}); await send(); return added;"
    assert await run("ui/rendition-form", FORM + body) == [
        ["tiny", {"model": "", "factor": 0, "codec": "", "kbps": 0}]
    ]


async def test_what_is_chosen_is_sent_and_the_form_is_empty_again(run: Run) -> None:
    body = """
      fill({name: 'small', model: 'live-s', factor: '3', codec: 'vp8', kbps: '900'});
      await send();
      return [added, form.root.open, field('name').value, field('kbps').value, error.hidden];
    """
    assert await run("ui/rendition-form", FORM + body) == [
        [["small", {"model": "live-s", "factor": 3, "codec": "vp8", "kbps": 900}]],
        False,
        "",
        "",
        True,
    ]


@pytest.mark.parametrize(
    ("values", "words", "place"),
    [
        ("{name: ''}", "Give the rendition a name.", "name"),
        ("{name: 'A'}", "A name has 1 to 16", "name"),
        ("{name: 'a', kbps: '99'}", "The bitrate is 100 to 200000", "kbps"),
        ("{name: 'a', kbps: '200001'}", "The bitrate is 100 to 200000", "kbps"),
        ("{name: 'a', kbps: '100.5'}", "The bitrate is 100 to 200000", "kbps"),
    ],
)
async def test_what_is_wrong_is_said_and_marked_where_it_is(
    run: Run, values: str, words: str, place: str
) -> None:
    body = f"""
      fill({values});
      await send();
      const found = [error.textContent, error.hidden, document.activeElement.id, invalid(),
        added.length];
      fill({{name: 'fine', kbps: '100'}});
      await send();
      return [found, invalid(), error.hidden, added.length];
    """
    (said, hidden, focused, marked, sent), *after = await run("ui/rendition-form", FORM + body)
    assert said.startswith(words) and not hidden
    assert focused == f"rendition-cam-{place}"
    assert (marked, sent) == ([place], 0)
    assert after == [[], True, 1]


async def test_both_faults_are_marked_and_the_first_is_said(run: Run) -> None:
    body = "fill({name: 'A', kbps: '1'}); await send(); return [invalid(), error.textContent];"
    marked, said = await run("ui/rendition-form", FORM + body)
    assert marked == ["name", "kbps"]
    assert said.startswith("A name has")


async def test_a_refusal_keeps_what_was_filled_in(run: Run) -> None:
    body = """
      answer = async () => 'No worker has the model.';
      fill({name: 'small', kbps: '900'});
      await send();
      return [error.textContent, form.root.open, field('name').value, button.disabled,
        button.textContent];
    """
    assert await run("ui/rendition-form", FORM + body) == [
        "No worker has the model.", True, "small", False, "Add rendition",
    ]  # fmt: skip


async def test_the_button_waits_for_the_answer(run: Run) -> None:
    body = """
      let end;
      answer = () => new Promise((resolve) => (end = resolve));
      fill({name: 'small'});
      await send();
      const during = [button.disabled, button.textContent, button.getAttribute('aria-busy')];
      end('');
      await harness.settle();
      return [during, button.disabled, button.textContent, button.hasAttribute('aria-busy')];
    """
    assert await run("ui/rendition-form", FORM + body) == [
        [True, "Adding…", "true"], False, "Add rendition", False,
    ]  # fmt: skip


async def test_every_field_has_a_label_and_hints_are_joined_to_it(run: Run) -> None:
    body = """
      const fields = [...form.root.querySelectorAll('input, select')];
      const hint = (one) => document.getElementById(one.getAttribute('aria-describedby') ?? '');
      return [fields.map((one) => one.labels[0].textContent),
        fields.map((one) => hint(one)?.textContent ?? '').filter((words) => words)];
    """
    labels, hints = await run("ui/rendition-form", FORM + body)
    assert labels == ["Name", "Model", "Enlargement", "Codec", "Bitrate in kbit/s"]
    assert hints == [
        "Players name it in the address: rendition=NAME.",
        "Empty: by the size of the picture.",
    ]
