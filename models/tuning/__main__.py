"""``python -m models.tuning``: answers requests of its standard input on its standard output.

It takes what time nobody else wants, and ends with its input.
"""

from __future__ import annotations

import os
import sys

import torch

from models.tuning.messages import read_request, write_answer
from models.tuning.tuner import Tuner


def main() -> None:
    """Answers until the end of the input."""
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    torch.set_num_threads(1)
    # Whatever a library prints must not land among the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    tuner = Tuner()
    while (found := read_request(sys.stdin.buffer)) is not None:
        write_answer(answers, tuner.answer(*found))


if __name__ == "__main__":
    main()
