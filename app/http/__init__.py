"""The web surface: WHIP, WHEP, the admin API, pages, health and metrics.

Thin routes: check the request, call the owners of ``AppNode``, shape the answer. Must not know:
aiortc, what is in a packet. Open first: ``server.py`` (what is mounted where), then ``schemas.py``.
"""
