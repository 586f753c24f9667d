"""A picture twice as large: luma by the net, chroma by bicubic; or both by bicubic.

Owns: padding to what a net takes, cropping, and the cache of compiled nets. Must not know: codecs,
queues, Redis. Open first: ``upscaler.py``, then ``nets.py``.
"""
