"""The quality of nets on live-coded video: ``make bench-quality`` writes ``docs/quality``.

Start with `at_viewer.py` (nets before and after the worker's encode, `viewer_encode.py`) and
`survival.py` (what is left), `uplink.py` and `saving.py` (half the size sent against the full one),
`methods.py` and `grid.py` (every method before the encode); `report.py`, `viewer_report.py` and
`pictures.py` write what they found. Every mean is one of kinds (`models.measure.kinds`).
"""
