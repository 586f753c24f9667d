"""The checks and limits that every request passes before it reaches a route.

Owns the limits on connections, heads, bodies and addresses, the checks of ``Host`` and ``Origin``,
the path prefix, preflights, and the headers that every answer carries. Policies are plain classes
without I/O; the adapters are ``asgi.py`` (requests), ``protocol.py`` and ``listener.py``
(connections). Must not know: streams, sessions, SDP. Open first: ``asgi.py``, then ``limits.py``.
"""
