"""What the coded stream tells about a picture, and what of the last enhanced one can be used again.

Owns: codec information, motion, warping, masks of what changed, packing. Must not know: queues,
Redis, clocks, which net runs. Open first: ``codec_info.py``.
"""
