"""The quality of nets on live-coded video: ``make bench-quality`` writes ``docs/quality``.

Start with `methods.py` (what is compared), `scores.py` (how it is judged), `grid.py` (over which
clips, codecs and bit rates) and `uplink.py` (small and enhanced against large, at one bit rate);
`report.py` and `pictures.py` write what they found. `gain.py` alone is the short check.
"""
