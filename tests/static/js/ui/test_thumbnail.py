"""The newest picture of a stream on its card (``ui/thumbnail.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

CARD = """
  const clock = harness.clock();
  let answer = given ?? null;
  let asked = 0;
  const stream = { source: { width: 480, height: 270 } };
  const card = new m.Thumbnail(async () => {
    asked += 1;
    if (answer instanceof Error) throw answer;
    return answer;
  });
  harness.show(card.root);
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const seen = async () => { for (let turn = 0; turn < 6; turn += 1) await frame(); };
  card.root.style.width = '320px';
  card.root.style.height = '180px';
  await seen();
  await seen();
  // A card asks as soon as it is seen; here it has, and is due again.
  await clock.advance(15000);
  asked = 0;
  const picture = (width) => new Promise((resolve) => {
    const canvas = Object.assign(document.createElement('canvas'), { width, height: width / 2 });
    canvas.getContext('2d').fillRect(0, 0, width, 1);
    canvas.toBlob(resolve, 'image/jpeg');
  });
  const canvas = card.root.querySelector('canvas');
  const age = card.root.querySelector('.age');
  const refresh = async () => {
    card.update(stream, null);
    for (let turn = 0; turn < 20; turn += 1) await harness.settle();
    // Decoding takes its time, and pictures are decoded in turn.
    if (answer?.picture) await createImageBitmap(answer.picture).catch(() => null);
    await seen();
    await harness.settle();
  };
"""


async def test_a_stream_without_a_picture_shows_its_sizes(run: Run) -> None:
    body = f"""{CARD}
      await refresh();
      return [asked, canvas.hidden, card.root.querySelector('svg') !== null]"""
    assert await run("ui/thumbnail", body) == [1, True, True]


async def test_a_picture_is_drawn_and_asked_for_every_five_seconds(run: Run) -> None:
    body = f"""{CARD}
      answer = {{ picture: await picture(64), madeAtMs: Date.now() }};
      await refresh();
      const found = [canvas.hidden, canvas.width, age.hidden];
      await refresh();
      found.push(asked);
      await clock.advance(5000);
      answer = {{ picture: await picture(32), madeAtMs: Date.now() + 1 }};
      await refresh();
      return [...found, asked, canvas.width]"""
    assert await run("ui/thumbnail", body) == [False, 64, True, 1, 2, 32]


async def test_an_old_picture_is_shown_with_its_age(run: Run) -> None:
    body = f"""{CARD}
      answer = {{ picture: await picture(64), madeAtMs: Date.now() - 125000 }};
      await refresh();
      return [canvas.hidden, age.hidden, age.textContent]"""
    assert await run("ui/thumbnail", body) == [False, False, "2 minutes ago"]


async def test_a_missing_picture_is_asked_for_less_often(run: Run) -> None:
    body = f"""{CARD}
      await refresh();
      await clock.advance(14000);
      await refresh();
      const found = [asked];
      await clock.advance(1000);
      await refresh();
      return [...found, asked]"""
    assert await run("ui/thumbnail", body) == [1, 2]


async def test_a_card_out_of_sight_asks_for_nothing(run: Run) -> None:
    body = f"""{CARD}
      card.root.style.marginTop = '20000px';
      await seen(); await seen(); await seen();
      card.update(stream, null);
      await harness.settle();
      card.close();
      return asked"""
    assert await run("ui/thumbnail", body) == 0


async def test_a_failure_keeps_the_last_picture(run: Run) -> None:
    body = f"""{CARD}
      const {{ ApiError }} = await import('/static/js/net/api.js');
      answer = {{ picture: await picture(64), madeAtMs: Date.now() }};
      await refresh();
      answer = new ApiError('away', 0);
      await clock.advance(5000);
      await refresh();
      return [asked, canvas.hidden]"""
    assert await run("ui/thumbnail", body) == [2, False]


async def test_what_is_no_picture_is_not_shown(run: Run) -> None:
    body = f"""{CARD}
      answer = {{ picture: new Blob(['text']), madeAtMs: Date.now() }};
      await refresh();
      return canvas.hidden"""
    assert await run("ui/thumbnail", body) is True
