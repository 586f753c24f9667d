"""The worker process: calibration at start, the claim loop, limits of the process.

It must not know how a stream is processed; ``workers.session`` does. Open first: ``worker.py``.
"""
