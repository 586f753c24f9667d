"""Temporal propagation: what of the last enhanced picture serves again, and where the net must run.

Owns: motion compensation, the state of each cell, selection of regions, blending. Must not know:
queues, Redis, clocks, which net runs. Open first: ``propagator.py``.
"""
