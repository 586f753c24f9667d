"""Measures how viewers are disturbed when a part of the product dies or hangs.

``python -m benchmarks.faults`` prints a table. Owns: the processes that it starts and ends, the
history that viewers write, and its check. Must not know: how the product mends itself.
Open first: ``history.py``.
"""
