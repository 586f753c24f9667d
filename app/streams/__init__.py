"""The life of a stream on this app: who publishes it, who watches it, what is read from Redis.

Owns: publications, tail readers, viewings, their statistics. Must not know: HTTP, aiortc (it
meets peers only through ``app.rtc.publisher`` and ``app.rtc.viewer``).
The states of a publication stand in ``life.py``.
Open first: ``hub.py``.
"""
