"""A process that answers as ``models.tuning`` does, at once; its behaviour is in the model's name.

``python -m tests.workers.tuning.echo_tuner``.
"""

from __future__ import annotations

import os
import sys
import time

from models.tuning.messages import Answer, read_request, write_answer


def main() -> None:
    while (found := read_request(sys.stdin.buffer)) is not None:
        request, body = found
        if request.model == "dies":
            os._exit(3)
        if request.model == "babbles":
            sys.stdout.buffer.write(b"\xff" * 64)
            sys.stdout.buffer.flush()
        if request.model == "hangs":
            time.sleep(600)
        write_answer(
            sys.stdout.buffer, Answer(gain_db=float(len(body)), teacher=f"pid {os.getpid()}")
        )


if __name__ == "__main__":
    main()
