"""The choice of a net (``ui/model-choice.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


CHOICE = """
  const chosen = [];
  const make = (none) => {
    const choice = new m.ModelChoice('model', (name) => chosen.push(name), none);
    harness.show(choice.root);
    harness.show(choice.missing);
    return choice;
  };
  const model = (name, missing = '', title = name.toUpperCase()) => ({name, title, missing});
  const select = () => document.querySelector('select');
  const options = () => [...select().options].map((one) => [one.value, one.text, one.disabled]);
"""


async def test_what_no_worker_can_use_is_shown_with_the_reason(run: Run) -> None:
    body = """
      const choice = make();
      choice.offer([model('a'), model('b', 'its weights are gone'), model('c', 'No.', '')]);
      const reasons = [...choice.missing.querySelectorAll('dl > div')].map((one) =>
        [...one.children].map((child) => child.textContent));
      return [options(), choice.missing.hidden, choice.missing.querySelector('summary').textContent,
        reasons, select().getAttribute('aria-describedby')];
    """
    found, hidden, count, reasons, described = await run("ui/model-choice", CHOICE + body)
    assert found == [
        ["a", "A", False], ["b", "B – not usable now", True], ["c", "c – not usable now", True],
    ]  # fmt: skip
    assert (hidden, count) == (False, "2 models cannot be used now")
    assert reasons == [["B", "Its weights are gone."], ["c", "No."]]
    assert described == "model-missing"


async def test_where_all_can_be_used_nothing_is_explained(run: Run) -> None:
    body = """
      const choice = make();
      choice.offer([model('a', 'gone')]);
      choice.offer([model('a')]);
      return [choice.missing.hidden, select().hasAttribute('aria-describedby')];
    """
    assert await run("ui/model-choice", CHOICE + body) == [True, False]


async def test_the_model_in_use_is_shown_even_where_it_is_not_offered(run: Run) -> None:
    body = """
      const choice = make();
      choice.offer([model('a'), model('b')]);
      choice.update('b');
      const known = choice.value;
      choice.update('');
      const unknown = choice.value;
      choice.update('own-net');
      return [known, unknown, choice.value, options().length];
    """
    assert await run("ui/model-choice", CHOICE + body) == ["b", "b", "own-net", 3]


async def test_a_new_offer_keeps_what_is_chosen(run: Run) -> None:
    body = """
      const choice = make();
      choice.offer([model('a'), model('b')]);
      choice.update('b');
      choice.offer([model('b'), model('c')]);
      const kept = choice.value;
      choice.offer([model('c')]);
      return [kept, choice.value, options().length];
    """
    assert await run("ui/model-choice", CHOICE + body) == ["b", "b", 2]


async def test_while_somebody_chooses_the_server_does_not_choose_for_him(run: Run) -> None:
    body = """
      const choice = make();
      choice.offer([model('a'), model('b')]);
      choice.update('a');
      select().focus();
      choice.update('b');
      const held = choice.value;
      select().value = 'b';
      select().dispatchEvent(new Event('change'));
      select().blur();
      choice.update('a');
      return [held, chosen, choice.value];
    """
    assert await run("ui/model-choice", CHOICE + body) == ["a", ["b"], "a"]


async def test_a_first_choice_may_name_no_model(run: Run) -> None:
    body = """
      const choice = make('Default');
      choice.offer([model('a')]);
      const first = [choice.value, options()[0]];
      choice.offer([model('a'), model('b')]);
      return [first, choice.value, options().length];
    """
    assert await run("ui/model-choice", CHOICE + body) == [["", ["", "Default", False]], "", 3]


async def test_the_control_has_a_label(run: Run) -> None:
    body = "make(); return [select().labels.length, select().labels[0].textContent];"
    assert await run("ui/model-choice", CHOICE + body) == [1, "Model"]
