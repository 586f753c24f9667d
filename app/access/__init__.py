"""Rights to publish, watch and change streams.

Owns stream keys, view tokens and permissions, and what a token grants; ``policy.py`` decides
without I/O. Must not know: HTTP requests (the adapter is ``app/http/access.py``), sessions, SDP.
Open first: ``policy.py``, then ``key_store.py``.
"""
