"""Streams that are processed here: from the source log through the pipelines and back.

A stream session reads and decodes the source once; each rendition that this worker leads is a lane
with its own upscaler, encoders, logs, lease and watch state. They must not know how frames are
enhanced. Open first: ``session.py``, then ``lane.py``.
"""
