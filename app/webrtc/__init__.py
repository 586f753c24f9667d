"""WebRTC: the only importer of aiortc.

Owns: SDP offers and answers, transports, peers, taking coded units in and sending coded units out.
Must not know: HTTP, Redis, streams. Talks to the rest in ``media.access_unit.AccessUnit`` terms.
Open first: ``publisher_connection.py`` and ``viewer_connection.py``; the policies that they adapt
are in ``app.rtp``.
"""
