"""Enhancement of files: the steps of a live stream on three threads, without deadlines.

Owns: what a file holds (``source.py``), what of it cannot be kept (``losses.py``), frames made
upright, progressive and 8-bit 4:2:0 (``frames.py``), the target (``output.py``), the work
(``steps.py``, ``job.py``). Must not know: Redis, deadlines. Open first: ``job.py``.
"""
