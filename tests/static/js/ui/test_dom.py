"""Making, finding and updating elements (``ui/dom.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_elements_get_attributes_and_children(run: Run) -> None:
    body = """
      const attributes = {class: 'button', href: '/x', hidden: true, download: false, 'data-n': 0};
      const made = m.el('a', attributes,
        'Home ', m.el('b', {}, '<i>'));
      return made.outerHTML;
    """
    found = await run("ui/dom", body)
    # Text is text: markup in it is not read.
    assert found == '<a class="button" href="/x" hidden="" data-n="0">Home <b>&lt;i&gt;</b></a>'


async def test_drawings_are_of_their_own_name_space(run: Run) -> None:
    body = """
      const made = m.svg('svg', {viewBox: '0 0 1 1'}, m.svg('path', {d: 'M0 0'}));
      return [made.namespaceURI.endsWith('/svg'), made instanceof SVGSVGElement,
        made.firstChild instanceof SVGPathElement, made.getAttribute('viewBox')];
    """
    assert await run("ui/dom", body) == [True, True, True, "0 0 1 1"]


@pytest.mark.parametrize(
    ("id", "kind", "fault"),
    [
        ("here", "HTMLButtonElement", ""),
        ("here", "HTMLElement", ""),
        ("here", "HTMLInputElement", "the page has no HTMLInputElement #here"),
        ("there", "HTMLElement", "the page has no HTMLElement #there"),
    ],
)
async def test_an_element_is_found_by_name_and_kind_or_the_page_is_wrong(
    run: Run, id: str, kind: str, fault: str
) -> None:
    body = f"""
      harness.show(m.el('button', {{id: 'here'}}));
      try {{ return m.byId('{id}', {kind}).id === '{id}' ? '' : 'another'; }}
      catch (error) {{ return error.message; }}
    """
    assert await run("ui/dom", body) == fault


async def test_a_text_that_is_there_already_is_left_alone(run: Run) -> None:
    body = """
      const box = harness.show(m.el('p', {}, 'Live'));
      const [kept] = box.childNodes;
      m.setText(box, 'Live');
      const same = box.firstChild === kept;
      m.setText(box, 'Ended');
      return [same, box.firstChild === kept, box.textContent];
    """
    assert await run("ui/dom", body) == [True, False, "Ended"]


LIST = """
  const parent = harness.show(m.el('ul'));
  const views = new Map();
  const made = [];
  const make = (item) => {
    made.push(item.id);
    const root = m.el('li', {tabindex: 0});
    return {root, update: ({id, words}) => m.setText(root, `${id} ${words}`)};
  };
  const show = (...ids) => m.reconcile(parent, views,
    ids.map((id) => ({id, words: 'new'})), (item) => item.id, make);
  const shown = () => [...parent.children].map((child) => child.textContent.split(' ')[0]).join('');
"""


@pytest.mark.parametrize(
    ("before", "after", "made"),
    [
        ("", "abc", "abc"),
        ("abc", "abc", "abc"),
        ("abc", "", "abc"),
        ("abc", "cab", "abc"),
        ("abc", "acd", "abcd"),
        ("abc", "xbz", "abcxz"),
        ("abcdef", "fedcba", "abcdef"),
        ("ab", "bxa", "abx"),
    ],
)
async def test_a_list_becomes_what_is_asked_and_keeps_what_stays(
    run: Run, before: str, after: str, made: str
) -> None:
    body = """
      const [before, after] = given;
      show(...before);
      const kept = new Map([...parent.children].map((child) => [child.textContent[0], child]));
      show(...after);
      const same = [...parent.children].every((child) =>
        (kept.get(child.textContent[0]) ?? child) === child);
      return [shown(), made.join(''), same, views.size];
    """
    found = await run("ui/dom", LIST + body, [before, after])
    assert found == [after, made, True, len(after)]


async def test_the_focus_stays_in_an_item_that_others_are_put_before(run: Run) -> None:
    body = """
      show('b', 'c');
      parent.children[0].focus();
      show('a', 'b', 'c', 'd');
      return [shown(), document.activeElement.textContent];
    """
    assert await run("ui/dom", LIST + body) == ["abcd", "b new"]


async def test_every_item_is_updated_each_time(run: Run) -> None:
    body = """
      show('a');
      m.reconcile(parent, views, [{id: 'a', words: 'later'}], (item) => item.id, make);
      return [parent.textContent, made];
    """
    assert await run("ui/dom", LIST + body) == ["a later", ["a"]]
