"""The life of a stream on this app: who publishes it, who watches it, what is read from Redis.

Owns: publications, tail readers, viewings, their statistics. Must not know: HTTP, aiortc (it
meets peers only through ``app.rtc.publisher`` and ``app.rtc.viewer``).
A publication is ``connecting`` until its first key frame, then ``live``, then ``ended``; it
never goes back. Open first: ``hub.py``.
"""
