"""RTP without sockets: jitter buffer, retransmission, clocks, pacing and the send queue.

Everything here is sans-I/O: packets and times are arguments, and timers are returned as deadlines.
It must not import aiortc (``app.webrtc`` does) or know Redis. Open first: ``jitter_buffer.py``.
"""
