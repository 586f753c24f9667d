"""Writes ONNX: the graph around a plain net, and the zoo directory with its manifest.

Knows no torch in `plain` and `graph`: a net arrives as numpy weights. Start with `plain.py` (what
is written), then `graph.py` (how), then `__main__.py` (the command).
"""
