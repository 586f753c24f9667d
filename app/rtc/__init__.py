"""WebRTC: the only importer of aiortc and aioice.

Owns: SDP rules, peer sessions, taking coded units in and sending coded units out.
Must not know: HTTP, Redis, streams. Talks to the rest in ``wire.batch.AccessUnit`` terms.
Open first: ``publisher.py`` and ``viewer.py``; the policies they adapt are ``assembler.py``,
``capture_clock.py``, ``send_queue.py`` and ``offer.py``.
"""
