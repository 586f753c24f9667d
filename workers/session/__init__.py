"""One stream that is processed here: from its log in Redis through the pipeline and back.

The session follows the stream's record, feeds the pipeline and publishes what comes out. It must
not know how frames are enhanced. Open first: ``session.py``.
"""
