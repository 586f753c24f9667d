"""The page: one file that needs no network, for keyboard, mouse and screen readers."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.blind.pairs import Pair, by_chance

__all__ = ["ZOOM", "render_page"]

ZOOM = 3
"""Screen pixels for each pixel along a side."""

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 1260px; padding: 1rem; }
fieldset { border: 1px solid GrayText; border-radius: 6px; margin: 0 0 2rem; padding: 1rem; }
legend { font-weight: 600; padding: 0 .4rem; }
.pair { display: flex; flex-wrap: wrap; gap: 12px; }
figure { margin: 0; }
img { display: block; image-rendering: pixelated; max-width: 100%; height: auto; }
label { display: inline-block; padding: .5rem .8rem .5rem 0; min-height: 24px; }
input { width: 1.2rem; height: 1.2rem; vertical-align: middle; }
:focus-visible { outline: 3px solid #1f6feb; outline-offset: 2px; }
button { font: inherit; padding: .6rem 1.2rem; }
output { display: block; font-weight: 600; margin: 1rem 0; }
.answer { font-weight: 600; min-height: 1.5rem; margin: .3rem 0 0; }
"""

_SCRIPT = """
'use strict';
const held = JSON.parse(document.getElementById('held').textContent);
const form = document.getElementById('pairs');
const told = document.getElementById('told');
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const given = held.sides.map((_, n) => new FormData(form).get('pair' + n));
  const open = given.findIndex((side) => side === null);
  if (open >= 0) {
    told.textContent = 'Pair ' + (open + 1) + ' has no answer yet.';
    form.elements['pair' + open][0].focus();
    return;
  }
  let right = 0;
  held.sides.forEach((side, n) => {
    const hit = given[n] === side;
    right += hit ? 1 : 0;
    document.getElementById('answer' + n).textContent =
      (hit ? 'Right' : 'Wrong') + ': the ' + side + ' one is enhanced (' + held.titles[n] + ').';
  });
  for (const input of form.querySelectorAll('input')) { input.disabled = true; }
  document.getElementById('show').disabled = true;
  const p = held.chance[right];
  told.textContent = right + ' of ' + given.length + ' right. Who guesses has as many or more in ' +
    (100 * p).toFixed(1) + ' % of all tries (p = ' + p.toFixed(4) + ', binomial). ' + held.about;
  told.focus();
});
"""


def render_page(pairs: Sequence[Pair], about: str) -> str:
    """Returns the page. ``about`` says what is compared; it is shown with the answers."""
    held = {
        "sides": ["left" if pair.enhanced_is_left else "right" for pair in pairs],
        "titles": [pair.title for pair in pairs],
        "chance": [by_chance(right, len(pairs)) for right in range(len(pairs) + 1)],
        "about": about,
    }
    # "</" would end the element that holds it.
    text = json.dumps(held).replace("</", "<\\/")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Which one is enhanced?</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>Which one is enhanced?</h1>
<p>Each pair shows the same part of the same frame, {ZOOM} times as large: once as a player scales
the picture that was sent, once as a viewer gets it enhanced. Sides and order are random. The
answers come at the end. Judge from where you usually sit.</p>
<form id="pairs">
{"".join(_fieldset(n, pair) for n, pair in enumerate(pairs))}
<button id="show" type="submit">Show the answers</button>
</form>
<output id="told" form="pairs" tabindex="-1" aria-live="polite"></output>
</main>
<script type="application/json" id="held">{text}</script>
<script>{_SCRIPT}</script>
</body>
</html>
"""


def _fieldset(number: int, pair: Pair) -> str:
    pictures = "".join(
        _figure(number, side, picture)
        for side, picture in (("left", pair.left), ("right", pair.right))
    )
    choices = "".join(
        f'<label><input type="radio" name="pair{number}" value="{side}"> {side}</label>'
        for side in ("left", "right")
    )
    return f"""<fieldset>
<legend>Pair {number + 1}: which one is enhanced?</legend>
<div class="pair">{pictures}</div>
{choices}
<p class="answer" id="answer{number}"></p>
</fieldset>
"""


def _figure(number: int, side: str, picture: NDArray[np.uint8]) -> str:
    height, width = picture.shape[:2]
    done, coded = cv2.imencode(".png", picture)
    if not done:
        raise ValueError("a picture could not be coded as PNG")
    data = base64.b64encode(coded.tobytes()).decode()
    alt = html.escape(f"Pair {number + 1}, {side} picture")
    return (
        f'<figure><img alt="{alt}" width="{ZOOM * width}" height="{ZOOM * height}" '
        f'src="data:image/png;base64,{data}"></figure>'
    )
