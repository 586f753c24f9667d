"""The residual codec of a team's results: ``python -m benchmarks.residual`` prints what it costs.

Start with `material.py` (nets' pictures of coded clips) and `anchors.py` (other ways to send
them); `tables.py` trains the codec's tables.
"""
