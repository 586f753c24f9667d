"""The language between the app and the workers, and nothing else.

Owns: the frame-batch format and its parser, the log on Redis Streams, jobs and leases,
control messages, heartbeats, the embedded server, the settings all processes share.
Must not know: WebRTC, HTTP, pixels, nets. Imports nothing of ours.
Open first: ``PROTOCOL.md`` (the specification), then ``batch.py`` and ``log.py``.
"""
