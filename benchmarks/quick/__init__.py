"""Measures in half a minute what this machine can do: nets, encoder and Redis.

Owns: the short measurements, the published figures that ship with the package, the comparison.
Every measurement has a budget of time, and what does not fit is left out and said. Open first:
``command.py``.
"""
