"""The devices on the operator's board (``ui/device-board.js``)."""

from __future__ import annotations

import pytest

from tests.static import samples
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

BOARD = """
  const asked = [];
  const board = new m.DeviceBoard({
    add: async () => 'no', remove: (name) => asked.push(['remove', name]),
    withdraw: (id) => asked.push(['withdraw', id]),
  });
  harness.show(board.root);
  board.update(given);
  const shown = (selector) => {
    const found = board.root.querySelector(selector);
    return found.getClientRects().length > 0 ? found.textContent : null;
  };
"""


async def test_without_a_gateway_nothing_can_be_added(run: Run) -> None:
    body = "return [shown('.none'), shown('.adding')];"
    none, adding = await run(
        "ui/device-board", BOARD + body, {"gateways": [], "devices": [], "tokens": []}
    )
    assert "SHARPCAST_GATEWAY_HOST" in none
    assert adding is None


async def test_devices_and_tokens_are_listed_and_leave_the_list(run: Run) -> None:
    given = {
        "gateways": [samples.gateway()],
        "devices": [samples.device(), samples.device("cellar", away=True)],
        "tokens": [samples.token(), samples.token("shed", number=1)],
    }
    body = """
      const names = () => [...board.root.querySelectorAll('h3')].map((one) => one.textContent);
      const waiting = () => [...board.root.querySelectorAll('li b')].map((one) => one.textContent);
      const before = [names(), waiting(), shown('.none')];
      board.update({...given, devices: given.devices.slice(1), tokens: []});
      return [before, names(), waiting(),
        board.root.querySelector('.waiting-tokens').getClientRects().length];
    """
    before, names, waiting, boxes = await run("ui/device-board", BOARD + body, given)
    assert before == [["attic", "cellar"], ["any name", "shed"], None]
    assert (names, waiting, boxes) == (["cellar"], [], 0)


async def test_its_buttons_say_what_they_are_about(run: Run) -> None:
    given = {
        "gateways": [samples.gateway()],
        "devices": [samples.device()],
        "tokens": [samples.token("shed", number=1)],
    }
    body = """
      for (const label of ['Remove device attic', 'Withdraw the token for shed'])
        board.root.querySelector(`[aria-label="${label}"]`).click();
      return asked;
    """
    assert await run("ui/device-board", BOARD + body, given) == [
        ["remove", "attic"],
        ["withdraw", "0000000000000001"],
    ]


async def test_what_is_typed_survives_an_update(run: Run) -> None:
    given = {"gateways": [samples.gateway()], "devices": [], "tokens": []}
    body = """
      board.root.querySelector('details').open = true;
      const input = board.root.querySelector('input');
      input.value = 'attic';
      input.focus();
      board.update({...given, tokens: [{id: '2', name: '', expires_at: '2026-01-02T00:00:00Z'}]});
      return [input.value, document.activeElement === input, shown('.none')];
    """
    assert await run("ui/device-board", BOARD + body, given) == [
        "attic",
        True,
        "No device of another site has joined.",
    ]
