"""The int8 form of a plain net: activation ranges from real pictures, and a QDQ graph written by
hand.

Knows nothing of training. Start with ``qdq.py`` (the graph), then ``calibrate.py`` (the numbers in
it).
"""
