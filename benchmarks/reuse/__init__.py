"""What reusing the last enhanced picture saves and costs: ``make bench-reuse`` writes
``docs/reuse``.

Start with `methods.py` (what is compared), `material.py` and `coded.py` (on what), `grid.py` (each
method on each stream, frame by frame in turn) and `figures.py` (what follows from that);
`profile.py` says where the time goes, `peak.py` what the core could do, `report.py`, `plots.py` and
`strip.py` write it down.
"""
