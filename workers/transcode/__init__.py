"""Files enhanced: the steps of a live stream on their three threads, but never late.

Owns: what a file holds (``source.py``), what of it cannot be kept (``losses.py``), frames made
upright, progressive and 8-bit 4:2:0 (``frames.py``), the target (``output.py``), the work
(``steps.py``, ``job.py``). Must not know: Redis, deadlines. Open first: ``job.py``.
"""
