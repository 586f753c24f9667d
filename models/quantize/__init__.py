"""The int8 form of a plain net: activation ranges from real pictures, and a QDQ graph written by
hand.

Start with ``qdq.py`` (the graph), then ``calibrate.py`` (the numbers in it) and ``qat.py``
(training with the rounding in the way). Needs no material but decoded pictures.
"""
