"""Measures nets on real material: a graph on one core, held-out clips, gain through live encoders.

The exporter writes the results into manifests, and the benchmarks build on the parts. It must not
know workers or engines. ``kinds.py`` says how means are taken. Open first: ``gain.py``, then
``graph_runner.py``.
"""
