from __future__ import annotations

import logging

from workers.engines.tensorrt.logger import MessageLog


def test_only_errors_are_kept_and_only_the_last_ones() -> None:
    messages = MessageLog()
    messages.add(logging.WARNING, "slow")
    for number in range(5):
        messages.add(logging.ERROR, f"error\n  {number}.")
    assert messages.take_errors("none") == "error 2; error 3; error 4."


def test_errors_are_told_once() -> None:
    messages = MessageLog()
    messages.add(logging.ERROR, "out of memory")
    assert messages.take_errors("it gives no reason") == "out of memory."
    assert messages.take_errors("it gives no reason") == "it gives no reason."


def test_a_long_message_is_cut() -> None:
    messages = MessageLog()
    messages.add(logging.ERROR, "x" * 5000)
    assert len(messages.take_errors("")) < 400
