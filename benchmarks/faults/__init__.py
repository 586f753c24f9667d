"""What viewers notice when a part of the product dies: faults, what was seen, and the verdict.

``python -m benchmarks.faults`` prints a table. Owns: the processes that it starts and ends, the
history that viewers write, and its check. Must not know: how the product mends itself.
Open first: ``history.py``.
"""
