"""Pushes a rendition of a stream to another server: coded units from the log, out by FFmpeg.

Owns: the target's address, the queue between reading and writing, the muxer, beginning anew. Must
not know: the app's routes, workers. Video is copied; for RTMP sound becomes AAC. Open first:
``session.py``, then ``output.py``.
"""
