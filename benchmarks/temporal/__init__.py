"""Savings and costs of temporal propagation: ``make bench-temporal`` writes ``docs/temporal``.

Start with `methods.py` (what is compared), `material.py` and `coded.py` (on what), `grid.py` (each
method on each stream, frame by frame in turn) and `figures.py` (what follows from that);
`profile.py` says where the time goes, `peak.py` what the core could do, `report.py`, `plots.py` and
`contact_sheet.py` write it down.
"""
