"""Pictures to coded units: one in, one out, at once.

Owns: the encoders, when a key frame is due, levels and rates. Must not know: nets, Redis, who
watches. Open first: ``encoder.py`` (the Protocol and what an encoder is made from), then
``x264.py`` and ``key_frames.py``.
"""
