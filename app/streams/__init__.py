"""The life of a stream on this app: who publishes it, and what is read of its logs.

Owns: publishers, ingest sessions, rendition readers and their statistics. Must not know: HTTP,
viewers, aiortc (it meets publishers only through ``app.webrtc.publisher_connection``).
The states of an ingest session stand in ``ingest_state.py``.
Open first: ``publishers.py`` and ``rendition_reader.py``.
"""
