"""A WHIP publisher: pictures and sound in real time to any WHIP server, through FFmpeg's muxer.

Owns: reading a file or drawing a pattern, pacing, encoding, the session. Must not know: the app,
workers, settings. It needs a process of its own: FFmpeg holds the interpreter's lock while it
talks to the server. Open first: ``send.py``, then ``session.py``.
"""
