"""What a viewer is shown, told by the server (``net/picture-events.js``), in virtual time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

EVENTS = """
  const clock = harness.clock();
  class Source extends EventTarget {
    static all = [];
    static CLOSED = 2;
    constructor(url) {
      super();
      this.url = url;
      this.readyState = 1;
      Source.all.push(this);
    }
    close() { this.readyState = 2; }
    tell(view) {
      this.dispatchEvent(new MessageEvent('picture', {data: JSON.stringify(view)}));
    }
    fail() { this.readyState = 2; this.dispatchEvent(new Event('error')); }
  }
  harness.put(window, 'EventSource', {value: Source, writable: true});
  let answer = [201, '', {Location: 'http://inner/whep/cam/s/events/e1'}];
  const requests = harness.network(() => answer);
  const session = (address = '/whep/cam/s') =>
    Object.assign(new EventTarget(), {state: 'playing', address});
  const become = (one, state) => {
    one.state = state;
    one.dispatchEvent(new Event('statechange'));
  };
  const open = () => Source.all.filter((one) => one.readyState === 1).map((one) => one.url);
  const made = [];
  const begin = async (one = session()) => {
    const events = new m.PictureEvents(one);
    made.push(events);
    await harness.settle();
    return events;
  };
  const end = (value) => { for (const one of made) one.stop(); return value; };
"""


async def play(run: Run, body: str) -> Any:
    return await run("net/picture-events", EVENTS + body)


async def test_a_playing_session_is_asked_for_its_picture_alone(run: Run) -> None:
    body = """
      const events = await begin();
      const views = [];
      events.addEventListener('picture', () => views.push(events.view?.why));
      Source.all[0].tell({why: 'off'});
      Source.all[0].tell({why: ''});
      const [{method, path, body}] = requests;
      return end([method, path, body, open(), views]);
    """
    # The server may not know the address by which it is reached.
    assert await play(run, body) == [
        "POST", "/whep/cam/s/events", '["picture"]', ["/whep/cam/s/events/e1"], ["off", ""],
    ]  # fmt: skip


async def test_the_next_stream_is_open_before_the_server_ends_the_last(run: Run) -> None:
    body = """
      await begin();
      await clock.advance(20000);
      const both = open().length;
      Source.all[1].dispatchEvent(new Event('open'));
      return end([both, open().length, Source.all[0].readyState]);
    """
    assert await play(run, body) == [2, 1, 2]


async def test_nothing_is_known_of_a_session_that_ended(run: Run) -> None:
    body = """
      const one = session();
      const events = await begin(one);
      Source.all[0].tell({why: ''});
      become(one, 'retrying');
      const after = [events.view, open()];
      one.address = '/whep/cam/t';
      become(one, 'playing');
      await harness.settle();
      return end([after, open()]);
    """
    assert await play(run, body) == [[None, []], ["/whep/cam/t/events/e1"]]


async def test_a_refused_stream_is_asked_for_anew(run: Run) -> None:
    body = """
      await begin();
      Source.all[0].fail();
      await clock.advance(2000);
      answer = [503];
      Source.all[1].fail();
      await clock.advance(2000);
      answer = [201, '', {Location: '/whep/cam/s/events/e2'}];
      await clock.advance(2000);
      return end([requests.length, open()]);
    """
    assert await play(run, body) == [4, ["/whep/cam/s/events/e2"]]


async def test_the_address_of_a_session_is_waited_for(run: Run) -> None:
    body = """
      const one = session('');
      await begin(one);
      const before = requests.length;
      one.address = '/whep/cam/s';
      await clock.advance(100);
      return end([before, open()]);
    """
    assert await play(run, body) == [0, ["/whep/cam/s/events/e1"]]


async def test_many_players_of_a_page_leave_connections_to_others(run: Run) -> None:
    body = """
      const events = [];
      for (let count = 0; count < 5; count += 1) events.push(await begin());
      // Three are held; the others look, and close at once.
      for (const source of Source.all.slice(3)) source.tell({why: 'gone'});
      const held = open().length;
      const known = events.map((one) => one.view?.why ?? null);
      await clock.advance(2000);
      const again = Source.all.length;
      events[0].stop();
      await clock.advance(2000);
      return end([held, known, again, open().length]);
    """
    held, known, again, later = await play(run, body)
    assert (held, known, again) == (3, [None, None, None, "gone", "gone"], 7)
    assert later >= 3


async def test_a_stopped_one_asks_nothing_more(run: Run) -> None:
    body = """
      const one = session();
      const events = await begin(one);
      events.stop();
      become(one, 'playing');
      await clock.advance(60000);
      return [open(), requests.length, clock.due];
    """
    assert await play(run, body) == [[], 1, []]
